// swift-tools-version: 6.1
// SPDX-License-Identifier: GPL-2.0-only
import PackageDescription

let package = Package(
    name: "own-policy",
    dependencies: [.package(name: "sched-proto", path: "../..")],
    targets: [
        .target(
            name: "RoundRobin",
            dependencies: [.product(name: "SchedProto", package: "sched-proto")],
            plugins: [.plugin(name: "PolicyInKernel", package: "sched-proto")]),
        .executableTarget(
            name: "own-policy",
            dependencies: ["RoundRobin", .product(name: "SchedProto", package: "sched-proto")]),
        .testTarget(
            name: "RoundRobinTests",
            dependencies: ["RoundRobin", .product(name: "SchedProto", package: "sched-proto")]),
    ]
)
