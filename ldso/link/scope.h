/* Scopes: the orders in which objects are searched.  Published arrays, replaced and never changed in place. */
#ifndef RL_LINK_SCOPE_H
#define RL_LINK_SCOPE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/status.h"

struct rl_object;
struct rl_object_list;

/* What a lookup needs to pass over an object without touching it. */
struct rl_scope_entry {
	const uint64_t *bloom;
	uint32_t bloom_mask, bloom_shift;
	struct rl_object *object;
};

struct rl_scope {
	size_t count;
	struct rl_scope_entry entries[];
};

/* A place that holds the current version of a scope. */
struct rl_scope_cell {
	_Atomic(const struct rl_scope *) current;
};

struct rl_scope_list {
	size_t count;
	const struct rl_scope_cell *cells[];
};

/* A scope of the objects in LIST, in order; NULL if there is no memory.  Owned by the caller. */
struct rl_scope *rl_scope_make(const struct rl_object_list *list);

#endif
