// swift-tools-version: 6.1
// SPDX-License-Identifier: GPL-2.0-only
import PackageDescription

let package = Package(
    name: "lottery",
    products: [.executable(name: "lottery", targets: ["LotteryProgram"])],
    dependencies: [.package(name: "sched-proto", path: "../..")],
    targets: [
        // The policy and nothing else: the plugin reads lottery.yaml, and compiles it and lottery.h.
        // Optimised in debug builds as well: the comparison decides millions of events.
        .target(
            name: "Lottery",
            dependencies: [.product(name: "SchedProto", package: "sched-proto")],
            swiftSettings: [.unsafeFlags(["-O"])],
            plugins: [.plugin(name: "PolicyInKernel", package: "sched-proto")]),
        .executableTarget(
            name: "LotteryProgram",
            dependencies: ["Lottery", .product(name: "SchedProtoProgram", package: "sched-proto")]),
        .testTarget(
            name: "LotteryTests",
            dependencies: ["Lottery", .product(name: "SchedProto", package: "sched-proto")]),
    ]
)
