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
	uintptr_t start, end;
	struct rl_object *object;
};

struct rl_address_copy {
	struct rl_address_range *ranges; /* by start */
	size_t count, capacity;
};

struct rl_address_table {
	atomic_size_t version; /* readers use copies[version % 2] */
	struct rl_address_copy copies[2];
};

/* Add or remove ranges.  Under the load lock.  Adding needs room reserved for it. */
RL_NODISCARD enum rl_status rl_address_reserve(struct rl_address_table *table, size_t extra);
/* FIRST and all objects behind it in the namespace's list. */
void rl_address_add_list(struct rl_address_table *table, struct rl_object *first);
void rl_address_remove(struct rl_address_table *table, struct rl_object *const *objects, size_t count);

/* The object whose mapping holds ADDRESS, or NULL.  Lock-free, async-signal-safe. */
struct rl_object *rl_address_find(struct rl_address_table *table, uintptr_t address);

#endif
