/* Handles: for our objects a link_map of ours, for adopted ones the host's own. */
#include "host.h"

#include <string.h>

#include "../../base/heap.h"

static const uint64_t magic = UINT64_C(0x9c5d3f71e0b8a264);

void rl_host_static_note(struct rl_host *host, struct rl_object *object, const void *block)
{
	uintptr_t pointer = rl_port_thread_pointer(), data = (uintptr_t)block;
	size_t offset = RL_TLS_BELOW_TP ? pointer - data : data - pointer, size = SIZE_MAX, align;
	if (host->functions.static_info != NULL)
		host->functions.static_info(&size, &align);
	if (block == NULL || offset > size)
		return;
	object->tls.offset = offset;
	object->tls.has_offset = true;
}

enum rl_status rl_host_shadow_make(struct rl_host *host, struct rl_object *object)
{
	struct rl_host_shadow *shadow = rl_heap_take(sizeof *shadow);
	if (shadow == NULL)
		return RL_NO_MEMORY;
	shadow->object = object;
	shadow->magic = magic;
	shadow->map = (struct rl_host_map){
		.l_addr = object->image.bias, .l_name = object->path, .l_ld = (Elf64_Dyn *)object->dynamic.entries};
	object->shadow = shadow;
	if (!object->is_hosted)
		return RL_OK;
	shadow->hosted = host->adopting;
	const struct rl_phdr_info *info = host->adopting_info;
	if (object->tls.size == 0)
		return RL_OK;
	object->tls.module = info->dlpi_tls_modid;
	/* What the host placed at start, or promised to place, is at the same distance in every thread. */
	bool is_static = !host->is_started || (object->dynamic.flags & DF_STATIC_TLS);
	if (is_static)
		rl_host_static_note(host, object, info->dlpi_tls_data);
	return RL_OK;
}

void *rl_host_handle(const struct rl_object *object)
{
	struct rl_host_shadow *shadow = rl_host_shadow(object);
	return shadow->hosted != NULL ? (void *)shadow->hosted : (void *)&shadow->map;
}

static size_t place_first(const struct rl_host_map_table *table, const void *handle)
{
	return (((uintptr_t)handle >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (table->capacity - 1);
}

enum rl_status rl_host_maps_publish(struct rl_host *host)
{
	size_t count = 0, capacity = 64;
	for (struct rl_object *object = host->linker->base.first; object != NULL; object = object->next)
		count += object->is_hosted;
	while (capacity < count * 2)
		capacity *= 2;
	struct rl_host_map_table *table = rl_heap_take(sizeof *table + capacity * sizeof table->objects[0]);
	if (table == NULL)
		return RL_NO_MEMORY;
	table->capacity = capacity;
	for (struct rl_object *object = host->linker->base.first; object != NULL; object = object->next) {
		if (!object->is_hosted)
			continue;
		size_t at = place_first(table, rl_host_handle(object));
		while (atomic_load_explicit(&table->objects[at], memory_order_relaxed) != NULL)
			at = (at + 1) & (capacity - 1);
		atomic_store_explicit(&table->objects[at], object, memory_order_relaxed);
	}
	rl_readers_retire(&host->linker->readers, atomic_exchange(&host->map_table, table));
	return RL_OK;
}

void rl_host_map_forget(struct rl_host *host, const struct rl_object *object)
{
	struct rl_host_map_table *table = atomic_load(&host->map_table);
	for (size_t at = 0; table != NULL && at < table->capacity; at++)
		if (atomic_load(&table->objects[at]) == object)
			atomic_store(&table->objects[at], &host->front.object); /* keeps chains whole, and is nobody's handle */
}

/* musl tells programs that a handle is none, so that it may not be looked into. */
static struct rl_object *own_find(struct rl_host *host, const void *handle)
{
	struct rl_object *found = NULL;
	unsigned side = rl_readers_enter(&host->linker->readers);
	struct rl_host_list *list = atomic_load(&host->list);
	for (size_t i = 0; found == NULL && list != NULL && i < atomic_load(&list->count); i++) {
		struct rl_object *object = atomic_load(&list->items[i].object);
		if (object != NULL && object->shadow == handle)
			found = object;
	}
	rl_readers_leave(&host->linker->readers, side);
	return found;
}

struct rl_object *rl_host_object(struct rl_host *host, const void *handle)
{
	const struct rl_host_shadow *shadow = handle;
	if (shadow == NULL)
		return NULL;
	if (!host->is_glibc) {
		struct rl_object *own = own_find(host, handle);
		if (own != NULL)
			return own;
	} else if (shadow->magic == magic) {
		return shadow->object;
	}
	unsigned side = rl_readers_enter(&host->linker->readers);
	const struct rl_host_map_table *table = atomic_load_explicit(&host->map_table, memory_order_acquire);
	struct rl_object *object;
	for (size_t at = place_first(table, handle);; at = (at + 1) & (table->capacity - 1)) {
		object = atomic_load_explicit(&table->objects[at], memory_order_acquire);
		if (object == NULL || (object != &host->front.object && rl_host_handle(object) == handle))
			break;
	}
	rl_readers_leave(&host->linker->readers, side);
	return object;
}
