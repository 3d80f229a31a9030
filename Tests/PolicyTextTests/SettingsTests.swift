// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import PolicyModel
import Testing

@testable import PolicyText

@Suite struct SettingsTests {
    @Test func shippedPoliciesLoad() throws {
        let names = try PolicySource.shipped().map(\.name)
        #expect(names == ["deadline", "fair", "fifo", "interactive"])
        for name in names { #expect(try PolicySource.load(nameOrPath: name).name == name) }
    }

    @Test func valuesAndDefaultsArriveInThePolicy() throws {
        let policy = try PolicySource.load(nameOrPath: "interactive").policy
        #expect(policy.abi == UInt32(SP_ABI_VERSION))
        #expect(policy.order == SP_ORDER_VRUNTIME.rawValue)
        #expect(policy.slice == SP_SLICE_AVERAGED.rawValue)
        #expect(policy.classes == SP_CLASSES_VOLUNTARY_SWITCHES.rawValue)
        #expect(policy.burst == SP_BURST_PLAIN.rawValue)
        #expect(policy.idle == SP_IDLE_DIRECT.rawValue && policy.kthreads == SP_KTHREADS_LOCAL.rawValue)
        #expect(policy.promote_sync == 1 && policy.promote_waiting_max == 4 && policy.rate_max == 10)
        #expect(policy.slice_max_ns == 5_000_000 && policy.slice_min_ns == 500_000)
        #expect(policy.sleep_credit_ns == 5_000_000 && policy.rate_window_ns == 100_000_000)
        #expect(policy.starvation_ns == 20_000_000)
        let least = "name: a\norder: {rule: vruntime}\nslice: {rule: shared, max: 300us}\n"
        let defaults = try PolicySource.parse(least, file: "F").policy
        #expect(defaults.sleep_credit_ns == 300_000 && defaults.slice_min_ns == 300_000)
        #expect(defaults.classes == SP_CLASSES_NONE.rawValue && defaults.rate_max == 0)
        #expect(defaults.idle == SP_IDLE_DIRECT.rawValue && defaults.starvation_ns == 0)
        let byWeight = try PolicySource.parse(least, file: "F", settings: ["slice.max=20ms"]).policy
        #expect(byWeight.sleep_credit_ns == 20_000_000 && byWeight.slice_min_ns == 500_000)
    }

    @Test func bySwitchesNeedsRatesWithoutClasses() throws {
        let settings = ["order.burst=by-switches", "classes.rate-max=77"]
        let policy = try PolicySource.load(nameOrPath: "deadline", settings: settings).policy
        #expect(policy.classes == SP_CLASSES_NONE.rawValue && policy.rate_max == 77)
        #expect(policy.rate_window_ns == 1_000_000_000 && policy.promote_waiting_max == 0)
    }

    @Test func aKeyIsSetOnce() throws {
        let description = try PolicySource.load(
            nameOrPath: "fair", settings: ["slice.max=7ms", "name=other"])
        #expect(description.policy.slice_max_ns == 7_000_000)
        #expect(description.name == "other")
        // Which of the two is meant, nobody knows.
        let error = loadError("fair", settings: ["slice.max=1ms", "name=other", "slice.max=7ms"])
        #expect(error?.description == "--set slice.max=7ms: the key is given twice: leave one of them out")
    }

    @Test func aSettingThatChangesARuleDropsWhatTheFileSaidForTheOldOne() throws {
        let policy = try PolicySource.load(
            nameOrPath: "interactive",
            settings: [
                "slice.rule=fixed", "classes.rule=none", "order.rule=fifo",
            ]
        ).policy
        #expect(policy.slice_min_ns == 0 && policy.starvation_ns == 0 && policy.rate_max == 0)
        let text =
            "name: a\norder: {rule: deadline, burst: by-switches}\nslice: {rule: fixed, max: 5ms}\n"
            + "classes: {window: 2s}\n"
        let fair = try PolicySource.parse(text, file: "F", settings: ["order.rule=vruntime"])
        #expect(fair.policy.rate_window_ns == 0)
        #expect(
            complaints(text, settings: ["slice.min=1ms"]) == [
                "--set slice.min=1ms: slice.min is not read with slice.rule fixed, only with slice.rule shared, averaged or weighted"
            ])
    }

    @Test(arguments: [
        ("slice.maxx=1ms", "unknown key, did you mean slice.max?"),
        ("max=1ms", "unknown key, did you mean slice.max?"),
        ("slice=1ms", "slice is a group; its keys are slice.rule, slice.max and slice.min"),
        ("slice.max", "a setting is written key=value, such as slice.max=5ms"),
        (
            "slice.max=",
            "slice.max \"\" is no duration: write a number and its unit (ns, us, ms or s), such as 20ms; a duration of 100us to 100ms is allowed"
        ),
        (
            "order.rule=fif",
            "order.rule \"fif\" is unknown here; fifo, vruntime or deadline is allowed; did you mean fifo?"
        ),
        ("slice.min=30ms", "slice.min 30ms is above slice.max 20ms"),
        ("slice.max=500us", "slice.min 1ms is above slice.max 500us"),
        (
            "classes.rate-max=3",
            "classes.rate-max is not read with classes.rule none, only with classes.rule voluntary-switches, or order.burst by-switches"
        ),
    ])
    func aWrongSettingIsNamed(_ setting: String, _ message: String) throws {
        let error = try #require(loadError("fifo", settings: [setting]))
        #expect(error.kind == .badSetting)
        #expect(error.description == "--set \(setting): \(message)")
    }

    @Test func anUnknownPolicyIsAnsweredWithTheKnown() throws {
        let error = try #require(loadError("fiar"))
        #expect(error.kind == .notFound)
        #expect(
            error.description
                == #""fiar": no such policy; deadline, fair, fifo and interactive are known, a file is written with a slash or .yaml; did you mean fair?"#
        )
    }
}

@Suite struct MissingTwinsTests {
    /// The rules that are missing where C knows all values of each key but for those that are given.
    private func missing(_ policy: sp_policy, _ known: [String: UInt32]) -> [(key: String, word: String)] {
        missingTwins(
            of: policy, twins: Shipped.twins.map { ($0.path, known[$0.path] ?? .max) })
    }

    @Test func allShippedPoliciesHaveTwins() throws {
        for shipped in try PolicySource.shipped() {
            let missing = missingTwins(of: shipped.policy)
            #expect(missing.isEmpty)
        }
    }

    @Test func aRuleWithoutATwinIsNamed() throws {
        var policy = try PolicySource.load(nameOrPath: "interactive").policy
        let withoutAveraged = ~(UInt32(1) << SP_SLICE_AVERAGED.rawValue)
        var missing = missing(policy, ["slice.rule": withoutAveraged])
        #expect(missing.map(\.key) == ["slice.rule"] && missing.map(\.word) == ["averaged"])
        missing = self.missing(
            policy, ["order.rule": 0, "order.burst": 0, "slice.rule": 0, "classes.rule": 0])
        #expect(missing.map(\.word) == ["vruntime", "averaged", "voluntary-switches"])
        policy.order = SP_ORDER_DEADLINE.rawValue
        missing = self.missing(policy, ["order.burst": 0])
        #expect(missing.map(\.key) == ["order.burst"] && missing.map(\.word) == ["plain"])
        policy.order = 9
        missing = self.missing(policy, ["order.rule": sp_native_orders()])
        #expect(missing.map(\.word) == ["9"])
        policy.order = 33
        missing = self.missing(policy, [:])
        #expect(missing.map(\.word) == ["33"])
    }
}
