/* Making scopes, and the filters of large ones. */
#include "scope.h"

#include "../base/heap.h"
#include "object.h"
#include "readers.h"

enum {
	LARGE_SCOPE = 24,     /* objects; below, asking each costs less than a filter is worth */
	MISSES_FOR_NAMES = 64,
	BITS_PER_NAME = 16,
};

/* Two bits in one word stand for a name. */
struct rl_scope_names {
	uint64_t mask; /* words - 1 */
	uint64_t words[];
};

/* In the place of names: a scope that was retired.  It lacks nothing. */
static const struct {
	uint64_t mask, words[1];
} no_names = {0, {~(uint64_t)0}};
#define NO_NAMES ((struct rl_scope_names *)&no_names)

struct rl_scope *rl_scope_make(const struct rl_object_list *list)
{
	struct rl_scope *scope = rl_heap_take(sizeof *scope + list->count * sizeof scope->entries[0]);
	if (scope == NULL)
		return NULL;
	scope->count = list->count;
	for (size_t i = 0; i < list->count; i++) {
		struct rl_object *object = list->items[i];
		scope->entries[i] = (struct rl_scope_entry){object->symbols.bloom, object->symbols.bloom_mask,
							    object->symbols.bloom_shift, object};
	}
	if (list->count >= LARGE_SCOPE)
		scope->filter = rl_heap_take(sizeof *scope->filter); /* without memory there is none */
	return scope;
}

void rl_scope_give(const struct rl_scope *scope)
{
	if (scope != NULL && scope->filter != NULL)
		rl_heap_give(atomic_load(&scope->filter->names));
	if (scope != NULL)
		rl_heap_give(scope->filter);
	rl_heap_give((void *)scope);
}

void rl_scope_retire(struct rl_readers *readers, const struct rl_scope *scope)
{
	if (scope != NULL && scope->filter != NULL) {
		/* A lookup that is making them finds that they came too late. */
		rl_readers_retire(readers, atomic_exchange(&scope->filter->names, NO_NAMES));
		rl_readers_retire(readers, scope->filter);
	}
	rl_readers_retire(readers, (void *)scope);
}

/* Hash tables of GNU's form hold all bits of a hash but the lowest. */
static uint64_t name_mix(uint32_t hash)
{
	return (hash >> 1) * (uint64_t)0x9e3779b97f4a7c15;
}

static uint64_t name_bits(uint64_t mixed)
{
	return (uint64_t)1 << (mixed >> 58) | (uint64_t)1 << (mixed >> 52 & 63);
}

/* Not inline: small scopes have no filter, and their lookups should not prepare for one. */
__attribute__((noinline)) bool rl_scope_filter_lacks(const struct rl_scope_filter *filter, uint32_t hash)
{
	const struct rl_scope_names *names = atomic_load_explicit(&filter->names, memory_order_acquire);
	uint64_t mixed = name_mix(hash);
	return names != NULL && (~names->words[mixed >> 20 & names->mask] & name_bits(mixed)) != 0;
}

/* Put the names of SYMBOLS into NAMES, or only count them if that is NULL. */
static size_t names_add(struct rl_scope_names *names, const struct rl_symbols *symbols)
{
	size_t count = 0;
	for (uint32_t bucket = 0; bucket < symbols->bucket_count; bucket++) {
		uint32_t index = symbols->buckets[bucket];
		if (index == 0 || index < symbols->chain_first)
			continue;
		for (; index < symbols->chain_limit; index++, count++) {
			uint64_t mixed = name_mix(symbols->chains[index]);
			if (names != NULL)
				names->words[mixed >> 20 & names->mask] |= name_bits(mixed);
			if (symbols->chains[index] & 1) {
				count++;
				break;
			}
		}
	}
	return count;
}

/* The names of all objects of SCOPE; NULL without memory, or if an object has a table without hashes. */
static struct rl_scope_names *names_make(const struct rl_scope *scope)
{
	size_t count = 0, words = 64;
	for (size_t i = 0; i < scope->count; i++) {
		const struct rl_symbols *symbols = &scope->entries[i].object->symbols;
		if (symbols->is_sysv_hash)
			return NULL;
		count += names_add(NULL, symbols);
	}
	while (words * 64 < count * BITS_PER_NAME)
		words *= 2;
	struct rl_scope_names *names = rl_heap_take(sizeof *names + words * sizeof names->words[0]);
	if (names == NULL)
		return NULL;
	names->mask = words - 1;
	for (size_t i = 0; i < scope->count; i++)
		names_add(names, &scope->entries[i].object->symbols);
	return names;
}

__attribute__((noinline)) void rl_scope_filter_missed(const struct rl_scope *scope)
{
	struct rl_scope_filter *filter = scope->filter;
	if (atomic_load_explicit(&filter->names, memory_order_relaxed) != NULL
	    || atomic_fetch_add_explicit(&filter->misses, 1, memory_order_relaxed) != MISSES_FOR_NAMES)
		return;
	/* One thread comes here: the count passes the limit once. */
	struct rl_scope_names *names = names_make(scope), *none = NULL;
	if (names != NULL && !atomic_compare_exchange_strong(&filter->names, &none, names))
		rl_heap_give(names);
}
