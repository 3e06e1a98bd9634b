/* dl_iterate_phdr: the host's objects, then ours.
 *
 * What the host's own function shows is remembered, for it changes only when the host itself loads something.  Where
 * all of the process walks through us and the host has nothing but what it started with, which stays where it is, the
 * end of its list tells of that, and no walk enters the host.  Elsewhere its counters tell, and one visit of the host's
 * is enough: all others are made inside it, under the lock that the host holds, which keeps its objects where they are
 * and two walks apart, as programs expect. */
#include "../../base/heap.h"
#include "host.h"

/* What the host shows, while it is being remembered. */
struct record {
	struct rl_host *host;
	struct rl_host_walked *walked; /* NULL: not to be remembered */
	size_t capacity;
};

/* The host's object that INFO shows. */
static const struct rl_object *object_shown(const struct rl_host *host, const struct rl_phdr_info *info)
{
	const struct rl_object *object = host->linker->base.first;
	while (object != NULL && !(object->is_hosted && object->image.bias == info->dlpi_addr
				   && object->image.phdrs == info->dlpi_phdr))
		object = object->next;
	return object;
}

/* False: where the calling thread has its variables is only known to the host. */
static bool item_fill(const struct rl_host *host, const struct rl_phdr_info *info, struct rl_host_walked_item *item)
{
	item->shown = (struct rl_host_shown){.addr = info->dlpi_addr,
					     .name = info->dlpi_name,
					     .phdr = info->dlpi_phdr,
					     .phnum = info->dlpi_phnum,
					     .tls_module = info->dlpi_tls_modid};
	if (info->dlpi_tls_modid == 0)
		return info->dlpi_tls_data == NULL;
	const struct rl_object *object = object_shown(host, info);
	item->static_offset = object == NULL ? 0 : object->tls.offset;
	return object != NULL && !rl_host_shadow(object)->is_late && object->tls.has_offset;
}

/* The end of the host's list, if all of it stays where it is. */
static const struct rl_host_map *list_end(const struct rl_host *host)
{
	const struct rl_host_map *end = host->maps;
	for (const struct rl_object *object = host->linker->base.first; object != NULL; object = object->next)
		if (host->is_glibc && object->is_hosted && rl_host_shadow(object)->is_late)
			return NULL;
	while (end->l_next != NULL)
		end = end->l_next;
	return end;
}

static int record(struct rl_phdr_info *info, size_t size, void *argument)
{
	struct record *record = argument;
	if (record->walked->count == 0)
		record->walked->last = list_end(record->host);
	if (rl_host_is_reservation(info)) {
		record->walked->last = NULL; /* one of those may be the end */
		return 0;
	}
	if (size < sizeof *info || record->walked->count == record->capacity
	    || !item_fill(record->host, info, &record->walked->items[record->walked->count]))
		return 1;
	record->walked->count++;
	record->walked->adds = info->dlpi_adds;
	record->walked->subs = info->dlpi_subs;
	return 0;
}

void rl_host_walked_renew(struct rl_host *host)
{
	struct record context = {.host = host, .capacity = 1};
	const struct rl_host_walked *old = atomic_load(&host->walked);
	if (old != NULL && old->adds == host->seen_adds && old->subs == host->seen_subs)
		return;
	for (const struct rl_object *object = host->linker->base.first; object != NULL; object = object->next)
		context.capacity += object->is_hosted;
	context.walked = rl_heap_take(sizeof *context.walked + context.capacity * sizeof context.walked->items[0]);
	if (context.walked != NULL && rl_host_walk(host, record, &context) != 0) {
		rl_heap_give(context.walked);
		context.walked = NULL;
	}
	rl_readers_retire(&host->linker->readers, atomic_exchange(&host->walked, context.walked));
}

struct iteration {
	struct rl_host *host;
	rl_phdr_visitor *visit;
	void *argument;
	unsigned long long adds, subs; /* the host's, and then with ours */
	bool is_begun, is_done;
	int result;
};

/* Show one object.  Field by field: clearing the structure first would cost as much again. */
static inline int show(const struct iteration *iteration, const struct rl_host_shown *shown, void *tls_data)
{
	struct rl_phdr_info info;
	info.dlpi_addr = shown->addr;
	info.dlpi_name = shown->name;
	info.dlpi_phdr = shown->phdr;
	info.dlpi_phnum = shown->phnum;
	info.dlpi_adds = iteration->adds;
	info.dlpi_subs = iteration->subs;
	info.dlpi_tls_modid = shown->tls_module;
	info.dlpi_tls_data = tls_data;
	return iteration->visit(&info, sizeof info, iteration->argument);
}

static int walked_visit(const struct iteration *iteration, const struct rl_host_walked *walked)
{
	int result = 0;
	const struct rl_host_walked_item *item = walked->items, *end = item + walked->count;
	for (; result == 0 && item < end; item++) {
		void *data = NULL;
		if (item->shown.tls_module != 0)
			data = rl_tls_static_address(rl_port_thread_pointer(), item->static_offset);
		result = show(iteration, &item->shown, data);
	}
	return result;
}

/* In a walk or in a read section. */
static int own_visit(const struct iteration *iteration)
{
	struct rl_host *host = iteration->host;
	const struct rl_host_list *list = atomic_load(&host->list);
	int result = 0;
	if (list == NULL)
		return 0;
	const struct rl_host_listed *item = list->items, *end = item;
	for (; result == 0; item++) {
		if (item == end) /* a visitor may open what follows */
			end = list->items + atomic_load_explicit(&list->count, memory_order_acquire);
		if (item == end)
			break;
		const struct rl_object *object = atomic_load_explicit(&item->object, memory_order_acquire);
		if (object == NULL)
			continue;
		void *data = NULL;
		if (item->shown.tls_module != 0)
			data = rl_thread_block_soft(&host->linker->tls, object);
		result = show(iteration, &item->shown, data);
	}
	return result;
}

static int known_visit(struct iteration *iteration, const struct rl_host_walked *walked)
{
	iteration->adds = walked->adds + atomic_load(&iteration->host->adds);
	iteration->subs = walked->subs + atomic_load(&iteration->host->subs);
	int result = walked_visit(iteration, walked);
	return result != 0 ? result : own_visit(iteration);
}

/* The first visit of the host's shows its counters.  In a walk. */
static void begin(struct iteration *iteration, const struct rl_phdr_info *info)
{
	struct rl_host *host = iteration->host;
	struct rl_host_walked *walked = atomic_load(&host->walked);
	bool is_known = walked != NULL && walked->adds == info->dlpi_adds && walked->subs == info->dlpi_subs;
	iteration->is_begun = true;
	iteration->is_done = is_known;
	if (is_known) {
		iteration->result = known_visit(iteration, walked);
		return;
	}
	iteration->adds = info->dlpi_adds + atomic_load(&host->adds);
	iteration->subs = info->dlpi_subs + atomic_load(&host->subs);
	if (walked != NULL)
		atomic_store(&walked->is_past, true);
}

static int host_visit(struct rl_phdr_info *info, size_t size, void *argument)
{
	struct iteration *iteration = argument;
	if (!iteration->is_begun) {
		begin(iteration, info);
		if (iteration->is_done)
			return 1;
	}
	if (rl_host_is_reservation(info))
		return 0;
	struct rl_phdr_info sum = *info;
	sum.dlpi_adds = iteration->adds;
	sum.dlpi_subs = iteration->subs;
	return iteration->visit(&sum, size < sizeof sum ? size : sizeof sum, iteration->argument);
}

static int host_iterate(struct iteration *iteration)
{
	struct rl_host *host = iteration->host;
	int result = rl_host_walk(host, host_visit, iteration);
	if (iteration->is_done)
		return iteration->result;
	if (result != 0)
		return result;
	unsigned side = rl_readers_enter(&host->linker->readers);
	result = own_visit(iteration);
	rl_readers_leave(&host->linker->readers, side);
	return result;
}

/* What the host would show now, if that is known without asking it; NULL: it has to be asked.  In a read section. */
static const struct rl_host_walked *walked_lasting(const struct rl_host *host)
{
	const struct rl_host_walked *walked = atomic_load_explicit(&host->walked, memory_order_acquire);
	bool is_lasting = walked != NULL && walked->last != NULL
			  && __atomic_load_n(&walked->last->l_next, __ATOMIC_ACQUIRE) == NULL
			  && !atomic_load_explicit(&walked->is_past, memory_order_relaxed);
	return is_lasting ? walked : NULL;
}

static int turn_visit(struct rl_host_turn *turn, void *argument)
{
	struct iteration *iteration = argument;
	struct rl_host *host = iteration->host;
	turn->side = rl_readers_enter_as(&host->linker->readers, rl_host_is_alone(host));
	turn->is_reader = true;
	const struct rl_host_walked *walked = walked_lasting(host);
	if (walked != NULL)
		return known_visit(iteration, walked);
	turn->is_reader = false;
	rl_readers_leave_as(&host->linker->readers, turn->side, rl_host_is_alone(host));
	return host_iterate(iteration);
}

int rl_host_iterate(struct rl_host *host, rl_phdr_visitor *visit, void *argument)
{
	struct iteration iteration = {.host = host, .visit = visit, .argument = argument};
	if (!host->turns.are_kept)
		return host_iterate(&iteration);
	return rl_host_turn_take(host, turn_visit, &iteration);
}
