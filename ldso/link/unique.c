/* The table of unique symbols: chains that choices are pushed onto without a lock and taken from under it. */
#include "unique.h"

#include <string.h>

#include "../base/heap.h"

enum { BUCKETS = 1024 };

struct rl_unique_choice {
	struct rl_binding binding;
	uint32_t hash;
	_Atomic(struct rl_unique_choice *) next;
};

struct rl_unique_table {
	_Atomic(struct rl_unique_choice *) buckets[BUCKETS];
};

/* The namespace's table, made when the first unique symbol is met. */
static struct rl_unique_table *table_get(struct rl_namespace *namespace)
{
	struct rl_unique_table *table = atomic_load_explicit(&namespace->uniques, memory_order_acquire);
	if (table != NULL)
		return table;
	struct rl_unique_table *fresh = rl_heap_take(sizeof *fresh);
	if (fresh == NULL || atomic_compare_exchange_strong(&namespace->uniques, &table, fresh))
		return fresh;
	rl_heap_give(fresh);
	return table;
}

/* The choice for NAME from FIRST on, or NULL. */
static struct rl_unique_choice *chain_find(struct rl_unique_choice *first, const struct rl_name *name)
{
	for (struct rl_unique_choice *choice = first; choice != NULL;
	     choice = atomic_load_explicit(&choice->next, memory_order_acquire)) {
		const char *strings = choice->binding.object->symbols.strings;
		if (choice->hash == name->gnu_hash
		    && strcmp(strings + choice->binding.symbol->st_name, name->string) == 0)
			return choice;
	}
	return NULL;
}

enum rl_status rl_unique_choose(struct rl_namespace *namespace, const struct rl_name *name, struct rl_binding *binding)
{
	struct rl_unique_table *table = table_get(namespace);
	if (table == NULL)
		return RL_NO_MEMORY;
	_Atomic(struct rl_unique_choice *) *bucket = &table->buckets[name->gnu_hash % BUCKETS];
	struct rl_unique_choice *head = atomic_load_explicit(bucket, memory_order_acquire);
	struct rl_unique_choice *choice = chain_find(head, name), *fresh = NULL;
	while (choice == NULL) {
		if (fresh == NULL && (fresh = rl_heap_take(sizeof *fresh)) == NULL)
			return RL_NO_MEMORY;
		fresh->binding = *binding;
		fresh->hash = name->gnu_hash;
		atomic_store_explicit(&fresh->next, head, memory_order_relaxed);
		if (atomic_compare_exchange_strong(bucket, &head, fresh)) {
			choice = fresh;
			fresh = NULL;
			__atomic_store_n(&choice->binding.object->is_permanent, true, __ATOMIC_RELAXED);
		} else {
			choice = chain_find(head, name);
		}
	}
	rl_heap_give(fresh);
	*binding = choice->binding;
	return RL_OK;
}

void rl_unique_forget(struct rl_namespace *namespace, const struct rl_object *object)
{
	struct rl_unique_table *table = atomic_load(&namespace->uniques);
	if (!object->is_permanent)
		return; /* nothing of it was ever chosen */
	for (size_t i = 0; table != NULL && i < BUCKETS; i++) {
		_Atomic(struct rl_unique_choice *) *link = &table->buckets[i];
		struct rl_unique_choice *choice = atomic_load(link);
		while (choice != NULL) {
			struct rl_unique_choice *next = atomic_load(&choice->next);
			if (choice->binding.object != object) {
				link = &choice->next;
			} else if (atomic_compare_exchange_strong(link, &choice, next)) {
				rl_readers_retire(&namespace->linker->readers, choice);
			} else {
				continue; /* something was pushed in front: the head was reloaded into choice */
			}
			choice = next;
		}
	}
}
