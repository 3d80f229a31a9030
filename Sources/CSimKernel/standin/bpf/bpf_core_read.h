/* SPDX-License-Identifier: GPL-2.0-only */
/* Stands in for libbpf's header: the model's types are laid out as the backends see them. */
#define bpf_core_type_id_kernel(type) 1
#define bpf_core_enum_value_exists(type, value) 1
#define bpf_core_enum_value(type, value) (value)
#define bpf_core_field_exists(field) 1
/* A pointer that is not there reads as 0, as it does in the kernel. */
#define SIM_READ1(p, a) ((p) ? (p)->a : 0)
#define SIM_READ2(p, a, b) ((p) && (p)->a ? (p)->a->b : 0)
#define SIM_READ4(p, a, b, c, d) \
	(SIM_READ2(p, a, b) && (p)->a->b->c ? (p)->a->b->c->d : 0)
#define SIM_READ(_1, _2, _3, _4, name, ...) name
#define BPF_CORE_READ(p, ...) \
	SIM_READ(__VA_ARGS__, SIM_READ4, SIM_READ3, SIM_READ2, SIM_READ1) \
	(p, __VA_ARGS__)
