/* The table of unique symbols: chains that choices are pushed onto without a lock and taken from under it. */
#include "unique.h"

#include <string.h>

#include "../../arch/port.h"
#include "../base/heap.h"

enum { BUCKETS = 1024 };

enum choice_state {
	TENTATIVE, /* made by an open that may still fail, and used by nobody else */
	SETTLED,
	DEAD, /* the open failed: nobody finds it */
};

struct rl_unique_choice {
	struct rl_binding binding;
	uint32_t hash;
	atomic_int state;
	_Atomic(struct rl_unique_choice *) next;
	struct rl_unique_choice *next_tentative;
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

/* The object of CHOICE stays from now on. */
static void home_settle(const struct rl_unique_choice *choice)
{
	atomic_store_explicit(&choice->binding.object->has_settled_unique, true, memory_order_relaxed);
}

/* Use CHOICE for what will stay, unless IS_TENTATIVE.  False: it is not there any more. */
static bool choice_use(struct rl_unique_choice *choice, bool is_tentative)
{
	int state = atomic_load_explicit(&choice->state, memory_order_relaxed);
	if (state == TENTATIVE && !is_tentative && atomic_compare_exchange_strong(&choice->state, &state, SETTLED)) {
		home_settle(choice);
		return true;
	}
	return state != DEAD;
}

/* The choice for NAME from FIRST on, or NULL. */
static struct rl_unique_choice *chain_find(struct rl_unique_choice *first, const struct rl_name *name,
					   bool is_tentative)
{
	for (struct rl_unique_choice *choice = first; choice != NULL;
	     choice = atomic_load_explicit(&choice->next, memory_order_acquire)) {
		const char *strings = choice->binding.object->symbols.strings;
		if (choice->hash == name->gnu_hash
		    && strcmp(strings + choice->binding.symbol->st_name, name->string) == 0
		    && choice_use(choice, is_tentative))
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
	struct rl_linker *linker = namespace->linker;
	bool is_tentative = atomic_load_explicit(&linker->opener, memory_order_relaxed) == rl_port_thread_pointer();
	struct rl_unique_choice *choice = chain_find(head, name, is_tentative), *fresh = NULL;
	while (choice == NULL) {
		if (fresh == NULL && (fresh = rl_heap_take(sizeof *fresh)) == NULL)
			return RL_NO_MEMORY;
		fresh->binding = *binding;
		fresh->hash = name->gnu_hash;
		fresh->state = is_tentative ? TENTATIVE : SETTLED;
		atomic_store_explicit(&fresh->next, head, memory_order_relaxed);
		if (atomic_compare_exchange_strong(bucket, &head, fresh)) {
			choice = fresh;
			fresh = NULL;
			atomic_fetch_add(&choice->binding.object->unique_count, 1);
			if (is_tentative) {
				choice->next_tentative = linker->tentative;
				linker->tentative = choice;
			} else {
				home_settle(choice);
			}
		} else {
			choice = chain_find(head, name, is_tentative);
		}
	}
	rl_heap_give(fresh);
	*binding = choice->binding;
	return RL_OK;
}

/* Take CHOICE out of its chain, at whose head others may push. */
static void choice_drop(struct rl_namespace *namespace, struct rl_unique_choice *choice)
{
	struct rl_unique_table *table = atomic_load(&namespace->uniques);
	struct rl_unique_choice *found;
	_Atomic(struct rl_unique_choice *) *link;
	do {
		link = &table->buckets[choice->hash % BUCKETS];
		for (found = atomic_load(link); found != choice; found = atomic_load(link))
			link = &found->next;
	} while (!atomic_compare_exchange_strong(link, &found, atomic_load(&choice->next)));
	atomic_fetch_sub(&choice->binding.object->unique_count, 1);
	rl_readers_retire(&namespace->linker->readers, choice);
}

void rl_unique_forget(struct rl_namespace *namespace, const struct rl_object *object)
{
	struct rl_unique_table *table = atomic_load(&namespace->uniques);
	for (size_t i = 0; atomic_load(&object->unique_count) != 0 && i < BUCKETS; i++) {
		struct rl_unique_choice *choice = atomic_load(&table->buckets[i]);
		while (choice != NULL) {
			struct rl_unique_choice *next = atomic_load(&choice->next);
			if (choice->binding.object == object)
				choice_drop(namespace, choice);
			choice = next;
		}
	}
}

void rl_unique_settle(struct rl_linker *linker, struct rl_unique_choice *until, bool keeps)
{
	while (linker->tentative != until) {
		struct rl_unique_choice *choice = linker->tentative;
		int state = TENTATIVE;
		linker->tentative = choice->next_tentative;
		if (!atomic_compare_exchange_strong(&choice->state, &state, keeps ? SETTLED : DEAD))
			continue;
		if (keeps)
			home_settle(choice);
		else
			choice_drop(choice->binding.object->namespace, choice);
	}
}
