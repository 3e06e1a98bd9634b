/* The table of unique symbols: open addressing, replaced when half full. */
#include "unique.h"

#include <string.h>

#include "../base/heap.h"

struct rl_unique_entry {
	struct rl_binding binding; /* object NULL: free */
	uint32_t hash;
};

struct rl_unique_table {
	size_t count, capacity; /* capacity is a power of two */
	struct rl_unique_entry entries[];
};

static const char *entry_name(const struct rl_unique_entry *entry)
{
	return entry->binding.object->symbols.strings + entry->binding.symbol->st_name;
}

static struct rl_unique_entry *slot_find(struct rl_unique_table *table, uint32_t hash, const char *name)
{
	size_t at = hash & (table->capacity - 1);
	for (;; at = (at + 1) & (table->capacity - 1)) {
		struct rl_unique_entry *entry = &table->entries[at];
		if (entry->binding.object == NULL || (entry->hash == hash && strcmp(entry_name(entry), name) == 0))
			return entry;
	}
}

static struct rl_unique_table *table_grow(const struct rl_unique_table *old)
{
	size_t capacity = old == NULL ? 32 : old->capacity * 2;
	struct rl_unique_table *table = rl_heap_take(sizeof *table + capacity * sizeof table->entries[0]);
	if (table == NULL)
		return NULL;
	table->capacity = capacity;
	for (size_t i = 0; old != NULL && i < old->capacity; i++)
		if (old->entries[i].binding.object != NULL)
			*slot_find(table, old->entries[i].hash, entry_name(&old->entries[i])) = old->entries[i];
	table->count = old == NULL ? 0 : old->count;
	return table;
}

enum rl_status rl_unique_choose(struct rl_namespace *namespace, const struct rl_name *name, struct rl_binding *binding)
{
	struct rl_unique_table *table = namespace->uniques;
	if (table == NULL || table->count * 2 >= table->capacity) {
		struct rl_unique_table *grown = table_grow(table);
		if (grown == NULL)
			return RL_NO_MEMORY;
		rl_heap_give(table);
		namespace->uniques = table = grown;
	}
	struct rl_unique_entry *entry = slot_find(table, name->gnu_hash, name->string);
	if (entry->binding.object == NULL) {
		*entry = (struct rl_unique_entry){*binding, name->gnu_hash};
		table->count++;
		binding->object->is_permanent = true;
	}
	*binding = entry->binding;
	return RL_OK;
}

void rl_unique_forget(struct rl_namespace *namespace, const struct rl_object *object)
{
	struct rl_unique_table *table = namespace->uniques;
	for (size_t i = 0; table != NULL && i < table->capacity; i++) {
		if (table->entries[i].binding.object != object)
			continue;
		/* Close the gap: entries behind it may have been placed past it. */
		size_t mask = table->capacity - 1, gap = i;
		for (size_t at = (i + 1) & mask; table->entries[at].binding.object != NULL; at = (at + 1) & mask) {
			size_t home = table->entries[at].hash & mask;
			if (((at - home) & mask) >= ((at - gap) & mask)) {
				table->entries[gap] = table->entries[at];
				gap = at;
			}
		}
		table->entries[gap] = (struct rl_unique_entry){0};
		table->count--;
		i--; /* another entry may have moved here */
	}
}
