// SPDX-License-Identifier: GPL-2.0-only

/// `sp_shipped` of `bpf/shipped.h`: what the build made, by name. Other modules call it by that declaration and
/// do not import this one, so that they are not compiled again when an object changes.
@_cdecl("sp_shipped")
public func shipped(_ name: UnsafePointer<CChar>) -> UnsafePointer<CChar>? {
    text(String(cString: name)).map { UnsafeRawPointer($0.utf8Start).assumingMemoryBound(to: CChar.self) }
}

/// Literals of more than one character: each is a pointer to text that ends with a zero.
private func text(_ name: String) -> StaticString? {
    switch name {
    case "policy_probe": policy_probe
    case "bpf_mode": bpf_mode
    case "user_mode": user_mode
    case "user_mode_wakeups": user_mode_wakeups
    case "user_mode_inputs": user_mode_inputs
    case "user_mode_inputs_wanted": user_mode_inputs_wanted
    case "user_mode_places": user_mode_places
    case "user_mode_places_wanted": user_mode_places_wanted
    case "user_mode_alone": user_mode_alone
    case "user_mode_alone_wanted": user_mode_alone_wanted
    case "user_mode_all": user_mode_all
    case "user_mode_all_wanted": user_mode_all_wanted
    case "swift_probe": swift_probe
    case "swift_mode": swift_mode
    case "swift_probe_traps": swift_probe_traps
    case "swift_mode_traps": swift_mode_traps
    case "swift_obstacle": swift_obstacle
    default: nil
    }
}
