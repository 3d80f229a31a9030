// SPDX-License-Identifier: GPL-2.0-only
#include "order.h"

static u64 mix(u64 value)
{
	value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9ULL;
	value = (value ^ value >> 27) * 0x94d049bb133111ebULL;
	return value ^ value >> 31;
}

/* Puts @node where @old hangs. */
static void replace(struct order *order, struct node *old, struct node *node)
{
	if (!old->parent)
		order->root = node;
	else if (old->parent->left == old)
		old->parent->left = node;
	else
		old->parent->right = node;
	if (node)
		node->parent = old->parent;
}

/* Lifts @node above its parent. */
static void lift(struct order *order, struct node *node)
{
	struct node *parent = node->parent;

	replace(order, parent, node);
	if (parent->left == node) {
		parent->left = node->right;
		if (node->right)
			node->right->parent = parent;
		node->right = parent;
	} else {
		parent->right = node->left;
		if (node->left)
			node->left->parent = parent;
		node->left = parent;
	}
	parent->parent = node;
}

void order_insert(struct order *order, struct node *node)
{
	struct node **link = &order->root, *parent = NULL;

	while (*link) {
		parent = *link;
		link = node_before(node, parent) ? &parent->left : &parent->right;
	}
	node->parent = parent;
	node->left = node->right = NULL;
	node->rank = mix(node->seq * 0x9e3779b97f4a7c15ULL + 1);
	*link = node;
	while (node->parent && node->rank < node->parent->rank)
		lift(order, node);
}

void order_remove(struct order *order, struct node *node)
{
	while (node->left && node->right)
		lift(order,
		     node->left->rank < node->right->rank ? node->left : node->right);
	replace(order, node, node->left ? node->left : node->right);
	node->parent = node->left = node->right = NULL;
}

struct node *order_first(const struct order *order)
{
	struct node *node = order->root;

	while (node && node->left)
		node = node->left;
	return node;
}

struct node *order_previous(const struct node *node)
{
	struct node *other = node->left;

	if (other) {
		while (other->right)
			other = other->right;
		return other;
	}
	while (node->parent && node->parent->left == node)
		node = node->parent;
	return node->parent;
}

struct node *order_next(const struct node *node)
{
	struct node *other = node->right;

	if (other) {
		while (other->left)
			other = other->left;
		return other;
	}
	while (node->parent && node->parent->right == node)
		node = node->parent;
	return node->parent;
}
