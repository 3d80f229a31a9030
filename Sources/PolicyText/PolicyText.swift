// SPDX-License-Identifier: GPL-2.0-only

/// The descriptions that ship with the program, embedded from `policies/` at build time.
public enum ShippedPolicies {}
