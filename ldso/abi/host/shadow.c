/* Handles: for our objects a link_map of ours, for adopted ones the host's own. */
#include "host.h"

#include <string.h>

#include "../../base/heap.h"

static const uint64_t magic = UINT64_C(0x9c5d3f71e0b8a264);

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
	const struct rl_host_phdr_info *info = host->adopting_info;
	if (object->tls.size == 0)
		return RL_OK;
	object->tls.module = info->dlpi_tls_modid;
	/* What the host placed at start, or promised to place, is at the same distance in every thread. */
	bool is_static = !host->is_started || (object->dynamic.flags & DF_STATIC_TLS);
	if (is_static && info->dlpi_tls_data != NULL) {
		uintptr_t pointer = rl_port_thread_pointer(), data = (uintptr_t)info->dlpi_tls_data;
		object->tls.offset = RL_TLS_BELOW_TP ? pointer - data : data - pointer;
		object->tls.has_offset = true;
	}
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
		while (table->objects[at] != NULL)
			at = (at + 1) & (capacity - 1);
		table->objects[at] = object;
	}
	struct rl_host_map_table *old = atomic_exchange(&host->map_table, table);
	if (old != NULL && rl_readers_wait(&host->linker->readers))
		rl_heap_give(old);
	return RL_OK;
}

struct rl_object *rl_host_object(struct rl_host *host, const void *handle)
{
	const struct rl_host_shadow *shadow = handle;
	if (shadow == NULL)
		return NULL;
	if (shadow->magic == magic)
		return shadow->object;
	unsigned side = rl_readers_enter(&host->linker->readers);
	const struct rl_host_map_table *table = atomic_load_explicit(&host->map_table, memory_order_acquire);
	struct rl_object *object;
	for (size_t at = place_first(table, handle);; at = (at + 1) & (table->capacity - 1)) {
		object = table->objects[at];
		if (object == NULL || rl_host_handle(object) == handle)
			break;
	}
	rl_readers_leave(&host->linker->readers, side);
	return object;
}
