/* Which object an address belongs to.  A sorted table in two copies, so that the unwinder can ask at any moment, in
 * any context, without a lock. */
#ifndef RL_LINK_ADDRESS_H
#define RL_LINK_ADDRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/status.h"

struct rl_object;

struct rl_address_range {
	atomic_uintptr_t end;
	_Atomic(struct rl_object *) object;
};

/* One array: whoever holds it may read ranges below its count, whatever the table says by then. */
struct rl_address_ranges {
	size_t capacity;
	atomic_size_t count; /* never above capacity */
	struct rl_address_range *items;
	atomic_uintptr_t starts[]; /* ascending; apart from the rest, so that a search touches few cache lines */
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

/* The object that has something at ADDRESS, or NULL: holes between segments are nobody's.  The object is looked at: under
 * the load lock, in a read section, or where the caller knows that it stays. */
struct rl_object *rl_address_object(struct rl_address_table *table, uintptr_t address);

/* rl_address_find in parts, for who wants more than the object.  What was found, facts that were read from it, and that nothing
 * was found, are true if rl_address_is_version says so afterwards, with what rl_address_version returned before the
 * search: objects leave the table before they are freed. */
static inline size_t rl_address_version(struct rl_address_table *table)
{
	return atomic_load_explicit(&table->version, memory_order_acquire);
}

static inline bool rl_address_is_version(struct rl_address_table *table, size_t version)
{
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&table->version, memory_order_relaxed) == version;
}

/* What a search found. */
struct rl_address_found {
	uintptr_t start, end;
	struct rl_object *object; /* NULL: nobody's */
};

static inline struct rl_address_found rl_address_search(struct rl_address_table *table, size_t version,
							uintptr_t address)
{
	struct rl_address_found found = {0};
	const struct rl_address_ranges *ranges =
		atomic_load_explicit(&table->copies[version % 2], memory_order_acquire);
	if (ranges == NULL)
		return found;
	size_t low = 0, high = atomic_load_explicit(&ranges->count, memory_order_relaxed);
	while (low < high) {
		size_t middle = (low + high) / 2;
		/* Who unwinds asks for the same few places again and again: branches, which can be foretold. */
		if (atomic_load_explicit(&ranges->starts[middle], memory_order_relaxed) <= address) {
			__asm__ volatile("");
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	if (low == 0)
		return found;
	const struct rl_address_range *range = &ranges->items[low - 1];
	found.start = atomic_load_explicit(&ranges->starts[low - 1], memory_order_relaxed);
	found.end = atomic_load_explicit(&range->end, memory_order_relaxed);
	if (address < found.end)
		found.object = atomic_load_explicit(&range->object, memory_order_relaxed);
	return found;
}

#endif
