// swift-tools-version: 6.1
// SPDX-License-Identifier: GPL-2.0-only
import PackageDescription

// Apart from the program's own package, since it builds with -sanitize=fuzzer alone: scripts/fuzz.sh.
let settings: [SwiftSetting] = [.swiftLanguageMode(.v6), .unsafeFlags(["-warnings-as-errors"])]

let package = Package(
    name: "sched-proto-fuzz",
    dependencies: [.package(name: "sched-proto", path: "..")],
    targets: [
        .systemLibrary(name: "CFuzzer"),
        .executableTarget(
            name: "fuzz-trace",
            dependencies: ["CFuzzer", .product(name: "SchedProto", package: "sched-proto")],
            swiftSettings: settings),
        .executableTarget(
            name: "fuzz-description",
            dependencies: ["CFuzzer", .product(name: "SchedProto", package: "sched-proto")],
            swiftSettings: settings),
    ]
)
