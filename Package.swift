// swift-tools-version: 6.1
// SPDX-License-Identifier: GPL-2.0-only
import PackageDescription

/// Whether this is what SwiftPM fetched for a package that depends on this one by a version: it refuses compiler
/// flags there. Then a debug build of the harness is a slow one (`-c release` is not), and warnings are warnings.
let isFetched =
    Context.packageDirectory.split(separator: "/").dropLast().suffix(2) == [".build", "checkouts"]

func flags(_ flags: [String]) -> [SwiftSetting] { isFetched ? [] : [.unsafeFlags(flags)] }
func cFlags(_ flags: [String]) -> [CSetting] { isFetched ? [] : [.unsafeFlags(flags)] }

/// Warnings are errors in our own code, never in that of a package we depend on.
let strict: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("ExistentialAny"),
    ] + flags(["-warnings-as-errors"])

/// The policy, the harness that compares its executions, and the loop that schedules are optimised in debug builds
/// as well: `make run` has one, and tens of millions of decisions belong to every run of the tests. Whole
/// modules, since an incremental build does not notice that the body of an inlined function of another
/// module has changed, and the harness would compare the policy of before.
let optimised: [SwiftSetting] = strict + flags(["-O", "-wmo", "-num-threads", "2"])

/// What a program is linked with and no module imports, so that an edit of a rule in C, which changes both,
/// compiles no Swift module of ours again: whoever depends on a C target is compiled with it.
let linked: [Target.Dependency] = ["CPolicy", "ShippedBPF"]

let package = Package(
    name: "sched-proto",
    products: [
        .executable(name: "sched-proto", targets: ["sched-proto"]),
        .library(name: "PolicyModel", targets: ["PolicyModel"]),
        // What a package with a policy of its own needs; Examples/own-policy is one.
        .library(
            name: "SchedProto",
            targets: [
                "CSchedProto", "PolicyModel", "PolicyText", "KernelLink", "Conformance", "Session", "Output",
                "Pairs", "CPolicy", "ShippedBPF",
            ]),
        // The command line for a pair's program. Apart, since it counts allocations: no library does that to
        // somebody else's program.
        .library(name: "SchedProtoProgram", targets: ["Commands", "CAllocations"]),
        .plugin(name: "PolicyInKernel", targets: ["PolicyInKernel"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
    ],
    targets: [
        // The shared header.
        .target(
            name: "CSchedProto",
            path: "bpf",
            sources: ["shared_header.c"],
            publicHeadersPath: ".",
            cSettings: cFlags(["-O2", "-Wall", "-Wextra", "-Werror"])),
        // The C policy compiled natively.
        .target(
            name: "CPolicy",
            cSettings: [.headerSearchPath("../../bpf")]
                + cFlags(["-O2", "-fno-modules", "-Wall", "-Wextra", "-Werror"])),
        .systemLibrary(
            name: "CLibbpf",
            path: "Sources/CLibbpf",
            pkgConfig: "libbpf",
            providers: [.apt(["libbpf-dev"])]),

        .systemLibrary(name: "CSystem", path: "Sources/CSystem"),
        // Counts a thread's allocations: for programs and tests only, since it stands before malloc.
        .target(
            name: "CAllocations",
            cSettings: cFlags(["-O2", "-fno-builtin", "-Wall", "-Wextra", "-Werror"])),

        // What is printed: quoting, JSON, and streams that nobody reads.
        .target(name: "Output", dependencies: ["CSystem"], swiftSettings: strict),

        // Policy: pure, no I/O, clock or randomness.
        .target(
            name: "PolicyModel",
            dependencies: ["CSchedProto"],
            exclude: [
                "Shipped/POLICY.md", "Shipped/policy.schema.json", "Shipped/Properties", "Shipped/traces",
            ],
            swiftSettings: optimised,
            plugins: ["BuildBPF"]),

        // The BPF objects travel inside the binary.
        .target(name: "ShippedBPF", swiftSettings: strict, plugins: ["BuildBPF"]),
        .target(name: "SwiftToBPF", swiftSettings: optimised),
        // What the author of a pair declares, and the C and Swift that are made of it.
        .target(
            name: "Declarations",
            dependencies: ["Output", .product(name: "Yams", package: "Yams")],
            swiftSettings: strict),
        // How the plugins' tools compile policies and BPF programs.
        .target(name: "BPFBuild", dependencies: ["SwiftToBPF"], swiftSettings: strict),
        .executableTarget(name: "build-bpf", dependencies: ["BPFBuild"], swiftSettings: strict),
        .plugin(name: "BuildBPF", capability: .buildTool(), dependencies: ["build-bpf"]),
        // For packages with a policy of their own. Apart from the tool of this package, which waits for nothing
        // that declarations are read with.
        .executableTarget(
            name: "build-pair", dependencies: ["BPFBuild", "SwiftToBPF", "Declarations"],
            swiftSettings: strict),
        .plugin(name: "PolicyInKernel", capability: .buildTool(), dependencies: ["build-pair"]),
        .target(
            name: "KernelLink",
            dependencies: ["CLibbpf", "CSchedProto", "CSystem", "PolicyModel", "Output", "SwiftToBPF"],
            swiftSettings: optimised),

        // Descriptions: YAML in and out, and the ones that ship.
        .target(
            name: "PolicyText",
            dependencies: [
                "PolicyModel", "CSchedProto", "CSystem", "Output", .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: strict,
            plugins: ["BuildBPF"]),

        // The proof: traces, four executions, the first divergence.
        .target(
            name: "Conformance",
            dependencies: ["PolicyModel", "CSchedProto", "KernelLink", "Output"],
            swiftSettings: optimised),

        // The proof for all inputs: a policy's step as terms, from LLVM IR and from BPF machine code. It knows
        // no policy, so that a change of one does not compile it again.
        .target(
            name: "Prove",
            dependencies: ["CSchedProto", "CSystem", "SwiftToBPF"],
            swiftSettings: optimised),

        // What it is told of a policy: the ranges of parameters, and all that is to be the same.
        .target(
            name: "ProofSubjects", dependencies: ["PolicyText", "Prove", "SwiftToBPF"], swiftSettings: strict),

        // What of ours is proven: the executions as LLVM IR, and what has no twin yet.
        .target(
            name: "PolicyProof",
            dependencies: [
                "CSchedProto", "KernelLink", "PolicyModel", "PolicyText", "ProofSubjects", "Prove",
            ],
            path: "Sources/PolicyModel/Shipped/Properties",
            swiftSettings: strict,
            plugins: ["BuildBPF"]),

        // The kernel's side in a model, with the real backends compiled for this machine.
        .target(
            name: "CSimKernel",
            dependencies: ["CSchedProto"],
            exclude: ["standin"],
            cSettings: [
                .headerSearchPath("standin"), .headerSearchPath("../../bpf"), .headerSearchPath("."),
            ]
                + cFlags([
                    "-O2", "-fno-modules", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter",
                    "-Wno-sign-compare", "-Wno-unused-function", "-Wno-unknown-attributes",
                    "-Wno-ignored-attributes",
                ])),
        .target(
            name: "Simulation",
            dependencies: [
                "CSimKernel", "CSchedProto", "PolicyModel", "PolicyText", "KernelLink", "UserMode",
                "Conformance", "Output",
            ],
            swiftSettings: optimised),

        // The two modes, and what both need around them.
        .target(
            name: "UserMode",
            dependencies: ["PolicyModel", "CSchedProto", "CLibbpf", "CSystem", "KernelLink"],
            swiftSettings: optimised),
        .target(
            name: "BPFMode",
            dependencies: ["PolicyModel", "CSchedProto", "KernelLink"],
            swiftSettings: strict),
        .target(
            name: "Session",
            dependencies: [
                "PolicyModel", "CSchedProto", "CSystem", "KernelLink", "UserMode", "BPFMode", "Output",
            ],
            swiftSettings: strict),
        // A policy of somebody's own, of two twins, with all that is made of it.
        .target(
            name: "Pairs",
            dependencies: [
                "CSchedProto", "PolicyModel", "PolicyText", "KernelLink", "Conformance", "ProofSubjects",
                "Prove", "Session", "SwiftToBPF",
            ],
            swiftSettings: strict),
        // Wrong versions of sources, made mechanically, and what they are built and judged with.
        .target(
            name: "Mutation", dependencies: ["CSchedProto", "Conformance", "PolicyModel"],
            swiftSettings: strict),
        // The command line, of sched-proto and of the programs of pairs.
        .target(
            name: "Commands",
            dependencies: [
                "CSchedProto", "PolicyModel", "PolicyText", "KernelLink", "UserMode", "BPFMode",
                "Conformance", "ProofSubjects", "Prove",
                "Session", "Output", "CSystem", "Pairs", "Mutation", "Declarations", "BPFBuild", "SwiftToBPF",
                "Simulation",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "sched-proto",
            dependencies: [
                "Commands", "PolicyModel", "PolicyText", "KernelLink", "UserMode", "BPFMode", "Conformance",
                "Session", "Output", "CSystem", "CAllocations", "PolicyProof", "ProofSubjects",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ] + linked,
            swiftSettings: strict,
            plugins: ["BuildBPF"]),

        .executableTarget(
            name: "bench-conformance",
            dependencies: [
                "CSchedProto", "Conformance", "PolicyText", "PolicyModel", "UserMode",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ] + linked,
            swiftSettings: strict),

        // Wrong twins and wrong mechanisms, which the harness and the simulated kernel have to reject.
        // The wrong mechanisms are libraries, which call the simulated kernel of this program.
        .executableTarget(
            name: "mutants",
            dependencies: [
                "CSchedProto", "Conformance", "Mutation", "PolicyText", "PolicyProof", "Prove", "Simulation",
                "SwiftToBPF",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ] + linked,
            swiftSettings: strict,
            linkerSettings: isFetched ? [] : [.unsafeFlags(["-Xlinker", "--export-dynamic"])]),

        .testTarget(
            name: "PolicyModelTests",
            dependencies: ["PolicyModel", "CSchedProto"],
            swiftSettings: strict),
        .testTarget(
            name: "PolicyTextTests",
            dependencies: ["PolicyText", "PolicyModel", "CSchedProto", "Output"],
            swiftSettings: strict),
        .testTarget(
            name: "KernelLinkTests",
            dependencies: ["KernelLink", "CLibbpf", "Output", "SwiftToBPF"] + linked,
            swiftSettings: strict),
        .testTarget(
            name: "ConformanceTests",
            dependencies: [
                "Conformance", "PolicyText", "PolicyModel", "CSchedProto", "KernelLink", "Output",
                "build-bpf",
                "build-pair",
            ],
            path: "Tests/Conformance",
            exclude: ["record-corpus.sh"],
            swiftSettings: strict),
        .testTarget(
            name: "SimulationTests",
            dependencies: [
                "Simulation", "CSimKernel", "PolicyText", "PolicyModel", "CSchedProto", "KernelLink",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "DeclarationTests", dependencies: ["CSchedProto", "Declarations"], swiftSettings: strict),
        .testTarget(name: "SwiftToBPFTests", dependencies: ["SwiftToBPF"], swiftSettings: strict),
        .testTarget(
            name: "ProofTests",
            dependencies: [
                "Prove", "PolicyProof", "Conformance", "PolicyText", "PolicyModel", "CSchedProto",
                "KernelLink", "SwiftToBPF",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "OutputTests",
            dependencies: ["Output"],
            swiftSettings: strict),
        .testTarget(
            name: "SessionTests",
            dependencies: [
                "Session", "Output", "KernelLink", "UserMode", "PolicyModel", "CSchedProto", "CSystem",
                "CAllocations",
            ],
            swiftSettings: strict),
    ]
)
