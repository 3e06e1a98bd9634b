/* The address table.  A writer fills the copy that readers do not use, then switches; a reader that was overtaken
 * by two switches reads a mixture of both, which ends as every search ends, sees the version change and looks again. */
#include "address.h"

#include "../base/heap.h"
#include "object.h"

static size_t ranges_count(const struct rl_address_ranges *ranges)
{
	return ranges == NULL ? 0 : atomic_load_explicit(&ranges->count, memory_order_relaxed);
}

static void range_copy(struct rl_address_range *to, const struct rl_address_range *from)
{
	atomic_store_explicit(&to->start, atomic_load_explicit(&from->start, memory_order_relaxed),
			      memory_order_relaxed);
	atomic_store_explicit(&to->end, atomic_load_explicit(&from->end, memory_order_relaxed), memory_order_relaxed);
	atomic_store_explicit(&to->object, atomic_load_explicit(&from->object, memory_order_relaxed),
			      memory_order_relaxed);
}

static void ranges_copy(struct rl_address_ranges *to, const struct rl_address_ranges *from)
{
	size_t count = ranges_count(from);
	for (size_t i = 0; i < count; i++)
		range_copy(&to->items[i], &from->items[i]);
	atomic_store_explicit(&to->count, count, memory_order_relaxed);
}

static enum rl_status copy_reserve(_Atomic(struct rl_address_ranges *) *copy, size_t count)
{
	struct rl_address_ranges *old = atomic_load_explicit(copy, memory_order_relaxed);
	if (old != NULL && count <= old->capacity)
		return RL_OK;
	size_t capacity = count < 32 ? 32 : count * 2;
	struct rl_address_ranges *ranges = rl_heap_take(sizeof *ranges + capacity * sizeof ranges->items[0]);
	if (ranges == NULL)
		return RL_NO_MEMORY;
	ranges->capacity = capacity;
	ranges_copy(ranges, old);
	/* The old array stays: a reader may be in it.  Doubling bounds the loss to the size of the table. */
	atomic_store_explicit(copy, ranges, memory_order_release);
	return RL_OK;
}

enum rl_status rl_address_reserve(struct rl_address_table *table, size_t extra)
{
	size_t live = ranges_count(atomic_load(&table->copies[atomic_load(&table->version) % 2]));
	RL_TRY(copy_reserve(&table->copies[0], live + extra));
	return copy_reserve(&table->copies[1], live + extra);
}

static void range_insert(struct rl_address_ranges *ranges, struct rl_object *object)
{
	size_t at = atomic_load_explicit(&ranges->count, memory_order_relaxed);
	atomic_store_explicit(&ranges->count, at + 1, memory_order_relaxed);
	for (; at > 0 && atomic_load_explicit(&ranges->items[at - 1].start, memory_order_relaxed) > object->map_start;
	     at--)
		range_copy(&ranges->items[at], &ranges->items[at - 1]);
	atomic_store_explicit(&ranges->items[at].start, object->map_start, memory_order_relaxed);
	atomic_store_explicit(&ranges->items[at].end, object->map_end, memory_order_relaxed);
	atomic_store_explicit(&ranges->items[at].object, object, memory_order_relaxed);
}

/* Start the spare copy as an image of the live one. */
static struct rl_address_ranges *spare_begin(struct rl_address_table *table)
{
	size_t version = atomic_load(&table->version);
	struct rl_address_ranges *spare = atomic_load(&table->copies[(version + 1) % 2]);
	/* Who sees a change of the spare copy sees that it is no longer the live one. */
	atomic_thread_fence(memory_order_release);
	ranges_copy(spare, atomic_load(&table->copies[version % 2]));
	return spare;
}

static void spare_publish(struct rl_address_table *table)
{
	atomic_fetch_add(&table->version, 1);
}

void rl_address_add_list(struct rl_address_table *table, struct rl_object *first)
{
	struct rl_address_ranges *spare = spare_begin(table);
	for (struct rl_object *object = first; object != NULL; object = object->next)
		if (object->map_end > object->map_start && object->real == NULL)
			range_insert(spare, object);
	spare_publish(table);
}

void rl_address_remove(struct rl_address_table *table, struct rl_object *const *objects, size_t count)
{
	if (atomic_load(&table->copies[0]) == NULL)
		return;
	struct rl_address_ranges *spare = spare_begin(table);
	size_t kept = 0, all = atomic_load_explicit(&spare->count, memory_order_relaxed);
	for (size_t i = 0; i < all; i++) {
		bool is_removed = false;
		for (size_t j = 0; j < count && !is_removed; j++)
			is_removed = atomic_load_explicit(&spare->items[i].object, memory_order_relaxed) == objects[j];
		if (!is_removed)
			range_copy(&spare->items[kept++], &spare->items[i]);
	}
	atomic_store_explicit(&spare->count, kept, memory_order_relaxed);
	spare_publish(table);
}

static struct rl_object *ranges_find(const struct rl_address_ranges *ranges, uintptr_t address)
{
	size_t low = 0, high = ranges_count(ranges);
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (atomic_load_explicit(&ranges->items[middle].start, memory_order_relaxed) <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || address >= atomic_load_explicit(&ranges->items[low - 1].end, memory_order_relaxed))
		return NULL;
	return atomic_load_explicit(&ranges->items[low - 1].object, memory_order_relaxed);
}

struct rl_object *rl_address_find(struct rl_address_table *table, uintptr_t address)
{
	for (;;) {
		size_t version = rl_address_version(table);
		struct rl_object *object = ranges_find(
			atomic_load_explicit(&table->copies[version % 2], memory_order_acquire), address);
		if (rl_address_is_version(table, version))
			return object;
	}
}
