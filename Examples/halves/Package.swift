// swift-tools-version: 6.1
// SPDX-License-Identifier: GPL-2.0-only
import PackageDescription

let package = Package(
    name: "halves",
    products: [.executable(name: "halves", targets: ["HalvesProgram"])],
    dependencies: [.package(name: "sched-proto", path: "../..")],
    targets: [
        // The policy and nothing else: the plugin reads halves.yaml, and compiles it and halves.h.
        // Optimised in debug builds as well: the comparison decides millions of events.
        .target(
            name: "Halves",
            dependencies: [.product(name: "SchedProto", package: "sched-proto")],
            swiftSettings: [.unsafeFlags(["-O"])],
            plugins: [.plugin(name: "PolicyInKernel", package: "sched-proto")]),
        .executableTarget(
            name: "HalvesProgram",
            dependencies: ["Halves", .product(name: "SchedProtoProgram", package: "sched-proto")]),
        .testTarget(
            name: "HalvesTests",
            dependencies: ["Halves", .product(name: "SchedProto", package: "sched-proto")]),
    ]
)
