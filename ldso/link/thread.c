/* One thread's storage.  Everything here may run in a signal handler and in any thread, takes no lock, and touches no
 * libc.  Cells are filled by compare-and-exchange, so that a handler that interrupts the filling of a cell finds
 * either no block or the final one; changes of the vector itself happen with signals blocked. */
#include <string.h>

#include "../base/heap.h"
#include "../base/sys.h"
#include "linker.h"
#include "tls.h"

/* A thread looks at a module's object inside a read section of the linker that the state is part of. */
static struct rl_linker *linker_of(struct rl_tls_state *tls)
{
	return (struct rl_linker *)((char *)tls - offsetof(struct rl_linker, tls));
}

static struct rl_readers *readers_of(struct rl_tls_state *tls)
{
	return &linker_of(tls)->readers;
}

static struct rl_dtv *dtv_of_cells(struct rl_dtv_cell *cells)
{
	return (struct rl_dtv *)((char *)cells - offsetof(struct rl_dtv, generation));
}

/* Where the calling thread keeps its vector. */
static struct rl_dtv_cell **dtv_slot(const struct rl_tls_state *tls)
{
	return (struct rl_dtv_cell **)(rl_port_thread_pointer() + (uintptr_t)tls->dtv_place);
}

static struct rl_dtv *dtv_make(size_t capacity)
{
	struct rl_dtv *dtv = rl_heap_take(sizeof *dtv + capacity * sizeof dtv->cells[0]);
	if (dtv == NULL)
		return NULL;
	dtv->capacity = capacity;
	for (size_t i = 0; i < capacity; i++)
		dtv->cells[i].value = RL_TLS_UNALLOCATED;
	return dtv;
}

/* Cells a vector should have now: room for some more modules without growing. */
static size_t capacity_wanted(const struct rl_tls_state *tls)
{
	enum { SPARE = 14 };
	return __atomic_load_n(&tls->highest_module, __ATOMIC_RELAXED) + SPARE;
}

struct rl_dtv *rl_dtv_make(const struct rl_tls_state *tls)
{
	return dtv_make(capacity_wanted(tls));
}

bool rl_thread_attach(struct rl_tls_state *tls, uintptr_t thread_pointer)
{
	struct rl_dtv *dtv = dtv_make(capacity_wanted(tls));
	struct rl_roster_entry *entry = dtv == NULL ? NULL : rl_heap_take(sizeof *entry);
	if (entry == NULL) {
		rl_heap_give(dtv);
		return false;
	}
	entry->thread_pointer = thread_pointer;
	dtv->entry = entry;
	*rl_port_dtv_slot(thread_pointer) = &dtv->generation;
	return true;
}

static void block_free(struct rl_dtv_cell *cell)
{
	void *owned = cell->owned;
	cell->owned = NULL;
	cell->value = RL_TLS_UNALLOCATED;
	rl_heap_give(owned);
}

void rl_thread_fill(struct rl_tls_state *tls, uintptr_t thread_pointer)
{
	struct rl_dtv *dtv = dtv_of_cells(*rl_port_dtv_slot(thread_pointer));
	/* From here a module that becomes static is written to this thread, too; what became static before is seen below. */
	dtv->entry->limit = linker_of(tls)->is_running ? tls->static_limit : tls->first_limit;
	rl_roster_add(&tls->roster, dtv->entry);
	for (size_t i = 0; i < dtv->capacity; i++)
		block_free(&dtv->cells[i]);
	/* The generation is read before the table: a module that comes in between is found by the slow path. */
	size_t generation = atomic_load_explicit(&tls->generation, memory_order_acquire);
	if (__atomic_load_n(&tls->highest_module, __ATOMIC_RELAXED) > dtv->capacity)
		generation = 0; /* a reused stack whose vector is too short: the first access grows it */
	dtv->generation.value = (void *)generation;
	unsigned side = rl_readers_enter(readers_of(tls));
	struct rl_tls_table *table = atomic_load_explicit(&tls->table, memory_order_acquire);
	/* Static blocks are written even if there is no cell for them: code finds them without. */
	for (size_t module = 1; table != NULL && module < table->capacity; module++) {
		struct rl_object *object = __atomic_load_n(&table->slots[module].object, __ATOMIC_ACQUIRE);
		if (object == NULL || !object->tls.has_offset)
			continue;
		char *block = rl_tls_static_write(object, thread_pointer);
		if (module <= dtv->capacity)
			dtv->cells[module - 1].value = block;
	}
	rl_readers_leave(readers_of(tls), side);
	memset(rl_tls_static_address(thread_pointer, tls->own_offset), 0, sizeof(struct rl_thread));
}

void rl_dtv_clear(struct rl_dtv *dtv)
{
	for (size_t i = 0; i < dtv->capacity; i++)
		block_free(&dtv->cells[i]);
	dtv->generation.value = NULL;
	for (struct rl_dtv *old = dtv->previous; old != NULL;) {
		struct rl_dtv *previous = old->previous;
		rl_heap_give(old);
		old = previous;
	}
	dtv->previous = NULL;
}

void rl_thread_detach(struct rl_tls_state *tls, uintptr_t thread_pointer)
{
	void **slot = rl_port_dtv_slot(thread_pointer);
	if (*slot == NULL)
		return;
	struct rl_dtv *dtv = dtv_of_cells(*slot);
	rl_roster_remove(&tls->roster, dtv->entry);
	rl_heap_give(dtv->entry);
	*slot = NULL;
	rl_dtv_clear(dtv);
	rl_heap_give(dtv);
}

/* A vector with room for MODULE, the old one chained behind it.  Signals are blocked. */
static struct rl_dtv *dtv_grow(struct rl_tls_state *tls, struct rl_dtv *old, size_t module)
{
	size_t capacity = capacity_wanted(tls);
	if (capacity < module)
		capacity = module;
	if (capacity < old->capacity * 2)
		capacity = old->capacity * 2;
	struct rl_dtv *dtv = dtv_make(capacity);
	if (dtv == NULL)
		return NULL;
	memcpy(dtv->cells, old->cells, old->capacity * sizeof old->cells[0]);
	dtv->generation = old->generation;
	dtv->previous = old;
	dtv->entry = old->entry;
	dtv->holder = old->holder;
	if (dtv->holder != NULL)
		*dtv->holder = dtv;
	*dtv_slot(tls) = &dtv->generation;
	return dtv;
}

/* Bring the calling thread's vector to the present generation, with room for MODULE and for every module of that
 * generation: the fast paths compare generations only.  NULL without memory. */
static struct rl_dtv *dtv_update(struct rl_tls_state *tls, size_t module)
{
	uint64_t old_signals = rl_sys_signals_block();
	struct rl_dtv *dtv = dtv_of_cells(*dtv_slot(tls));
	size_t seen = (size_t)dtv->generation.value;
	size_t generation = atomic_load_explicit(&tls->generation, memory_order_acquire);
	struct rl_tls_table *table = atomic_load_explicit(&tls->table, memory_order_acquire);
	size_t highest = __atomic_load_n(&tls->highest_module, __ATOMIC_RELAXED);
	if (module > dtv->capacity || highest > dtv->capacity)
		dtv = dtv_grow(tls, dtv, module);
	if (dtv != NULL && seen != generation) {
		for (size_t i = 1; i <= dtv->capacity && i < table->capacity; i++) {
			size_t changed = table->slots[i].generation;
			if (changed > seen && changed <= generation)
				block_free(&dtv->cells[i - 1]);
		}
		dtv->generation.value = (void *)generation;
	}
	rl_sys_signals_restore(old_signals);
	return dtv;
}

/* Whether OBJECT's variables are static.  If they are not yet, they never will be: the first thread that asks decides. */
static bool is_static(struct rl_tls_state *tls, struct rl_object *object)
{
	if (object->tls.has_offset || object->tls.is_forced_dynamic)
		return object->tls.has_offset;
	uint64_t old_signals = rl_roster_lock(&tls->roster);
	if (!object->tls.has_offset)
		object->tls.is_forced_dynamic = true;
	rl_roster_unlock(&tls->roster, old_signals);
	return object->tls.has_offset;
}

/* Fill the cell of OBJECT's module: the static block if it has one, else a new block. */
static void *block_make(struct rl_tls_state *tls, struct rl_object *object, struct rl_dtv_cell *cell)
{
	void *none = RL_TLS_UNALLOCATED;
	if (is_static(tls, object)) {
		void *start = rl_tls_static_address(rl_port_thread_pointer(), object->tls.offset);
		__atomic_store_n(&cell->value, start, __ATOMIC_RELAXED);
		return start;
	}
	void *block = rl_heap_take_aligned(object->tls.size, object->tls.align);
	if (block == NULL)
		return NULL;
	memcpy(block, object->tls.image, object->tls.image_size);
	if (!__atomic_compare_exchange_n(&cell->value, &none, block, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		rl_heap_give(block); /* a signal handler was faster */
		return none;
	}
	cell->owned = block;
	return block;
}

static struct rl_object *module_object(const struct rl_tls_state *tls, size_t module)
{
	struct rl_tls_table *table = atomic_load_explicit(&tls->table, memory_order_acquire);
	if (table == NULL || module >= table->capacity)
		return NULL;
	return __atomic_load_n(&table->slots[module].object, __ATOMIC_ACQUIRE);
}

/* The first vector of a thread that was made without us. */
static bool dtv_start(struct rl_tls_state *tls)
{
	uint64_t old_signals = rl_sys_signals_block();
	if (*dtv_slot(tls) == NULL) { /* else a handler was faster */
		struct rl_dtv *dtv = tls->dtv_give(tls);
		if (dtv != NULL)
			*dtv_slot(tls) = &dtv->generation;
	}
	rl_sys_signals_restore(old_signals);
	return *dtv_slot(tls) != NULL;
}

struct rl_dtv *rl_thread_vector(struct rl_tls_state *tls)
{
	return *dtv_slot(tls) == NULL && !dtv_start(tls) ? NULL : dtv_of_cells(*dtv_slot(tls));
}

void *rl_thread_block(struct rl_tls_state *tls, size_t module)
{
	if (*dtv_slot(tls) == NULL) {
		/* Static blocks need no vector: many threads never get one. */
		unsigned side = rl_readers_enter(readers_of(tls));
		const struct rl_object *object = module_object(tls, module);
		bool has_offset = object != NULL && object->tls.has_offset;
		size_t offset = has_offset ? object->tls.offset : 0;
		rl_readers_leave(readers_of(tls), side);
		if (has_offset)
			return rl_tls_static_address(rl_port_thread_pointer(), offset);
		if (!dtv_start(tls))
			return NULL;
	}
	struct rl_dtv *dtv = dtv_of_cells(*dtv_slot(tls));
	if (module > dtv->capacity || (size_t)dtv->generation.value != atomic_load(&tls->generation)) {
		dtv = dtv_update(tls, module);
		if (dtv == NULL)
			return NULL;
	}
	struct rl_dtv_cell *cell = &dtv->cells[module - 1];
	if (cell->value != RL_TLS_UNALLOCATED)
		return cell->value;
	unsigned side = rl_readers_enter(readers_of(tls));
	struct rl_object *object = module_object(tls, module);
	void *block = object == NULL ? NULL : block_make(tls, object, cell);
	rl_readers_leave(readers_of(tls), side);
	return block;
}

void *rl_thread_block_soft(struct rl_tls_state *tls, const struct rl_object *object)
{
	size_t module = object->tls.module;
	if (module == 0)
		return NULL;
	struct rl_dtv_cell *cells = *dtv_slot(tls);
	if (cells == NULL)
		return object->tls.has_offset
			       ? rl_tls_static_address(rl_port_thread_pointer(), object->tls.offset)
			       : NULL;
	struct rl_dtv *dtv = dtv_of_cells(cells);
	const struct rl_tls_table *table = atomic_load_explicit(&tls->table, memory_order_acquire);
	bool is_current = table->slots[module].generation <= (size_t)cells[0].value;
	if (!is_current || module > dtv->capacity || dtv->cells[module - 1].value == RL_TLS_UNALLOCATED)
		return NULL;
	return dtv->cells[module - 1].value;
}

struct rl_thread *rl_thread_own(const struct rl_tls_state *tls)
{
	return (struct rl_thread *)rl_tls_static_address(rl_port_thread_pointer(), tls->own_offset);
}

void *rl_thread_variable(struct rl_tls_state *tls, const struct rl_tls_index *index)
{
	return rl_thread_address(tls, index);
}

uintptr_t rl_tls_descriptor_address(const struct rl_tls_descriptor *descriptor)
{
	char *block = rl_thread_block(descriptor->tls, descriptor->module);
	return (uintptr_t)(block + descriptor->offset);
}
