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

/* struct dl_find_object of <dlfcn.h>. */
struct find_result {
	uint64_t flags;
	uintptr_t map_start, map_end;
	void *map;
	const void *eh_frame;
	uint64_t reserved[7];
};

int rl_host_find_object(struct rl_host *host, uintptr_t address, void *out_result)
{
	struct rl_object *object = rl_address_find(&host->linker->addresses, address);
	if (object == NULL || object->is_hosted)
		return host->functions.find_object == NULL ? -1
							   : host->functions.find_object((void *)address, out_result);
	if (object->eh_frame_header == NULL)
		return -1;
	struct find_result *result = out_result;
	result->flags = 0;
	result->map_start = object->map_start;
	result->map_end = object->map_end;
	result->map = rl_host_handle(object);
	result->eh_frame = object->eh_frame_header;
	return 0;
}
