/* TLS modules and the layout of the static area.  Under the load lock, or before threads exist. */
#include "tls.h"

#include <string.h>

#include "../base/heap.h"
#include "linker.h"

static size_t round_up(size_t value, size_t align)
{
	return (value + align - 1) & -align;
}

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

enum rl_status rl_tls_module_add(struct rl_linker *linker, struct rl_object *object)
{
	struct rl_tls_state *tls = &linker->tls;
	size_t module = module_choose(tls);
	RL_TRY(table_reserve(tls, module));
	struct rl_tls_table *table = atomic_load_explicit(&tls->table, memory_order_relaxed);
	table->slots[module].generation = atomic_load_explicit(&tls->generation, memory_order_relaxed) + 1;
	__atomic_store_n(&table->slots[module].object, object, __ATOMIC_RELEASE);
	if (module > tls->highest_module)
		tls->highest_module = module;
	object->tls.module = module;
	return RL_OK;
}

void rl_tls_module_remove(struct rl_linker *linker, struct rl_object *object)
{
	struct rl_tls_state *tls = &linker->tls;
	size_t module = object->tls.module;
	if (module == 0)
		return;
	struct rl_tls_table *table = atomic_load_explicit(&tls->table, memory_order_relaxed);
	__atomic_store_n(&table->slots[module].object, NULL, __ATOMIC_RELEASE);
	table->slots[module].generation = atomic_load_explicit(&tls->generation, memory_order_relaxed) + 1;
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

/* Place a block behind everything used so far, or into the hole an earlier alignment left; returns its offset.
 * The original's rule, so that offsets (and the padding a debugger shows) are the same. */
static size_t static_place(struct rl_tls_state *tls, size_t size, size_t align, size_t first_offset)
{
	size_t first = -first_offset & (align - 1);
	if (tls->gap_high - tls->gap_low >= size) {
		size_t offset = round_up(tls->gap_low + size - first, align) + first;
		if (offset <= tls->gap_high) {
			tls->gap_low = offset;
			return offset;
		}
	}
	size_t offset = round_up(tls->static_used + size - first, align) + first;
	if (offset > tls->static_used + size + (tls->gap_high - tls->gap_low)) {
		tls->gap_low = tls->static_used;
		tls->gap_high = offset - size;
	}
	tls->static_used = offset;
	return offset;
}

/* The same away from the thread pointer upwards (variant I). */
static size_t static_place_above(struct rl_tls_state *tls, size_t size, size_t align, size_t first_offset)
{
	size_t offset = round_up(tls->static_used - first_offset, align) + first_offset;
	tls->static_used = offset + size;
	return offset;
}

static size_t place(struct rl_tls_state *tls, size_t size, size_t align, size_t first_offset)
{
	if (align > tls->static_align)
		tls->static_align = align;
	return RL_TLS_BELOW_TP ? static_place(tls, size, align, first_offset)
			       : static_place_above(tls, size, align, first_offset);
}

void rl_tls_layout(struct rl_linker *linker)
{
	struct rl_tls_state *tls = &linker->tls;
	tls->static_align = linker->abi.thread_align;
	struct rl_tls_table *table = atomic_load_explicit(&tls->table, memory_order_relaxed);
	for (size_t module = 1; module <= tls->highest_module; module++) {
		struct rl_tls_block *block = &table->slots[module].object->tls;
		block->offset = place(tls, block->size, block->align, block->first_offset);
		block->has_offset = true;
	}
	tls->own_offset = place(tls, sizeof(struct rl_thread), _Alignof(struct rl_thread), 0);
	tls->dtv_place = RL_PORT_DTV_PLACE;
	if (tls->dtv_give != NULL)
		tls->dtv_place = (ptrdiff_t)(uintptr_t)rl_tls_static_address(0, tls->own_offset)
				 + (ptrdiff_t)offsetof(struct rl_thread, cells);
	if (tls->extra_size != 0)
		tls->extra_offset = place(tls, tls->extra_size, tls->extra_align, 0);
	tls->static_start = tls->static_used;
	tls->static_limit = tls->static_used + tls->surplus;
	tls->static_size = round_up(tls->static_limit, tls->static_align) + linker->abi.thread_size;
}

enum rl_status rl_tls_static_add(struct rl_linker *linker, struct rl_object *object)
{
	struct rl_tls_state *tls = &linker->tls;
	struct rl_tls_block *block = &object->tls;
	if (block->has_offset)
		return RL_OK;
	struct rl_tls_state trial = *tls;
	size_t offset = place(&trial, block->size, block->align, block->first_offset);
	if (block->is_forced_dynamic || block->align > tls->static_align || trial.static_used > tls->static_limit)
		return RL_TLS_STATIC_FULL;
	tls->static_used = trial.static_used;
	tls->gap_low = trial.gap_low;
	tls->gap_high = trial.gap_high;
	block->offset = offset;
	block->has_offset = true;
	return RL_OK;
}

static void static_fill_thread(void *argument, uintptr_t thread_pointer)
{
	const struct rl_object *object = argument;
	char *start = rl_tls_static_address(thread_pointer, object->tls.offset);
	memcpy(start, object->tls.image, object->tls.image_size);
	memset(start + object->tls.image_size, 0, object->tls.size - object->tls.image_size);
}

void rl_tls_static_fill(struct rl_linker *linker, struct rl_object *object)
{
	linker->abi.threads_each(linker->abi.context, static_fill_thread, object);
}
