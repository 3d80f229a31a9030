// swift-tools-version: 6.1
// SPDX-License-Identifier: GPL-2.0-only
import PackageDescription

let package = Package(
    name: "layers",
    products: [.executable(name: "layers", targets: ["LayersProgram"])],
    dependencies: [.package(name: "sched-proto", path: "../..")],
    targets: [
        // The policy and nothing else: the plugin reads layers.yaml, and compiles it and layers.h.
        // Optimised in debug builds as well: the comparison decides millions of events.
        .target(
            name: "Layers",
            dependencies: [.product(name: "SchedProto", package: "sched-proto")],
            swiftSettings: [.unsafeFlags(["-O"])],
            plugins: [.plugin(name: "PolicyInKernel", package: "sched-proto")]),
        .executableTarget(
            name: "LayersProgram",
            dependencies: ["Layers", .product(name: "SchedProtoProgram", package: "sched-proto")]),
        .testTarget(
            name: "LayersTests",
            dependencies: ["Layers", .product(name: "SchedProto", package: "sched-proto")]),
    ]
)
