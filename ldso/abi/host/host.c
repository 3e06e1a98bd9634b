/* The engine's contract, as far as a guest can fulfil it: what it cannot do fails, and the host's own dlopen is asked. */
#include "host.h"

#include "../../base/heap.h"
#include "../../link/guard.h"
#include "../../link/memory.h"

struct rl_host rl_host;

static enum rl_status object_attach(void *context, struct rl_object *object, struct rl_diag *diag)
{
	const struct rl_host *host = context;
	if (!(host->is_glibc ? RL_PORT_GLIBC_CALLS_INIT : RL_PORT_MUSL_CALLS_INIT))
		object->dynamic.init = 0;
	if (!host->is_glibc && !RL_PORT_MUSL_CALLS_INIT)
		object->dynamic.fini = 0;
	if (host->is_glibc && !object->is_hosted)
		rl_guard_object(object, rl_memory_page(object->memory, host->linker->page_size));
	enum rl_status status = rl_host_shadow_make(context, object);
	return status == RL_OK ? RL_OK : rl_fail(diag, status, .subject = object->path);
}

static void object_detach(void *context, struct rl_object *object)
{
	struct rl_host *host = context;
	struct rl_host_shadow *shadow = rl_host_shadow(object);
	shadow->magic = 0;
	rl_heap_give(shadow->dynamic);
	object->shadow = NULL;
	if (shadow->kept == NULL) {
		rl_heap_give(shadow);
	} else {
		shadow->static_size = object->tls.has_offset ? object->tls.size : 0;
		shadow->static_offset = object->tls.offset;
		shadow->next_released = host->released; /* closing the handle runs destructors: not in the middle of this */
		host->released = shadow;
	}
}

/* Our maps are chained behind the host's, so that a program that walks them finds both kinds backwards. */
static void object_list(void *context, struct rl_object *object)
{
	struct rl_host *host = context;
	if (object->is_hosted)
		return;
	struct rl_host_shadow *shadow = rl_host_shadow(object);
	struct rl_object *before = object->previous;
	while (before != NULL && before->is_hosted)
		before = before->previous;
	if (before != NULL) {
		rl_host_shadow(before)->map.l_next = &shadow->map;
		shadow->map.l_prev = &rl_host_shadow(before)->map;
	}
	(void)!rl_host_list_add(host, object);
}

static void object_unlist(void *context, struct rl_object *object)
{
	if (object->is_hosted) {
		rl_host_map_forget(context, object);
		return;
	}
	struct rl_host_map *map = &rl_host_shadow(object)->map;
	if (map->l_prev != NULL)
		map->l_prev->l_next = map->l_next;
	if (map->l_next != NULL)
		map->l_next->l_prev = map->l_prev;
	rl_host_list_remove(context, object);
}

static void list_reordered(void *context)
{
	(void)context;
}

static void object_tls(void *context, struct rl_object *object)
{
	(void)context, (void)object;
}

static bool object_keep(void *context, struct rl_object *object)
{
	return rl_host_keep(context, object, NULL);
}

static bool object_is_busy(void *context, struct rl_object *object)
{
	(void)context;
	return atomic_load(&rl_host_shadow(object)->destructors) != 0;
}

/* Only the host can change the stacks of its threads. */
static enum rl_status stack_prepare(void *context, struct rl_object *first, struct rl_diag *diag)
{
	(void)context;
	for (struct rl_object *object = first; object != NULL; object = object->next)
		if (!object->is_hosted && (object->stack_flags & PF_X))
			return rl_fail(diag, RL_STACK_EXECUTABLE, .subject = object->path);
	return RL_OK;
}

static void lock(void *context)
{
	rl_host_lock(context);
}

static void unlock(void *context)
{
	rl_host_unlock(context);
}

struct rl_abi rl_host_abi(struct rl_host *host)
{
	return (struct rl_abi){
		.context = host,
		.relr_version = host->is_glibc ? "GLIBC_ABI_DT_RELR" : NULL,
		.relr_library_prefix = host->is_glibc ? "libc.so." : NULL,
		.object_attach = object_attach,
		.object_detach = object_detach,
		.object_list = object_list,
		.object_unlist = object_unlist,
		.list_reordered = list_reordered,
		.object_tls = object_tls,
		.object_keep = object_keep,
		.object_is_busy = object_is_busy,
		.stack_prepare = stack_prepare,
		.lock = lock,
		.unlock = unlock,
	};
}
