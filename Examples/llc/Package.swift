// swift-tools-version: 6.1
// SPDX-License-Identifier: GPL-2.0-only
import PackageDescription

let package = Package(
    name: "llc",
    products: [.executable(name: "llc", targets: ["LlcProgram"])],
    dependencies: [.package(name: "sched-proto", path: "../..")],
    targets: [
        // The policy and nothing else: the plugin reads llc.yaml, and compiles it and llc.h.
        // Optimised in debug builds as well: the comparison decides millions of events.
        .target(
            name: "Llc",
            dependencies: [.product(name: "SchedProto", package: "sched-proto")],
            swiftSettings: [.unsafeFlags(["-O"])],
            plugins: [.plugin(name: "PolicyInKernel", package: "sched-proto")]),
        .executableTarget(
            name: "LlcProgram",
            dependencies: ["Llc", .product(name: "SchedProtoProgram", package: "sched-proto")]),
        .testTarget(
            name: "LlcTests",
            dependencies: ["Llc", .product(name: "SchedProto", package: "sched-proto")]),
    ]
)
