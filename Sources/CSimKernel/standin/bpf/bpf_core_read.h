/* SPDX-License-Identifier: GPL-2.0-only */
/* Stands in for libbpf's header: the model's types are laid out as the backends see them. */
#define bpf_core_type_id_kernel(type) 1
#define bpf_core_enum_value_exists(type, value) 1
#define bpf_core_enum_value(type, value) (value)
#define bpf_core_field_exists(field) 1
