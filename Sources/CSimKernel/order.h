/* SPDX-License-Identifier: GPL-2.0-only */
/* Nodes in the order of (key by signed difference, seq): a treap. All O(log n). */
#ifndef SIM_ORDER_H
#define SIM_ORDER_H

#include "kernel.h"

struct node {
	struct node *parent, *left, *right;
	u64 key, seq;
	u64 rank; /* a smaller one stands above */
};

struct order {
	struct node *root;
};

static inline bool node_before(const struct node *a, const struct node *b)
{
	return a->key != b->key ? (s64)(a->key - b->key) < 0 : a->seq < b->seq;
}

void order_insert(struct order *order, struct node *node);
void order_remove(struct order *order, struct node *node);
struct node *order_first(const struct order *order);
/* The one before it, or NULL. */
struct node *order_previous(const struct node *node);
struct node *order_next(const struct node *node);

#endif
