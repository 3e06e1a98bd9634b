/* TLS modules: which object has which id.  Under the load lock, or before threads exist. */
#include <string.h>

#include "../base/heap.h"
#include "linker.h"
#include "tls.h"

static enum rl_status table_reserve(struct rl_tls_state *tls, size_t module)
{
	struct rl_tls_table *old = atomic_load_explicit(&tls->table, memory_order_relaxed);
	size_t old_capacity = old == NULL ? 0 : old->capacity;
	if (module < old_capacity)
		return RL_OK;
	size_t capacity = old_capacity == 0 ? 64 : old_capacity * 2;
	struct rl_tls_table *table = rl_heap_take(sizeof *table + capacity * sizeof table->slots[0]);
	if (table == NULL)
		return RL_NO_MEMORY;
	table->capacity = capacity;
	if (old != NULL)
		memcpy(table->slots, old->slots, old_capacity * sizeof old->slots[0]);
	/* The old table is not freed: a thread may be reading it.  Doubling bounds the loss. */
	atomic_store_explicit(&tls->table, table, memory_order_release);
	return RL_OK;
}

static size_t module_choose(const struct rl_tls_state *tls)
{
	struct rl_tls_table *table = atomic_load_explicit(&tls->table, memory_order_relaxed);
	for (size_t module = 1; module <= tls->highest_module; module++)
		if (table->slots[module].object == NULL)
			return module;
	return tls->highest_module + 1;
}

/* After the start, static space is used as far as the outermost module that is still there. */
static void static_give_back(struct rl_tls_state *tls, const struct rl_tls_table *table)
{
	size_t used = tls->static_start;
	if (used == 0)
		return;
	for (size_t module = 1; module <= tls->highest_module; module++) {
		const struct rl_object *object = table->slots[module].object;
		if (object == NULL || !object->tls.has_offset)
			continue;
		size_t end = object->tls.offset + (RL_TLS_BELOW_TP ? 0 : object->tls.size);
		if (end > used)
			used = end;
	}
	tls->static_used = used;
	if (tls->gap_high > used)
		tls->gap_low = tls->gap_high = 0;
}

/* SLOT changes hands with the next generation. */
static void slot_change(struct rl_tls_state *tls, struct rl_tls_slot *slot)
{
	size_t next = atomic_load_explicit(&tls->generation, memory_order_relaxed) + 1;
	atomic_store_explicit(&slot->generation, next, memory_order_relaxed);
}

enum rl_status rl_tls_module_add(struct rl_linker *linker, struct rl_object *object)
{
	struct rl_tls_state *tls = &linker->tls;
	if (object->is_hosted)
		return RL_OK; /* the personality knows its id */
	size_t module = module_choose(tls);
	RL_TRY(table_reserve(tls, module));
	struct rl_tls_table *table = atomic_load_explicit(&tls->table, memory_order_relaxed);
	slot_change(tls, &table->slots[module]);
	__atomic_store_n(&table->slots[module].object, object, __ATOMIC_RELEASE);
	if (module > tls->highest_module)
		tls->highest_module = module;
	object->tls.module = tls->module_base + module;
	return RL_OK;
}

void rl_tls_module_remove(struct rl_linker *linker, struct rl_object *object)
{
	struct rl_tls_state *tls = &linker->tls;
	size_t module = object->tls.module - tls->module_base;
	if (object->tls.module == 0 || object->is_hosted)
		return;
	struct rl_tls_table *table = atomic_load_explicit(&tls->table, memory_order_relaxed);
	__atomic_store_n(&table->slots[module].object, NULL, __ATOMIC_RELEASE);
	slot_change(tls, &table->slots[module]);
	while (tls->highest_module > 0 && table->slots[tls->highest_module].object == NULL)
		tls->highest_module--;
	object->tls.module = 0;
	if (object->tls.has_offset)
		static_give_back(tls, table);
}

void rl_tls_publish(struct rl_linker *linker)
{
	atomic_fetch_add_explicit(&linker->tls.generation, 1, memory_order_release);
}

struct rl_tls_descriptor *rl_tls_descriptor_make(struct rl_tls_state *tls, struct rl_object *object,
						 const struct rl_object *definer, size_t offset)
{
	struct rl_tls_descriptor *descriptor = rl_heap_take(sizeof *descriptor);
	if (descriptor == NULL)
		return NULL;
	/* No generation is new enough for the fast path in assembly, which knows only vectors of ours. */
	size_t generation = SIZE_MAX;
	if (tls->guest == NULL) {
		struct rl_tls_table *table = atomic_load(&tls->table);
		generation = table->slots[definer->tls.module].generation;
	}
	*descriptor = (struct rl_tls_descriptor){.generation = generation,
						 .module = definer->tls.module,
						 .offset = offset,
						 .dtv_place = tls->dtv_place,
						 .tls = tls,
						 .next = object->tls_descriptors};
	object->tls_descriptors = descriptor;
	return descriptor;
}
