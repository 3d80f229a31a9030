// swift-tools-version: 6.1
// SPDX-License-Identifier: GPL-2.0-only
import PackageDescription

let package = Package(
    name: "bandwidth",
    products: [.executable(name: "bandwidth", targets: ["BandwidthProgram"])],
    dependencies: [.package(name: "sched-proto", path: "../..")],
    targets: [
        // The policy and nothing else: the plugin reads bandwidth.yaml, and compiles it and bandwidth.h.
        // Optimised in debug builds as well: the comparison decides millions of events.
        .target(
            name: "Bandwidth",
            dependencies: [.product(name: "SchedProto", package: "sched-proto")],
            swiftSettings: [.unsafeFlags(["-O"])],
            plugins: [.plugin(name: "PolicyInKernel", package: "sched-proto")]),
        .executableTarget(
            name: "BandwidthProgram",
            dependencies: ["Bandwidth", .product(name: "SchedProtoProgram", package: "sched-proto")]),
        .testTarget(
            name: "BandwidthTests",
            dependencies: ["Bandwidth", .product(name: "SchedProto", package: "sched-proto")]),
    ]
)
