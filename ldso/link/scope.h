/* Scopes: the orders in which objects are searched.  Published arrays, replaced and never changed in place. */
#ifndef RL_LINK_SCOPE_H
#define RL_LINK_SCOPE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/status.h"

struct rl_object;
struct rl_object_list;
struct rl_readers;
struct rl_scope_names;

/* All names of a large scope in one filter: so that a name nobody has costs one look instead of one an object.  It is
 * made when names were missed often enough to pay for it. */
struct rl_scope_filter {
	atomic_uint misses;
	_Atomic(struct rl_scope_names *) names; /* NULL: not made */
};

/* What a lookup needs to pass over an object without touching it. */
struct rl_scope_entry {
	const uint64_t *bloom;
	uint32_t bloom_mask, bloom_shift;
	struct rl_object *object;
};

struct rl_scope {
	size_t count;
	struct rl_scope_filter *filter; /* NULL: the scope is small, or nothing is known */
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

/* Free a scope (NULL is allowed) that no reader can hold / when the readers have left it. */
void rl_scope_give(const struct rl_scope *scope);
void rl_scope_retire(struct rl_readers *readers, const struct rl_scope *scope);

/* The rare halves of the two functions below. */
bool rl_scope_filter_lacks(const struct rl_scope_filter *filter, uint32_t hash);
void rl_scope_filter_missed(const struct rl_scope *scope);

/* Whether the filter knows that nobody in SCOPE has a name with this GNU hash. */
static inline bool rl_scope_lacks(const struct rl_scope *scope, uint32_t hash)
{
	return scope->filter != NULL && rl_scope_filter_lacks(scope->filter, hash);
}

/* A name was looked up in all of SCOPE in vain. */
static inline void rl_scope_missed(const struct rl_scope *scope)
{
	if (scope->filter != NULL)
		rl_scope_filter_missed(scope);
}

#endif
