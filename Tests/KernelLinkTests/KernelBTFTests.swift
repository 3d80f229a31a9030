// SPDX-License-Identifier: GPL-2.0-only
import CLibbpf
import Testing

@testable import KernelLink

/// A kernel's BTF with one function `NAME(dsq_id, aux)`, described as the two kinds of builds do.
private struct Made {
    let btf: OpaquePointer = btf__new_empty()!

    init() { _ = btf__add_int(btf, "unsigned int", 4, 0) }

    private var int: Int32 { btf__find_by_name(btf, "unsigned int") }

    /// A pointer to a structure called `name`; `isConst` says which of the two forms kernels use.
    func pointer(to name: String, isConst: Bool = false) -> Int32 {
        var target = btf__find_by_name_kind(btf, name, sp_btf_kind_struct)
        if target <= 0 { target = btf__add_struct(btf, name, 8) }
        return btf__add_ptr(btf, isConst ? btf__add_const(btf, target) : target)
    }

    func function(_ name: String, _ last: Int32?) {
        let prototype = btf__add_func_proto(btf, int)
        btf__add_func_param(btf, "dsq_id", int)
        if let last { btf__add_func_param(btf, "aux", last) }
        #expect(btf__add_func(btf, name, BTF_FUNC_STATIC, prototype) > 0)
    }

    func functions() -> [String] { KernelBTF(taking: btf).functionsWithImplicitArgument() }
}

@Suite("The kernel's BTF")
struct KernelBTFTests {
    @Test("a build without the tags: its functions are named", arguments: [false, true])
    func withoutTags(isConst: Bool) {
        let made = Made()
        let aux = made.pointer(to: "bpf_prog_aux", isConst: isConst)
        made.function("scx_bpf_create_dsq", aux)
        made.function("bpf_iter_scx_dsq_new", aux)
        made.function("scx_bpf_kick_cpu", nil)
        made.function("scx_bpf_kick_cpu_impl", aux)
        #expect(made.functions() == ["bpf_iter_scx_dsq_new", "scx_bpf_create_dsq"])
    }

    @Test("a build with them, and a kernel older than they are: nothing")
    func builtRight() {
        let made = Made()
        made.function("scx_bpf_create_dsq", nil)
        made.function("scx_bpf_create_dsq_impl", made.pointer(to: "bpf_prog_aux", isConst: true))
        made.function("scx_bpf_task_cpu", made.pointer(to: "task_struct", isConst: true))
        // Not sched_ext's: programs that we load do not call them.
        made.function("bpf_wq_set_callback", made.pointer(to: "bpf_prog_aux"))
        #expect(made.functions() == [])
    }

    @Test("a value of an enumeration, whatever its width", arguments: [false, true])
    func values(isWide: Bool) {
        let btf = btf__new_empty()!
        if isWide {
            _ = btf__add_enum64(btf, "scx_ops_flags", 8, false)
            _ = btf__add_enum64_value(btf, "SCX_OPS_ENQ_MIGRATION_DISABLED", 1 << 4)
        } else {
            _ = btf__add_enum(btf, "scx_ops_flags", 4)
            _ = btf__add_enum_value(btf, "SCX_OPS_ENQ_MIGRATION_DISABLED", 1 << 4)
        }
        let kernel = KernelBTF(taking: btf)
        let found = [
            kernel.hasValue("SCX_OPS_ENQ_MIGRATION_DISABLED", of: "scx_ops_flags"),
            kernel.hasValue("SCX_OPS_ENQ_MIGRATION", of: "scx_ops_flags"),
            kernel.hasValue("SCX_OPS_ENQ_MIGRATION_DISABLED", of: "scx_ops"),
        ]
        #expect(found == [true, false, false])
    }

    @Test("nothing at all, and prototypes that make no sense, are no trap")
    func hollow() {
        #expect(Made().functions() == [])
        let made = Made()
        let prototype = btf__add_func_proto(made.btf, 0)
        btf__add_func(made.btf, "scx_bpf_create_dsq", BTF_FUNC_STATIC, prototype)
        made.function("scx_bpf_kick_cpu", btf__add_ptr(made.btf, 0))
        made.function("scx_bpf_dsq_insert", 0)
        #expect(made.functions() == [])
    }

    @Test("the message names cause, function and the kernels that work")
    func message() throws {
        let made = Made()
        made.function("scx_bpf_create_dsq", made.pointer(to: "bpf_prog_aux"))
        let found = Preflight.implicitArguments(KernelBTF(taking: made.btf), release: "7.1.13-test")
        let obstacle = try #require(found)
        #expect(obstacle.kind == .noSupport)
        for words in [
            "7.1.13-test", "pahole 1.30 or older", "scx_bpf_create_dsq", "any other", "7.3 and newer",
        ] {
            #expect(obstacle.description.contains(words))
        }
        #expect(!obstacle.description.contains("\n"))
    }

    @Test(
        "releases before 7.1 are not looked through, and others are",
        arguments: [
            ("6.12.117-sched-proto", false), ("6.18.15+deb13-cloud-amd64", false), ("7.0.12", false),
            ("7.0-rc1", false),
            ("7.1-rc1", true), ("7.1.13-test", true), ("7.3.4+deb13", true), ("10.0.1", true),
            ("unknown", true), ("", true),
        ])
    func releases(release: String, looks: Bool) {
        #expect(Preflight.mayHaveImplicitArguments(release) == looks)
    }

    @Test("functions and members are found by name")
    func names() {
        let made = Made()
        made.function("scx_bpf_now", nil)
        btf__add_struct(made.btf, "sched_ext_ops", 8)
        btf__add_field(made.btf, "name", 1, 0, 0)
        let btf = KernelBTF(taking: made.btf)
        let functions = ["scx_bpf_now", "scx_bpf_no", "sched_ext_ops"].map { btf.hasFunction($0) }
        #expect(functions == [true, false, false])
        let members = [("name", "sched_ext_ops"), ("nam", "sched_ext_ops"), ("name", "scx_bpf_now")]
        #expect(members.map { btf.hasMember($0.0, of: $0.1) } == [true, false, false])
    }
}
