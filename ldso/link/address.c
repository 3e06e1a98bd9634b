/* The address table.  A writer fills the copy that readers do not use, then switches; a reader that was overtaken
 * by two switches sees the version change and looks again. */
#include "address.h"

#include <string.h>

#include "../base/heap.h"
#include "object.h"

static enum rl_status copy_reserve(struct rl_address_copy *copy, size_t count)
{
	if (count <= copy->capacity)
		return RL_OK;
	size_t capacity = count < 32 ? 32 : count * 2;
	struct rl_address_range *ranges = rl_heap_take(capacity * sizeof *ranges);
	if (ranges == NULL)
		return RL_NO_MEMORY;
	if (copy->count != 0)
		memcpy(ranges, copy->ranges, copy->count * sizeof *ranges);
	/* The old array stays: a reader may be in it.  Doubling bounds the loss to the size of the table. */
	__atomic_store_n(&copy->ranges, ranges, __ATOMIC_RELEASE);
	copy->capacity = capacity;
	return RL_OK;
}

enum rl_status rl_address_reserve(struct rl_address_table *table, size_t extra)
{
	size_t live = table->copies[atomic_load(&table->version) % 2].count;
	RL_TRY(copy_reserve(&table->copies[0], live + extra));
	return copy_reserve(&table->copies[1], live + extra);
}

/* Ranges of the spare copy are written while a reader that was overtaken may still read them: it will notice. */
static void range_put(struct rl_address_range *place, struct rl_address_range range)
{
	__atomic_store_n(&place->start, range.start, __ATOMIC_RELAXED);
	__atomic_store_n(&place->end, range.end, __ATOMIC_RELAXED);
	__atomic_store_n(&place->object, range.object, __ATOMIC_RELAXED);
}

static void range_insert(struct rl_address_copy *copy, struct rl_object *object)
{
	size_t at = copy->count;
	while (at > 0 && copy->ranges[at - 1].start > object->map_start) {
		range_put(&copy->ranges[at], copy->ranges[at - 1]);
		at--;
	}
	range_put(&copy->ranges[at], (struct rl_address_range){object->map_start, object->map_end, object});
	__atomic_store_n(&copy->count, copy->count + 1, __ATOMIC_RELEASE);
}

/* Start the spare copy as an image of the live one. */
static struct rl_address_copy *spare_begin(struct rl_address_table *table)
{
	size_t version = atomic_load(&table->version);
	struct rl_address_copy *live = &table->copies[version % 2], *spare = &table->copies[(version + 1) % 2];
	/* Nobody may see what is written here before the version that made this copy the spare one. */
	atomic_thread_fence(memory_order_release);
	for (size_t i = 0; i < live->count; i++)
		range_put(&spare->ranges[i], live->ranges[i]);
	__atomic_store_n(&spare->count, live->count, __ATOMIC_RELEASE);
	return spare;
}

static void spare_publish(struct rl_address_table *table)
{
	atomic_fetch_add(&table->version, 1);
}

void rl_address_add_list(struct rl_address_table *table, struct rl_object *first)
{
	struct rl_address_copy *spare = spare_begin(table);
	for (struct rl_object *object = first; object != NULL; object = object->next)
		if (object->map_end > object->map_start)
			range_insert(spare, object);
	spare_publish(table);
}

void rl_address_remove(struct rl_address_table *table, struct rl_object *const *objects, size_t count)
{
	struct rl_address_copy *spare = spare_begin(table);
	size_t kept = 0;
	for (size_t i = 0; i < spare->count; i++) {
		bool is_removed = false;
		for (size_t j = 0; j < count && !is_removed; j++)
			is_removed = spare->ranges[i].object == objects[j];
		if (!is_removed)
			range_put(&spare->ranges[kept++], spare->ranges[i]);
	}
	__atomic_store_n(&spare->count, kept, __ATOMIC_RELEASE);
	spare_publish(table);
}

static struct rl_object *copy_find(const struct rl_address_copy *copy, uintptr_t address)
{
	/* The count first: an array that is read after it has room for as many. */
	size_t low = 0, high = __atomic_load_n(&copy->count, __ATOMIC_ACQUIRE);
	const struct rl_address_range *ranges = __atomic_load_n(&copy->ranges, __ATOMIC_ACQUIRE);
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (__atomic_load_n(&ranges[middle].start, __ATOMIC_RELAXED) <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || address >= __atomic_load_n(&ranges[low - 1].end, __ATOMIC_RELAXED))
		return NULL;
	return __atomic_load_n(&ranges[low - 1].object, __ATOMIC_RELAXED);
}

struct rl_object *rl_address_find(struct rl_address_table *table, uintptr_t address)
{
	for (;;) {
		size_t version = atomic_load_explicit(&table->version, memory_order_acquire);
		struct rl_object *object = copy_find(&table->copies[version % 2], address);
		atomic_thread_fence(memory_order_acquire);
		if (atomic_load_explicit(&table->version, memory_order_relaxed) == version)
			return object;
	}
}
