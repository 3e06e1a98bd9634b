/* Our objects as the process's unwinders and tools see them.  Read without a lock, in a read section: an object that is
 * unloaded meanwhile keeps its memory until readers have left, or for ever, and its place in the list is not used
 * again. */
#include "host.h"

#include "../../base/heap.h"

static struct rl_host_list *list_make(size_t capacity)
{
	struct rl_host_list *list = rl_heap_take(sizeof *list + capacity * sizeof list->items[0]);
	if (list != NULL)
		list->capacity = capacity;
	return list;
}

/* No reader looks at it yet. */
static void list_append(struct rl_host_list *list, struct rl_object *object)
{
	size_t count = atomic_load(&list->count);
	struct rl_host_listed *item = &list->items[count];
	item->shown = (struct rl_host_shown){.addr = object->image.bias,
					     .name = object->path,
					     .phdr = object->phdr,
					     .phnum = (uint16_t)object->image.phdr_count,
					     .tls_module = object->tls.module};
	atomic_store(&item->object, object);
	atomic_store(&list->count, count + 1);
}

/* A new list without the gaps, and with room. */
static struct rl_host_list *list_renew(struct rl_host *host, struct rl_host_list *old)
{
	enum { START = 32 };
	size_t live = 0;
	size_t count = old == NULL ? 0 : atomic_load(&old->count);
	for (size_t i = 0; i < count; i++)
		live += atomic_load(&old->items[i].object) != NULL;
	struct rl_host_list *list = list_make(live < START / 2 ? START : live * 2);
	if (list == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		struct rl_object *object = atomic_load(&old->items[i].object);
		if (object != NULL)
			list_append(list, object);
	}
	atomic_store(&host->list, list);
	rl_readers_retire(&host->linker->readers, old);
	return list;
}

enum rl_status rl_host_list_add(struct rl_host *host, struct rl_object *object)
{
	struct rl_host_list *list = atomic_load(&host->list);
	if (list == NULL || atomic_load(&list->count) == list->capacity)
		list = list_renew(host, list);
	if (list == NULL)
		return RL_NO_MEMORY;
	list_append(list, object);
	atomic_fetch_add(&host->adds, 1);
	return RL_OK;
}

void rl_host_list_remove(struct rl_host *host, struct rl_object *object)
{
	struct rl_host_list *list = atomic_load(&host->list);
	for (size_t i = 0; list != NULL && i < atomic_load(&list->count); i++)
		if (atomic_load(&list->items[i].object) == object) {
			atomic_store(&list->items[i].object, NULL);
			atomic_fetch_add(&host->subs, 1);
		}
}

static int host_find_object(const struct rl_host *host, uintptr_t address, struct rl_found_object *out_result)
{
	return host->functions.find_object == NULL ? -1 : host->functions.find_object((void *)address, out_result);
}

/* What the host has said of an object that stays, or what it says now.  The reserved words are left as they are, as the
 * host leaves them. */
static int hosted_find(const struct rl_host *host, const struct rl_object *object, uintptr_t address,
		       struct rl_found_object *out_result)
{
	const struct rl_host_shadow *shadow = object == NULL ? NULL : rl_host_shadow(object);
	if (shadow == NULL || address < shadow->found.dlfo_map_start || address >= shadow->found.dlfo_map_end)
		return host_find_object(host, address, out_result);
	out_result->dlfo_flags = shadow->found.dlfo_flags;
	out_result->dlfo_map_start = shadow->found.dlfo_map_start;
	out_result->dlfo_map_end = shadow->found.dlfo_map_end;
	out_result->dlfo_link_map = shadow->found.dlfo_link_map;
	out_result->dlfo_eh_frame = shadow->found.dlfo_eh_frame;
	return 0;
}

int rl_host_find_object(struct rl_host *host, uintptr_t address, struct rl_found_object *out_result)
{
	const struct rl_object *object = rl_address_find(&host->linker->addresses, address);
	if (object == NULL || object->is_hosted)
		return hosted_find(host, object, address, out_result);
	if (object->eh_frame_header == NULL)
		return -1;
	out_result->dlfo_flags = 0;
	out_result->dlfo_map_start = object->map_start;
	out_result->dlfo_map_end = object->map_end;
	out_result->dlfo_link_map = rl_host_handle(object);
	out_result->dlfo_eh_frame = object->eh_frame_header;
	return 0;
}
