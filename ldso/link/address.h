/* Which object an address belongs to.  A sorted table in two copies, so that the unwinder can ask at any moment, in
 * any context, without a lock. */
#ifndef RL_LINK_ADDRESS_H
#define RL_LINK_ADDRESS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/status.h"

struct rl_object;

struct rl_address_range {
	atomic_uintptr_t start, end;
	_Atomic(struct rl_object *) object;
};

/* One array: whoever holds it may read ranges below its count, whatever the table says by then. */
struct rl_address_ranges {
	size_t capacity;
	atomic_size_t count; /* never above capacity */
	struct rl_address_range items[]; /* by start */
};

struct rl_address_table {
	atomic_size_t version; /* readers use copies[version % 2] */
	_Atomic(struct rl_address_ranges *) copies[2];
};

/* Add or remove ranges.  Under the load lock.  Adding needs room reserved for it. */
RL_NODISCARD enum rl_status rl_address_reserve(struct rl_address_table *table, size_t extra);
/* FIRST and all objects behind it in the namespace's list. */
void rl_address_add_list(struct rl_address_table *table, struct rl_object *first);
void rl_address_remove(struct rl_address_table *table, struct rl_object *const *objects, size_t count);

/* The object whose mapping holds ADDRESS, or NULL.  Lock-free, async-signal-safe. */
struct rl_object *rl_address_find(struct rl_address_table *table, uintptr_t address);

/* Facts read from a found object are those of a loaded one if rl_address_is_version says so afterwards, with what
 * rl_address_version returned before the search: objects leave the table before they are freed. */
static inline size_t rl_address_version(struct rl_address_table *table)
{
	return atomic_load_explicit(&table->version, memory_order_acquire);
}

static inline int rl_address_is_version(struct rl_address_table *table, size_t version)
{
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&table->version, memory_order_relaxed) == version;
}

#endif
