/* The address table.  A writer fills the copy that readers do not use, then switches; a reader that was overtaken
 * by two switches reads a mixture of both, which ends as every search ends, sees the version change and looks again. */
#include "address.h"

#include "../base/heap.h"
#include "object.h"

static size_t ranges_count(const struct rl_address_ranges *ranges)
{
	return ranges == NULL ? 0 : atomic_load_explicit(&ranges->count, memory_order_relaxed);
}

static uintptr_t start_of(const struct rl_address_ranges *ranges, size_t i)
{
	return atomic_load_explicit(&ranges->starts[i], memory_order_relaxed);
}

static struct rl_object *object_of(const struct rl_address_ranges *ranges, size_t i)
{
	return atomic_load_explicit(&ranges->items[i].object, memory_order_relaxed);
}

static void range_set(struct rl_address_ranges *ranges, size_t i, uintptr_t start, uintptr_t end,
		      struct rl_object *object)
{
	atomic_store_explicit(&ranges->starts[i], start, memory_order_relaxed);
	atomic_store_explicit(&ranges->items[i].end, end, memory_order_relaxed);
	atomic_store_explicit(&ranges->items[i].object, object, memory_order_relaxed);
}

static void range_copy(struct rl_address_ranges *to, size_t at, const struct rl_address_ranges *from, size_t i)
{
	range_set(to, at, start_of(from, i), atomic_load_explicit(&from->items[i].end, memory_order_relaxed),
		  object_of(from, i));
}

static void ranges_copy(struct rl_address_ranges *to, const struct rl_address_ranges *from)
{
	size_t count = ranges_count(from);
	for (size_t i = 0; i < count; i++)
		range_copy(to, i, from, i);
	atomic_store_explicit(&to->count, count, memory_order_relaxed);
}

static enum rl_status copy_reserve(_Atomic(struct rl_address_ranges *) *copy, size_t count)
{
	struct rl_address_ranges *old = atomic_load_explicit(copy, memory_order_relaxed);
	if (old != NULL && count <= old->capacity)
		return RL_OK;
	size_t capacity = count < 8 ? 16 : count * 2;
	struct rl_address_ranges *ranges = rl_heap_take(
		sizeof *ranges + capacity * (sizeof ranges->starts[0] + sizeof ranges->items[0]));
	if (ranges == NULL)
		return RL_NO_MEMORY;
	ranges->capacity = capacity;
	ranges->items = (struct rl_address_range *)(ranges->starts + capacity);
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

static void range_insert(struct rl_address_ranges *ranges, uintptr_t start, uintptr_t end, struct rl_object *object)
{
	size_t at = atomic_load_explicit(&ranges->count, memory_order_relaxed);
	atomic_store_explicit(&ranges->count, at + 1, memory_order_relaxed);
	for (; at > 0 && start_of(ranges, at - 1) > start; at--)
		range_copy(ranges, at, ranges, at - 1);
	range_set(ranges, at, start, end, object);
}

/* The mapping of OBJECT, and its parts that lie elsewhere. */
static void object_insert(struct rl_address_ranges *ranges, struct rl_object *object)
{
	const struct rl_image *image = &object->image;
	size_t placed = rl_object_placed(object);
	range_insert(ranges, object->map_start, object->map_end, object);
	for (size_t i = image->phdr_count - placed; i < image->phdr_count; i++) {
		uintptr_t start = image->bias + image->phdrs[i].p_vaddr;
		range_insert(ranges, start, start + image->phdrs[i].p_memsz, object);
	}
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
			object_insert(spare, object);
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
			is_removed = object_of(spare, i) == objects[j];
		if (!is_removed)
			range_copy(spare, kept++, spare, i);
	}
	atomic_store_explicit(&spare->count, kept, memory_order_relaxed);
	spare_publish(table);
}

struct rl_object *rl_address_find(struct rl_address_table *table, uintptr_t address)
{
	for (;;) {
		size_t version = rl_address_version(table);
		struct rl_object *object = rl_address_search(table, version, address).object;
		if (rl_address_is_version(table, version))
			return object;
	}
}

struct rl_object *rl_address_object(struct rl_address_table *table, uintptr_t address)
{
	struct rl_object *object = rl_address_find(table, address);
	if (object != NULL && !object->is_contiguous
	    && rl_image_segment(&object->image, address - object->image.bias) == NULL)
		return NULL;
	return object;
}
