/* Closing: what no handle, no dependency, no binding and no thread-local destructor needs any more is destroyed and
 * unmapped.  Under the load lock; destructors run under it, as the original runs them. */
#include "../base/heap.h"
#include "calls.h"
#include "graph.h"
#include "list.h"
#include "load.h"
#include "namespace.h"
#include "open.h"
#include "search.h"
#include "unique.h"

static bool stays(const struct rl_object *object)
{
	return object->is_permanent || (object->dynamic.flags_1 & DF_1_NODELETE);
}

static bool is_root(struct rl_linker *linker, struct rl_object *object)
{
	return object->kind != RL_OBJECT_OPENED || stays(object) || object->open_count != 0
	       || linker->abi.object_is_busy(linker->abi.context, object);
}

static void mark_one(struct rl_object *object, struct rl_object **work)
{
	if (object->mark)
		return;
	object->mark = true;
	object->work_next = *work;
	*work = object;
}

/* Mark everything in use. */
static void mark_used(struct rl_linker *linker, struct rl_namespace *namespace)
{
	struct rl_object *work = NULL;
	for (struct rl_object *object = namespace->first; object != NULL; object = object->next)
		if (is_root(linker, object))
			mark_one(object, &work);
	while (work != NULL) {
		struct rl_object *object = work;
		work = object->work_next;
		for (size_t i = 0; i < object->needed.count; i++)
			mark_one(object->needed.items[i], &work);
		/* A root keeps what it was loaded with, preloads and filtees included. */
		for (size_t i = 0; i < object->closure.count; i++)
			mark_one(object->closure.items[i], &work);
		for (struct rl_pin *pin = atomic_load(&object->pins); pin != NULL; pin = pin->next)
			mark_one(pin->target, &work);
	}
}

/* What nothing needs, in the order of destruction. */
static enum rl_status unused_collect(struct rl_linker *linker, struct rl_namespace *namespace,
				     struct rl_object_list *out_list)
{
	struct rl_object_list list;
	RL_TRY(rl_graph_sort_all(namespace, &list));
	mark_used(linker, namespace);
	size_t unused = 0;
	for (size_t i = 0; i < list.count; i++) {
		struct rl_object *object = list.items[i];
		if (!object->mark)
			list.items[unused++] = object;
		object->mark = false;
	}
	list.count = unused;
	*out_list = list;
	return RL_OK;
}

/* Take the objects of LIST out of every scope, so that no new lookup can meet them. */
static void scopes_leave(struct rl_namespace *namespace, const struct rl_object_list *list)
{
	bool was_global = false;
	for (size_t i = 0; i < list->count; i++)
		list->items[i]->is_removed = true;
	/* What they loaded stays without a loader. */
	for (struct rl_object *object = namespace->first; object != NULL; object = object->next)
		if (object->loader != NULL && object->loader->is_removed)
			object->loader = NULL;
	for (size_t i = 0; i < list->count; i++) {
		struct rl_object *gone = list->items[i];
		if (gone->is_global) {
			rl_list_remove(&namespace->global_list, gone);
			was_global = true;
		}
		for (struct rl_object *object = namespace->first; gone->closure.count != 0 && object != NULL;
		     object = object->next)
			if (!object->is_removed && atomic_load(&object->search) != NULL)
				rl_search_list_remove(object, &gone->own_scope);
	}
	if (was_global)
		(void)!rl_namespace_publish_global(namespace);
}

static void unload(struct rl_linker *linker, struct rl_namespace *namespace, struct rl_object_list *list)
{
	rl_change_begin(linker, false);
	scopes_leave(namespace, list);
	rl_address_remove(&linker->addresses, list->items, list->count);
	/* A reader that does not leave may still look at these objects: then their memory stays. */
	bool is_quiet = rl_readers_wait(&linker->readers);
	bool had_tls = false;
	for (size_t i = 0; i < list->count; i++) {
		struct rl_object *object = list->items[i];
		had_tls = had_tls || object->tls.module != 0;
		rl_unique_forget(namespace, object);
		rl_emit(linker, (struct rl_event){.kind = RL_EVENT_UNMAPPED, .object = object});
		if (is_quiet)
			rl_object_drop(linker, object);
		else
			rl_object_abandon(linker, object);
	}
	if (had_tls)
		rl_tls_publish(linker);
	rl_change_end(linker);
}

/* Unload until nothing is left to unload: destructors may close more. */
static enum rl_status collect(struct rl_linker *linker, struct rl_namespace *namespace)
{
	do {
		namespace->collect_again = false;
		struct rl_object_list list = {0};
		enum rl_status status = unused_collect(linker, namespace, &list);
		for (size_t i = 0; status == RL_OK && i < list.count; i++)
			rl_calls_fini(linker, list.items[i]);
		if (status == RL_OK && list.count != 0)
			unload(linker, namespace, &list);
		rl_list_drop(&list);
		RL_TRY(status);
	} while (namespace->collect_again);
	return RL_OK;
}

enum rl_status rl_close(struct rl_linker *linker, struct rl_object *object, struct rl_diag *diag)
{
	enum rl_status status = RL_OK;
	linker->abi.lock(linker->abi.context);
	struct rl_namespace *namespace = object->namespace;
	if (object->kind == RL_OBJECT_OPENED && stays(object)) {
		/* Handles of what stays are not counted: closing it again and again is no error. */
	} else if (object->open_count == 0) {
		status = rl_fail(diag, RL_REQUEST_NOT_OPEN, .subject = object->path);
	} else if (--object->open_count == 0) {
		if (namespace->is_collecting) {
			namespace->collect_again = true; /* closed by a destructor: the loop outside sees to it */
		} else if (object->kind == RL_OBJECT_OPENED) {
			namespace->is_collecting = true;
			status = collect(linker, namespace);
			namespace->is_collecting = false;
		}
	}
	linker->abi.unlock(linker->abi.context);
	return status;
}
