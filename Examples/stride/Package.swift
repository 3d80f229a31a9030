// swift-tools-version: 6.1
// SPDX-License-Identifier: GPL-2.0-only
import PackageDescription

let package = Package(
    name: "stride",
    products: [.executable(name: "stride", targets: ["StrideProgram"])],
    dependencies: [.package(name: "sched-proto", path: "../..")],
    targets: [
        // The policy and nothing else: the plugin reads stride.yaml, and compiles it and stride.h.
        // Optimised in debug builds as well: the comparison decides millions of events.
        .target(
            name: "Stride",
            dependencies: [.product(name: "SchedProto", package: "sched-proto")],
            swiftSettings: [.unsafeFlags(["-O"])],
            plugins: [.plugin(name: "PolicyInKernel", package: "sched-proto")]),
        .executableTarget(
            name: "StrideProgram",
            dependencies: ["Stride", .product(name: "SchedProtoProgram", package: "sched-proto")]),
        .testTarget(
            name: "StrideTests",
            dependencies: ["Stride", .product(name: "SchedProto", package: "sched-proto")]),
    ]
)
