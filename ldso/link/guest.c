/* One thread's storage where threads are another linker's: see guest.h.  Lookups take no lock and may run in any
 * context; what changes a record runs with signals blocked, so that no handler meets it half done. */
#include "guest.h"

#include <string.h>

#include "../base/heap.h"
#include "../base/sys.h"
#include "linker.h"

/* The block of one module in one thread; it counts while the slot of the module has the same generation. */
struct cell {
	size_t generation;
	void *block;
};

struct cells {
	size_t capacity;
	struct cell items[];
};

/* Records live for ever and serve another thread when theirs has left. */
struct rl_guest_thread {
	atomic_uintptr_t thread_pointer; /* 0: free */
	_Atomic(struct cells *) cells;
	struct rl_thread own;
};

/* Open addressing by thread pointer.  A place is never emptied: free records keep chains whole. */
struct rl_guest_table {
	size_t count, capacity; /* capacity is a power of two */
	_Atomic(struct rl_guest_thread *) places[];
};

static size_t place_first(const struct rl_guest_table *table, uintptr_t thread_pointer)
{
	uint64_t mixed = (thread_pointer >> 6) * UINT64_C(0x9e3779b97f4a7c15);
	return (mixed >> 32) & (table->capacity - 1);
}

static struct rl_guest_thread *thread_find(const struct rl_guest *guest, uintptr_t thread_pointer)
{
	const struct rl_guest_table *table = atomic_load_explicit(&guest->table, memory_order_acquire);
	if (table == NULL)
		return NULL;
	for (size_t at = place_first(table, thread_pointer);; at = (at + 1) & (table->capacity - 1)) {
		struct rl_guest_thread *thread = atomic_load_explicit(&table->places[at], memory_order_acquire);
		if (thread == NULL)
			return NULL;
		if (atomic_load_explicit(&thread->thread_pointer, memory_order_relaxed) == thread_pointer)
			return thread;
	}
}

/* The first place on the way of THREAD_POINTER that is empty or holds a free record. */
static size_t place_free(const struct rl_guest_table *table, uintptr_t thread_pointer)
{
	size_t at = place_first(table, thread_pointer);
	for (;; at = (at + 1) & (table->capacity - 1)) {
		struct rl_guest_thread *thread = atomic_load_explicit(&table->places[at], memory_order_relaxed);
		/* Who takes a free record sees what its last owner left in it. */
		if (thread == NULL || atomic_load_explicit(&thread->thread_pointer, memory_order_acquire) == 0)
			return at;
	}
}

/* A table of twice the size with the records in use.  The old one stays, for a thread may be reading it; its free
 * records are lost with it.  Doubling bounds both. */
static struct rl_guest_table *table_grow(struct rl_guest *guest, const struct rl_guest_table *old)
{
	enum { START = 64 };
	size_t capacity = old == NULL ? START : old->capacity * 2;
	struct rl_guest_table *table = rl_heap_take(sizeof *table + capacity * sizeof table->places[0]);
	if (table == NULL)
		return NULL;
	table->capacity = capacity;
	for (size_t i = 0; old != NULL && i < old->capacity; i++) {
		struct rl_guest_thread *thread = atomic_load(&old->places[i]);
		uintptr_t thread_pointer = thread == NULL ? 0 : atomic_load(&thread->thread_pointer);
		if (thread_pointer == 0)
			continue;
		size_t at = place_first(table, thread_pointer);
		while (atomic_load(&table->places[at]) != NULL)
			at = (at + 1) & (capacity - 1);
		atomic_store(&table->places[at], thread);
		table->count++;
	}
	atomic_store_explicit(&guest->table, table, memory_order_release);
	return table;
}

static struct rl_guest_thread *thread_add(struct rl_guest *guest, uintptr_t thread_pointer)
{
	struct rl_guest_table *table = atomic_load(&guest->table);
	if (table == NULL || table->count * 2 >= table->capacity)
		table = table_grow(guest, table);
	if (table == NULL)
		return NULL;
	size_t at = place_free(table, thread_pointer);
	struct rl_guest_thread *thread = atomic_load(&table->places[at]);
	if (thread == NULL) {
		thread = rl_heap_take(sizeof *thread);
		if (thread == NULL)
			return NULL;
		table->count++;
	}
	atomic_store(&thread->thread_pointer, thread_pointer);
	atomic_store_explicit(&table->places[at], thread, memory_order_release);
	return thread;
}

static void guest_lock(struct rl_guest *guest)
{
	while (atomic_exchange_explicit(&guest->lock, 1, memory_order_acquire) != 0)
		rl_port_pause();
}

static void guest_unlock(struct rl_guest *guest)
{
	atomic_store_explicit(&guest->lock, 0, memory_order_release);
}

/* The record of the calling thread, made if need be.  Signals are blocked. */
static struct rl_guest_thread *thread_enter(struct rl_guest *guest)
{
	uintptr_t thread_pointer = rl_port_thread_pointer();
	struct rl_guest_thread *thread = thread_find(guest, thread_pointer);
	if (thread != NULL)
		return thread;
	guest_lock(guest);
	thread = thread_add(guest, thread_pointer);
	guest_unlock(guest);
	if (thread != NULL)
		guest->thread_enter(thread);
	return thread;
}

static void cells_free(struct rl_guest_thread *thread)
{
	struct cells *cells = atomic_exchange(&thread->cells, NULL);
	for (size_t i = 0; cells != NULL && i < cells->capacity; i++)
		rl_heap_give(cells->items[i].block);
	rl_heap_give(cells);
}

void rl_guest_leave(struct rl_tls_state *tls, struct rl_guest_thread *thread)
{
	struct rl_guest *guest = tls->guest;
	uint64_t old_signals = rl_sys_signals_block();
	if (guest->released != NULL)
		guest->released(guest);
	cells_free(thread);
	thread->own = (struct rl_thread){0};
	atomic_store(&thread->thread_pointer, 0);
	rl_sys_signals_restore(old_signals);
}

struct rl_thread *rl_guest_words(struct rl_guest_thread *thread)
{
	return &thread->own;
}

void rl_guest_forked(struct rl_tls_state *tls)
{
	struct rl_guest *guest = tls->guest;
	struct rl_guest_table *table = atomic_load(&guest->table);
	atomic_store(&guest->lock, 0);
	for (size_t i = 0; table != NULL && i < table->capacity; i++) {
		struct rl_guest_thread *thread = atomic_load(&table->places[i]);
		if (thread != NULL && atomic_load(&thread->thread_pointer) != 0
		    && atomic_load(&thread->thread_pointer) != rl_port_thread_pointer())
			rl_guest_leave(tls, thread);
	}
}

struct rl_thread *rl_thread_own(const struct rl_tls_state *tls)
{
	struct rl_guest_thread *thread = thread_find(tls->guest, rl_port_thread_pointer());
	if (thread == NULL) {
		uint64_t old_signals = rl_sys_signals_block();
		thread = thread_enter(tls->guest);
		rl_sys_signals_restore(old_signals);
	}
	return thread == NULL ? NULL : &thread->own;
}

static const struct rl_tls_slot *slot_of(struct rl_tls_state *tls, size_t module)
{
	struct rl_tls_table *table = atomic_load_explicit(&tls->table, memory_order_acquire);
	size_t index = module & ~RL_GUEST_MODULES;
	return table != NULL && index < table->capacity ? &table->slots[index] : NULL;
}

/* The block of a module that lies at the same place in all threads, or NULL. */
static void *block_static(const struct rl_tls_slot *slot)
{
	const struct rl_object *object = slot == NULL ? NULL : __atomic_load_n(&slot->object, __ATOMIC_ACQUIRE);
	if (object == NULL || !object->tls.has_offset)
		return NULL;
	return rl_tls_static_address(rl_port_thread_pointer(), object->tls.offset);
}

/* The block of MODULE if the calling thread has it. */
static void *block_find(struct rl_tls_state *tls, size_t module)
{
	const struct rl_tls_slot *slot = slot_of(tls, module);
	struct rl_guest_thread *thread = thread_find(tls->guest, rl_port_thread_pointer());
	if ((module & RL_GUEST_MODULES) == 0 || slot == NULL || thread == NULL)
		return NULL;
	struct cells *cells = atomic_load_explicit(&thread->cells, memory_order_acquire);
	size_t index = module & ~RL_GUEST_MODULES;
	if (cells == NULL || index >= cells->capacity || cells->items[index].generation != slot->generation)
		return NULL;
	return cells->items[index].block;
}

void *rl_thread_block_soft(struct rl_tls_state *tls, const struct rl_object *object)
{
	if (object->tls.has_offset)
		return rl_tls_static_address(rl_port_thread_pointer(), object->tls.offset);
	return block_find(tls, object->tls.module);
}

static bool cells_reserve(struct rl_guest_thread *thread, size_t index)
{
	struct cells *old = atomic_load(&thread->cells);
	size_t capacity = old == NULL ? 16 : old->capacity;
	if (old != NULL && index < capacity)
		return true;
	while (capacity <= index)
		capacity *= 2;
	struct cells *cells = rl_heap_take(sizeof *cells + capacity * sizeof cells->items[0]);
	if (cells == NULL)
		return false;
	if (old != NULL)
		memcpy(cells->items, old->items, old->capacity * sizeof old->items[0]);
	cells->capacity = capacity;
	atomic_store(&thread->cells, cells);
	rl_heap_give(old); /* only this thread reads it, and its signals are blocked */
	return true;
}

/* The block of MODULE, which the thread has not got yet.  Signals are blocked. */
static void *block_make(struct rl_tls_state *tls, size_t module)
{
	size_t index = module & ~RL_GUEST_MODULES;
	const struct rl_tls_slot *slot = slot_of(tls, module);
	struct rl_object *object = slot == NULL ? NULL : __atomic_load_n(&slot->object, __ATOMIC_ACQUIRE);
	struct rl_guest_thread *thread = object == NULL ? NULL : thread_enter(tls->guest);
	if (thread == NULL || !cells_reserve(thread, index))
		return NULL;
	struct cell *cell = &atomic_load(&thread->cells)->items[index];
	if (cell->generation == slot->generation && cell->block != NULL)
		return cell->block; /* a signal handler was faster */
	rl_heap_give(cell->block);
	cell->block = NULL;
	cell->generation = slot->generation;
	void *block = rl_heap_take_aligned(object->tls.size, object->tls.align);
	if (block == NULL)
		return NULL;
	if (tls->guest->acquired != NULL)
		tls->guest->acquired(tls->guest);
	memcpy(block, object->tls.image, object->tls.image_size);
	guest_lock(tls->guest);
	bool is_static = object->tls.has_offset; /* since a moment */
	if (!is_static)
		cell->block = block;
	guest_unlock(tls->guest);
	if (!is_static)
		return block;
	rl_heap_give(block);
	return block_static(slot);
}

void *rl_thread_block(struct rl_tls_state *tls, size_t module)
{
	void *block = block_find(tls, module);
	if (block == NULL && (module & RL_GUEST_MODULES) != 0)
		block = block_static(slot_of(tls, module));
	if (block != NULL)
		return block;
	if (tls->guest->block_ask != NULL) {
		const struct rl_tls_slot *slot = slot_of(tls, module);
		struct rl_object *object = slot == NULL ? NULL : __atomic_load_n(&slot->object, __ATOMIC_ACQUIRE);
		block = object == NULL ? NULL : tls->guest->block_ask(object);
		if (block != NULL)
			return block;
	}
	uint64_t old_signals = rl_sys_signals_block();
	block = block_make(tls, module);
	rl_sys_signals_restore(old_signals);
	return block;
}

void *rl_thread_variable(struct rl_tls_state *tls, const struct rl_tls_index *index)
{
	if ((index->module & RL_GUEST_MODULES) == 0)
		return tls->guest->host_address(index);
	char *block = rl_thread_block(tls, index->module);
	/* The offset may be any number that a damaged file has. */
	return block == NULL ? NULL : (void *)((uintptr_t)block + index->offset + RL_TLS_DTV_BIAS);
}

static uintptr_t descriptor_slow(uintptr_t argument)
{
	const struct rl_tls_descriptor *descriptor = (const struct rl_tls_descriptor *)argument;
	struct rl_tls_index index = {descriptor->module, descriptor->offset - RL_TLS_DTV_BIAS};
	return (uintptr_t)rl_thread_variable(descriptor->tls, &index);
}

/* From the assembly entry, whose caller keeps vector registers: the host's functions may use them. */
uintptr_t rl_tls_descriptor_address(const struct rl_tls_descriptor *descriptor)
{
	char *block = block_find(descriptor->tls, descriptor->module);
	if (block != NULL)
		return (uintptr_t)(block + descriptor->offset);
	return rl_port_call_preserving(descriptor_slow, (uintptr_t)descriptor);
}

/* Whether some thread has a block of OBJECT already. */
static bool is_touched(const struct rl_tls_state *tls, const struct rl_object *object)
{
	struct rl_guest_table *table = atomic_load(&tls->guest->table);
	size_t index = object->tls.module & ~RL_GUEST_MODULES;
	size_t generation = atomic_load(&tls->table)->slots[index].generation;
	for (size_t i = 0; table != NULL && i < table->capacity; i++) {
		struct rl_guest_thread *thread = atomic_load(&table->places[i]);
		struct cells *cells = thread == NULL ? NULL : atomic_load(&thread->cells);
		if (cells != NULL && index < cells->capacity && cells->items[index].generation == generation
		    && cells->items[index].block != NULL)
			return true;
	}
	return false;
}

/* OBJECT has its place, unless a thread has a block elsewhere: then it keeps that. */
static bool static_commit(const struct rl_tls_state *tls, struct rl_object *object)
{
	uint64_t old_signals = rl_sys_signals_block();
	guest_lock(tls->guest);
	object->tls.has_offset = !is_touched(tls, object);
	guest_unlock(tls->guest);
	rl_sys_signals_restore(old_signals);
	return object->tls.has_offset;
}

/* What the host placed in its static area can be reached by an offset, and what no thread has yet and the host takes. */
enum rl_status rl_tls_static_add(struct rl_linker *linker, struct rl_object *object, struct rl_tls_lack *out_lack)
{
	const struct rl_guest *guest = linker->tls.guest;
	if (object->tls.has_offset)
		return RL_OK;
	*out_lack = (struct rl_tls_lack){.obstacle = RL_TLS_NOT_OURS, .wanted = object->tls.size};
	if (guest->static_take == NULL || object->is_hosted || object->tls.size == 0)
		return RL_TLS_STATIC_FULL;
	out_lack->obstacle = RL_TLS_IN_USE;
	if (is_touched(&linker->tls, object))
		return RL_TLS_STATIC_FULL;
	out_lack->obstacle = RL_TLS_AREA_FULL;
	if (!guest->static_take(object))
		return RL_TLS_STATIC_FULL;
	if (static_commit(&linker->tls, object))
		return RL_OK;
	out_lack->obstacle = RL_TLS_IN_USE;
	guest->static_give(object);
	return RL_TLS_STATIC_FULL;
}

bool rl_tls_static_offer(struct rl_linker *linker, struct rl_object *object)
{
	(void)linker;
	return object->tls.has_offset;
}

void rl_tls_static_fill(struct rl_linker *linker, struct rl_object *object)
{
	if (linker->tls.guest->static_fill != NULL && !object->is_hosted)
		linker->tls.guest->static_fill(object);
}
