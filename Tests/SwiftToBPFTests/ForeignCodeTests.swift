// SPDX-License-Identifier: GPL-2.0-only
import SwiftToBPF
import Testing

/// What BPF has nothing for is named in the author's words, where the author wrote it. The IR is as clang's
/// optimiser leaves it; that this is what Swift's compiler makes is tested with `SwiftRefusalTests`.
@Suite struct ForeignCodeTests {
    /// `!10` is in the author's line 26, `!12` in a function of the library's, `!14`, `!16` and `!18` in functions of
    /// the standard library that are called in lines 27, 28 and 29, `!20` in a C program.
    private func ir(_ body: String) -> String {
        """
        %Ts6UInt64V = type <{ i64 }>
        %"Ts11InlineArrayVy$99_s6UInt64VG" = type <{ [100 x %Ts6UInt64V] }>

        define internal range(i64 0, 2) i64 @decide_one(i32 noundef %0, ptr noundef %1) #0 !dbg !4 {
        \(body)
          ret i64 0, !dbg !20
        }

        declare void @arc4random_buf(ptr, i64) #1

        !1 = !DIFile(filename: "/mine/Mine.swift", directory: "/")
        !2 = !DIFile(filename: "<compiler-generated>", directory: "")
        !3 = !DIFile(filename: "/library/Policy.swift", directory: "/")
        !4 = distinct !DISubprogram(name: "decide_one", scope: !30, file: !30, line: 5)
        !5 = distinct !DISubprogram(name: "enqueue", linkageName: "$e11PolicyModel4MineV7enqueue", scope: !1, file: !1)
        !6 = !DILexicalBlock(scope: !5, file: !1, line: 20, column: 1)
        !7 = distinct !DISubprogram(name: "decide", linkageName: "$e11PolicyModel6decide", scope: !3, file: !3)
        !8 = distinct !DISubprogram(linkageName: "swift_release", scope: !2, file: !2)
        !10 = !DILocation(line: 26, column: 30, scope: !6, inlinedAt: !12)
        !11 = !DILocation(line: 26, column: 12, scope: !6, inlinedAt: !12)
        !12 = !DILocation(line: 56, column: 24, scope: !7, inlinedAt: !20)
        !13 = distinct !DISubprogram(name: "append", linkageName: "$eSa6appendyyxnFs6UInt64V_Tg5", scope: !2, file: !2)
        !14 = !DILocation(line: 0, scope: !8, inlinedAt: !15)
        !15 = !DILocation(line: 0, scope: !13, inlinedAt: !21)
        !16 = !DILocation(line: 0, scope: !17, inlinedAt: !22)
        !17 = distinct !DISubprogram(name: "init", linkageName: "$eSh12arrayLiteralShyxGxd_tcfC", scope: !2, file: !2)
        !18 = !DILocation(line: 0, scope: !19, inlinedAt: !23)
        !19 = distinct !DISubprogram(name: "random", linkageName: "$es17FixedWidthIntegerPsE6random", scope: !2, file: !2)
        !20 = !DILocation(line: 57, column: 13, scope: !4)
        !21 = !DILocation(line: 27, column: 9, scope: !5, inlinedAt: !12)
        !22 = !DILocation(line: 28, column: 9, scope: !5, inlinedAt: !12)
        !23 = !DILocation(line: 29, column: 9, scope: !5, inlinedAt: !12)
        !30 = !DIFile(filename: "/bpf/policy_probe.bpf.c", directory: "/")
        """
    }

    private func said(_ body: String) -> [String] {
        ForeignCode(in: ir(body), authors: ["/mine/Mine.swift"], others: ["/library/Policy.swift"])
            .constructs.map(\.description)
    }

    @Test(arguments: [
        ("%2 = fmul double %1, 1.5", "floating-point numbers", "a scale"),
        ("%2 = call double @llvm.sqrt.f64(double %1)", "floating-point numbers", "a scale"),
        ("%2 = call double @sqrt(double %1)", "floating-point numbers", "a scale"),
        ("%2 = fptoui float %1 to i64", "floating-point numbers", "a scale"),
        ("%2 = mul nuw nsw i128 %1, %0", "a product of 128 bits", "halves of 32 bits"),
        ("%2 = udiv i128 %1, %0", "a quotient of 128 bits", "64 bits"),
        (
            "%2 = tail call { i64, i1 } @llvm.umul.with.overflow.i64(i64 %1, i64 3)",
            "a product of 64 bits with a check", "&*"
        ),
        ("%2 = sdiv i64 %1, 3", "a signed division", "magnitude"),
        ("%2 = srem i32 %1, %0", "a signed division", "magnitude"),
        ("%2 = call i64 %1(i64 3, ptr null) #6", "chosen at run time", "'switch'"),
        ("%2 = call i32 @putchar(i32 10)", "print", "leave it out"),
        ("call void @arc4random_buf(ptr %1, i64 8)", "random numbers", "the event"),
        ("call void @somebody(ptr %1, i64 8)", "'somebody', which the kernel does not have", "write it out"),
        (
            "call void @llvm.memmove.p0.p0.i64(ptr align 1 %1, ptr align 1 %2, i64 %3, i1 false)",
            "filled or copied", "a loop"
        ),
        (
            "call void @llvm.memset.p0.i64(ptr align 1 %1, i8 0, i64 256, i1 false)", "filled or copied",
            "a loop"
        ),
        ("%2 = alloca i8, i64 %1, align 16", "of a size that is no number", "smaller"),
    ])
    func isNamedInItsLine(instruction: String, what: String, instead: String) {
        let said = said("  \(instruction), !dbg !10")
        #expect(said.count == 1)
        #expect(said.first?.hasPrefix("/mine/Mine.swift:26:30: ") == true, "\(said)")
        #expect(said.first?.contains(what) == true, "\(said)")
        #expect(said.first?.contains(instead) == true, "\(said)")
    }

    /// What clang does make BPF of is not named beside what it does not.
    @Test(arguments: [
        "%2 = sdiv i64 %1, 4", "%2 = udiv i64 %1, 3", "%2 = mul i64 %1, %0", "%2 = zext i64 %1 to i128",
        "%2 = call { i64, i1 } @llvm.umul.with.overflow.i64(i64 %1, i64 8)",
        "%2 = call { i64, i1 } @llvm.uadd.with.overflow.i64(i64 %1, i64 3)",
        "call void @llvm.memset.p0.i64(ptr noundef nonnull align 8 dereferenceable(40) %1, i8 0, i64 40, i1 false)",
        "%2 = call ptr inttoptr (i64 1 to ptr)(ptr noundef nonnull @events, ptr noundef nonnull %3)",
        "call void asm sideeffect \"call 1000001\", \"\"()", "%2 = alloca i64, align 8",
        "call void @bpf_spin_lock(ptr %1)", "%2 = call range(i64 0, 9) i64 @llvm.ctpop.i64(i64 %1)",
    ])
    func whatBPFHasIsNot(instruction: String) {
        #expect(said("  \(instruction), !dbg !10").isEmpty)
    }

    /// The C programs are not the author's, and have no such thing.
    @Test func whatIsInNoSourceIsNot() {
        #expect(said("  %2 = fmul double %1, 1.5, !dbg !20\n  %3 = fmul double %1, 1.5").isEmpty)
    }

    /// Each line once, from its first column on; all lines.
    @Test func allAreListed() {
        let said = said(
            """
              %2 = fmul double %1, 1.5, !dbg !10
              %3 = fadd double %2, 1.5, !dbg !11
              %4 = sdiv i64 %0, 3, !dbg !10
              call void @arc4random_buf(ptr %1, i64 8), !dbg !18
              %5 = fadd double %2, 1.5, !dbg !12
            """)
        #expect(
            said.map { String($0.prefix(30)) } == [
                "/mine/Mine.swift:26:12: floati", "/mine/Mine.swift:26:30: a sign",
                "/mine/Mine.swift:29:9: random ",
            ])
    }

    /// Of the library's own places only where there is nothing of the author's.
    @Test func theLibraryIsTheLast() {
        let said = said("  %5 = fadd double %2, 1.5, !dbg !12")
        #expect(said.first?.hasPrefix("/library/Policy.swift:56:24: floating") == true)
    }

    /// What has no line of its own is in a function of the author's: only where nothing has.
    @Test func aFunctionIsBetterThanNothing() {
        let release = "  %2 = load atomic i64, ptr %1 monotonic, align 8, !dbg !32"
        let lines =
            "\n!32 = !DILocation(line: 0, scope: !33, inlinedAt: !12)"
            + "\n!33 = distinct !DISubprogram(name: \"running\", scope: !1, file: !1, line: 24)"
        func said(_ body: String) -> [String] {
            ForeignCode(
                in: ir(body) + lines, authors: ["/mine/Mine.swift"], others: ["/library/Policy.swift"]
            ).constructs.map(\.description)
        }
        #expect(said(release).first?.hasPrefix("/mine/Mine.swift:24:1: memory of the heap") == true)
        let both = said(release + "\n  %3 = fadd double %2, 1.5, !dbg !11")
        #expect(both.count == 1)
        #expect(both.first?.hasPrefix("/mine/Mine.swift:26:12: floating") == true)
    }

    /// Atomic counts of references, and what is called when the last one goes, are an array's or a set's.
    @Test func collectionsAreNamed() {
        let said = said(
            """
              %2 = load atomic i64, ptr %1 monotonic, align 8, !dbg !14
              call void %2(ptr noundef %1) #16, !dbg !14
              %3 = cmpxchg ptr %1, i64 0, i64 1 monotonic monotonic, align 8, !dbg !16
              call void @arc4random_buf(ptr %1, i64 8), !dbg !16
            """)
        #expect(said.count == 2)
        #expect(said.first?.hasPrefix("/mine/Mine.swift:27:9: an array that grows;") == true)
        #expect(said.last?.hasPrefix("/mine/Mine.swift:28:9: a Set;") == true)
    }

    @Test func aLargeVariableIsNamedWhereItIsUsed() {
        let said = said(
            """
              %12 = alloca i64, align 8
              %1 = alloca %"Ts11InlineArrayVy$99_s6UInt64VG", align 8
              call void @llvm.lifetime.start.p0(i64 800, ptr nonnull %1), !dbg !12
              store i64 0, ptr %12, align 8, !dbg !11
              call void @llvm.memset.p0.i64(ptr align 8 dereferenceable(800) %1, i8 0, i64 800, i1 false), !dbg !10
            """)
        #expect(said.count == 1)
        #expect(said.first?.hasPrefix("/mine/Mine.swift:26:30: a variable of 800 bytes") == true, "\(said)")
    }

    @Test func recursionIsNamed() {
        let body = """
              %2 = call fastcc i64 @"$e11PolicyModel3fibys6UInt64VADF"(i64 %1), !dbg !10
              ret i64 %2
            }

            define internal fastcc i64 @"$e11PolicyModel3fibys6UInt64VADF"(i64 %0) #4 !dbg !5 {
              %2 = tail call fastcc i64 @"$e11PolicyModel3fibys6UInt64VADF"(i64 %1), !dbg !31
            """
        let text = ir(body) + "\n!31 = !DILocation(line: 38, column: 47, scope: !5)"
        let said = ForeignCode(in: text, authors: ["/mine/Mine.swift"]).constructs.map(\.description)
        #expect(said.count == 1)
        #expect(said.first?.hasPrefix("/mine/Mine.swift:38:47: recursion ('fib'") == true, "\(said)")
    }

    @Test func whatIsNoIRSaysNothing() {
        #expect(ForeignCode(in: "", authors: []).constructs.isEmpty)
        #expect(
            ForeignCode(in: "  call @\"\n  %x = alloca\n  %1 = alloca [9 x\n", authors: ["x"]).constructs
                .isEmpty)
        #expect(SourceLines([]) == nil)
        #expect(SourceLines([UInt8](repeating: 0xff, count: 4096)) == nil)
    }
}
