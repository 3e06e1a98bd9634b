/* The personality's side of the engine's contract. */
#include "musl.h"

#include "../../base/heap.h"

struct rl_musl_map *rl_musl_map(const struct rl_object *object)
{
	return object == NULL ? NULL : object->shadow;
}

struct rl_object *rl_musl_object(const struct rl_musl *musl, const void *handle)
{
	for (struct rl_musl_map *map = musl->first; map != NULL; map = __atomic_load_n(&map->l_next, __ATOMIC_ACQUIRE))
		if (map == handle)
			return map->object;
	return NULL;
}

static enum rl_status map_attach(void *context, struct rl_object *object, struct rl_diag *diag)
{
	(void)context;
	if (!RL_PORT_MUSL_CALLS_INIT)
		object->dynamic.init = object->dynamic.fini = 0;
	struct rl_musl_map *map = rl_heap_take(sizeof *map);
	if (map == NULL)
		return rl_fail(diag, RL_NO_MEMORY, .subject = object->path);
	map->l_addr = object->image.bias;
	map->l_name = object->path;
	map->l_ld = object->dynamic.entries;
	map->object = object;
	object->shadow = map;
	return RL_OK;
}

static void map_detach(void *context, struct rl_object *object)
{
	(void)context;
	rl_heap_give(object->shadow);
	object->shadow = NULL;
}

/* Readers follow l_next without a lock; only a failed open takes something out again, at the end. */
void rl_musl_list(struct rl_musl *musl, struct rl_object *object)
{
	struct rl_musl_map *map = rl_musl_map(object);
	map->l_prev = musl->last;
	if (musl->last == NULL)
		musl->first = map;
	else
		__atomic_store_n(&musl->last->l_next, map, __ATOMIC_RELEASE);
	musl->last = map;
}

static void map_list(void *context, struct rl_object *object)
{
	if (object->kind != RL_OBJECT_LINKER)
		rl_musl_list(context, object);
}

static void map_unlist(void *context, struct rl_object *object)
{
	struct rl_musl *musl = context;
	struct rl_musl_map *map = rl_musl_map(object);
	if (map->l_prev == NULL && musl->first != map)
		return;
	if (map->l_prev != NULL)
		__atomic_store_n(&map->l_prev->l_next, map->l_next, __ATOMIC_RELEASE);
	else
		musl->first = map->l_next;
	if (map->l_next != NULL)
		map->l_next->l_prev = map->l_prev;
	else
		musl->last = map->l_prev;
}

static void list_reordered(void *context)
{
	(void)context; /* the list that the process sees keeps the order of loading */
}

static void object_tls(void *context, struct rl_object *object)
{
	(void)context, (void)object;
}

static bool object_is_busy(void *context, struct rl_object *object)
{
	(void)context, (void)object;
	return true;
}

/* musl never makes a stack executable.  FIRST is what is being opened: the last moment to refuse. */
static enum rl_status stack_prepare(void *context, struct rl_object *first, struct rl_diag *diag)
{
	(void)context;
	return rl_musl_calls_check(first, diag);
}

static void lock(void *context)
{
	rl_musl_lock(&((struct rl_musl *)context)->load_lock);
}

static void unlock(void *context)
{
	rl_musl_unlock(&((struct rl_musl *)context)->load_lock);
}

static enum rl_status name_claim(void *context, const char *name, struct rl_object *requester,
				 struct rl_namespace *namespace, struct rl_object **out_object, struct rl_diag *diag)
{
	(void)requester, (void)namespace; /* libc is libc for everybody */
	return rl_musl_name_claim(context, name, out_object, diag);
}

struct rl_abi rl_musl_abi(struct rl_musl *musl)
{
	return (struct rl_abi){
		.context = musl,
		.thread_size = 0, /* libc's business */
		.thread_align = sizeof(uintptr_t),
		.object_attach = map_attach,
		.object_detach = map_detach,
		.object_list = map_list,
		.object_unlist = map_unlist,
		.list_reordered = list_reordered,
		.object_tls = object_tls,
		.name_claim = name_claim,
		.object_substitute = rl_musl_substitute,
		.object_is_busy = object_is_busy,
		.stack_prepare = stack_prepare,
		.lock = lock,
		.unlock = unlock,
	};
}
