// SPDX-License-Identifier: GPL-2.0-only
import SwiftToBPF
import Testing

/// What is assumed of the IR that Swift's compiler writes. Each assumption that a new compiler breaks has to
/// be refused by name: what is rewritten is text.
@Suite struct PolicyIRTests {
    static let triple = "x86_64-unknown-none-elf"
    static let layout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
    static let bpf = PolicyIR.Target(
        triple: "bpf", layout: "e-m:e-p:64:64-i64:64-i128:128-n32:64-S128")

    private func ir(
        triple: String = triple, layout: String = layout, body: String = "  ret i64 %0",
        head: String = "define protected swiftcc i64 @\"$rule\"(i64 %0, ptr swiftself %1) #0 !dbg !4 {"
    ) -> String {
        """
        ; ModuleID = 'policy.ll'
        target datalayout = "\(layout)"
        target triple = "\(triple)"
        @llvm.used = appending global [1 x ptr] [ptr @_swift_exceptionPersonality], section "llvm.metadata"

        define protected void @entry(ptr %0) #0 !dbg !4 {
        entry:
          %1 = call swiftcc i64 @"$rule"(i64 3, ptr swiftself %0) #2, !dbg !8
          ret void
        }

        \(head)
        entry:
        \(body)
        }

        define protected swiftcc void @elsewhere() #0 !dbg !4 {
        entry:
          call void @swift_release(ptr null), !dbg !8
          ret void
        }

        declare void @llvm.trap() #1

        attributes #0 = { noinline nounwind sspreq "frame-pointer"="all" "target-cpu"="x86-64" }
        attributes #1 = { cold noreturn nounwind memory(inaccessiblemem: write) }
        attributes #2 = { noinline }

        !llvm.linker.options = !{}
        !2 = !DIFile(filename: "/policy/Rule.swift", directory: "/policy")
        !3 = !DIFile(filename: "<compiler-generated>", directory: "")
        !4 = distinct !DISubprogram(name: "rule", scope: !2, file: !2, line: 5, unit: !0)
        !5 = distinct !DISubprogram(name: "Swift runtime failure: arithmetic overflow", scope: !3, file: !3, unit: !0)
        !6 = distinct !DISubprogram(name: "+", scope: !3, file: !3, unit: !0)
        !7 = !DILocation(line: 0, scope: !5, inlinedAt: !8)
        !8 = !DILocation(line: 62, column: 12, scope: !4)
        !9 = !DILocation(line: 7, column: 3, scope: !6, inlinedAt: !8)
        """
    }

    private func retargeted(_ ir: String) throws(PolicyIR.Refusal) -> PolicyIR {
        try PolicyIR(
            ir, compiledFor: Self.triple, bpf: Self.bpf, sources: ["/policy/Rule.swift"], exports: ["entry"])
    }

    @Test func theTargetBecomesBPFs() throws {
        let policy = try retargeted(ir())
        #expect(PolicyIR.Target(of: policy.text) == Self.bpf)
        #expect(!policy.text.contains("x86_64"))
        #expect(!policy.text.contains("@llvm.used"))
        #expect(!policy.text.contains("!llvm.linker.options"))
        #expect(policy.traps.isEmpty)
    }

    @Test func noConventionIsLeft() throws {
        let text = try retargeted(ir()).text
        #expect(text.contains("define protected i64 @\"$rule\"(i64 %0, ptr %1) #0"))
        #expect(text.contains("%1 = call i64 @\"$rule\"(i64 3, ptr %0) #2"))
    }

    @Test func allFunctionsAreInlinedAndOfNoMachine() throws {
        let text = try retargeted(ir()).text
        #expect(text.contains("attributes #0 = { nounwind alwaysinline }"))
        #expect(text.contains("attributes #1 = { cold noreturn memory(inaccessiblemem: write) nounwind }"))
        #expect(text.contains("attributes #2 = { nounwind }"))
    }

    @Test func aTrapHasItsNumberAndItsPlace() throws {
        let trap = """
              call void asm sideeffect "", "n"(i32 0), !dbg !8
              call void @llvm.trap(), !dbg !7
              unreachable, !dbg !7
            """
        let policy = try retargeted(ir(body: trap))
        #expect(policy.traps.map(\.number) == [PolicyIR.firstTrap])
        #expect(policy.traps.first?.place == SourcePlace(file: "/policy/Rule.swift", line: 62, column: 12))
        #expect(policy.traps.first?.failure == "arithmetic overflow")
        #expect(policy.text.contains("call void asm sideeffect \"call 1000000\", \"\"(), !dbg !7"))
        // For `unreachable` LLVM 21 would call a function that few kernels have.
        #expect(!policy.text.contains("unreachable"))
        #expect(!policy.text.contains("@llvm.trap(), "))
    }

    /// The line shown is the author's, not the standard library's.
    @Test func aPlaceIsInTheSources() throws {
        let policy = try retargeted(
            ir(body: "  call void @llvm.trap(), !dbg !9\n  unreachable, !dbg !9"))
        #expect(policy.traps.first?.place?.description == "/policy/Rule.swift:62:12")
        #expect(policy.traps.first?.failure == "a trap")
    }

    /// Only of functions that the programs come to.
    @Test func usesAreOfWhatIsReached() throws {
        let policy = try retargeted(ir(body: "  call void @memset(ptr %1), !dbg !8\n  ret i64 %0"))
        #expect(policy.uses(of: "memset").map(\.line) == [62])
        #expect(policy.usesOfRuntime.isEmpty)
        #expect(policy.indirectCalls.isEmpty)
        let other = try retargeted(ir(body: "  %2 = call swiftcc i64 %1(i64 %0), !dbg !8\n  ret i64 %2"))
        #expect(other.indirectCalls.map(\.line) == [62])
    }

    @Test func anotherTargetIsRefused() {
        #expect(throws: PolicyIR.Refusal.noTarget) { try retargeted("define void @x() #0 {\n}\n") }
        #expect(
            throws: PolicyIR.Refusal.otherTarget(found: "armv7-none-none-eabi", expected: Self.triple)
        ) { try retargeted(ir(triple: "armv7-none-none-eabi")) }
    }

    @Test(arguments: [
        "e-m:e-i64:32-i128:128-n8:16:32:64-S128", "E-m:e-i64:64-i128:128-n8:16:32:64-S128",
        "e-m:e-i64:64-n8:16:32:64-S128", "e-m:e-p:32:32-i64:64-i128:128-n8:16:32-S128",
    ])
    func anotherLayoutIsRefused(layout: String) {
        #expect(throws: PolicyIR.Refusal.otherLayout(found: layout, bpf: Self.bpf.layout)) {
            try retargeted(ir(layout: layout))
        }
    }

    @Test(arguments: ["swifttailcc", "swiftcorocc", "preserve_mostcc"])
    func anotherConventionIsRefused(word: String) {
        let head = "define protected \(word) i64 @\"$rule\"(i64 %0, ptr %1) #0 !dbg !4 {"
        #expect(throws: PolicyIR.Refusal.convention(word, line: head)) { try retargeted(ir(head: head)) }
    }

    @Test func assemblyIsRefused() {
        let line = "  call void asm sideeffect \"cpuid\", \"\"(), !dbg !8"
        #expect(throws: PolicyIR.Refusal.assembly(line: line)) {
            try retargeted(ir(body: "\(line)\n  ret i64 %0"))
        }
    }

    @Test func aFunctionWithoutAttributesIsRefused() {
        let head = "define protected swiftcc i64 @\"$rule\"(i64 %0, ptr %1) {"
        #expect(throws: PolicyIR.Refusal.attributes(line: head)) { try retargeted(ir(head: head)) }
    }

    @Test func whatIsNoObjectIsNone() {
        #expect(ObjectFile([]) == nil)
        #expect(ObjectFile([UInt8](repeating: 0, count: 4096)) == nil)
        var damaged: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1] + [UInt8](repeating: 0xff, count: 200)
        #expect(ObjectFile(damaged) == nil)
        damaged.removeLast(150)
        #expect(ObjectFile(damaged) == nil)
    }
}
