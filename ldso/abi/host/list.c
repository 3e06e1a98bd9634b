/* Our objects as the process's unwinders and tools see them.  Read without a lock, in a read section: an object that is
 * unloaded meanwhile keeps its memory until readers have left, or for ever. */
#include "host.h"

#include "../../base/heap.h"

static struct rl_host_list *list_make(size_t capacity)
{
	struct rl_host_list *list = rl_heap_take(sizeof *list + capacity * sizeof list->items[0]);
	if (list != NULL)
		list->capacity = capacity;
	return list;
}

/* A new list without the gaps, and with room. */
static struct rl_host_list *list_renew(struct rl_host *host, struct rl_host_list *old)
{
	enum { START = 32 };
	size_t live = 0, at = 0;
	size_t count = old == NULL ? 0 : atomic_load(&old->count);
	for (size_t i = 0; i < count; i++)
		live += atomic_load(&old->items[i]) != NULL;
	struct rl_host_list *list = list_make(live < START / 2 ? START : live * 2);
	if (list == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		struct rl_object *object = atomic_load(&old->items[i]);
		if (object != NULL)
			atomic_store(&list->items[at++], object);
	}
	atomic_store(&list->count, at);
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
	size_t count = atomic_load(&list->count);
	atomic_store(&list->items[count], object);
	atomic_store(&list->count, count + 1);
	atomic_fetch_add(&host->adds, 1);
	return RL_OK;
}

void rl_host_list_remove(struct rl_host *host, struct rl_object *object)
{
	struct rl_host_list *list = atomic_load(&host->list);
	for (size_t i = 0; list != NULL && i < atomic_load(&list->count); i++)
		if (atomic_load(&list->items[i]) == object) {
			atomic_store(&list->items[i], NULL);
			atomic_fetch_add(&host->subs, 1);
		}
	while (list != NULL && atomic_load(&list->count) != 0
	       && atomic_load(&list->items[atomic_load(&list->count) - 1]) == NULL)
		atomic_fetch_sub(&list->count, 1);
}

/* A visit of the host's iteration, with our counters added. */
struct visit {
	struct rl_host *host;
	rl_host_visitor *visit;
	void *argument;
	unsigned long long adds, subs;
};

static int host_visit(struct rl_host_phdr_info *info, size_t size, void *argument)
{
	struct visit *visit = argument;
	visit->adds = info->dlpi_adds;
	visit->subs = info->dlpi_subs;
	struct rl_host_phdr_info sum = *info;
	sum.dlpi_adds += atomic_load(&visit->host->adds);
	sum.dlpi_subs += atomic_load(&visit->host->subs);
	return visit->visit(&sum, size < sizeof sum ? size : sizeof sum, visit->argument);
}

static int own_visit(const struct visit *visit, struct rl_object *object)
{
	struct rl_host_phdr_info info = {
		.dlpi_addr = object->image.bias,
		.dlpi_name = object->path,
		.dlpi_phdr = object->phdr,
		.dlpi_phnum = (uint16_t)object->image.phdr_count,
		.dlpi_adds = visit->adds + atomic_load(&visit->host->adds),
		.dlpi_subs = visit->subs + atomic_load(&visit->host->subs),
		.dlpi_tls_modid = object->tls.module,
		.dlpi_tls_data = rl_thread_block_soft(&visit->host->linker->tls, object),
	};
	return visit->visit(&info, sizeof info, visit->argument);
}

int rl_host_iterate(struct rl_host *host, rl_host_visitor *visitor, void *argument)
{
	struct visit visit = {.host = host, .visit = visitor, .argument = argument};
	int result = rl_host_walk(host, host_visit, &visit);
	if (result != 0)
		return result;
	unsigned side = rl_readers_enter(&host->linker->readers);
	struct rl_host_list *list = atomic_load(&host->list);
	for (size_t i = 0; result == 0 && list != NULL && i < atomic_load(&list->count); i++) {
		struct rl_object *object = atomic_load(&list->items[i]);
		if (object != NULL)
			result = own_visit(&visit, object);
	}
	rl_readers_leave(&host->linker->readers, side);
	return result;
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
