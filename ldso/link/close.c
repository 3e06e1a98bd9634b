/* Closing: what no handle, no dependency, no binding and no thread-local destructor needs any more is destroyed and
 * unmapped.  Under the load lock; destructors run under it, as the original runs them.
 *
 * An object may come into use again while it is on the way out: a destructor opens it, or another thread binds a lazy
 * call to it.  So it is looked for again when no lookup can find what goes; what is in use then stays and is
 * constructed anew.
 */
#include "calls.h"
#include "graph.h"
#include "list.h"
#include "load.h"
#include "namespace.h"
#include "open.h"
#include "search.h"
#include "unique.h"

static bool is_root(struct rl_linker *linker, struct rl_object *object)
{
	return object->kind != RL_OBJECT_OPENED || rl_object_stays(object) || object->open_count != 0
	       || linker->abi.object_is_busy(linker->abi.context, object);
}

/* What a namespace borrows is not its own to unload. */
static void mark_one(const struct rl_namespace *namespace, struct rl_object *object, struct rl_object **work)
{
	if (object->mark || object->namespace != namespace)
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
			mark_one(namespace, object, &work);
	while (work != NULL) {
		struct rl_object *object = work;
		work = object->work_next;
		for (size_t i = 0; i < object->needed.count; i++)
			mark_one(namespace, object->needed.items[i], &work);
		/* A root keeps what it was loaded with, preloads and filtees included. */
		for (size_t i = 0; i < object->closure.count; i++)
			mark_one(namespace, object->closure.items[i], &work);
		for (struct rl_pin *pin = atomic_load(&object->pins); pin != NULL; pin = pin->next)
			mark_one(namespace, pin->target, &work);
	}
}

static void marks_clear(struct rl_namespace *namespace)
{
	for (struct rl_object *object = namespace->first; object != NULL; object = object->next)
		object->mark = false;
}

/* Divide LIST: what is in use goes to the end of USED, which has room, the rest stays in LIST.  Both keep their order. */
static void list_divide(struct rl_linker *linker, struct rl_namespace *namespace, struct rl_object_list *list,
			struct rl_object_list *used)
{
	mark_used(linker, namespace);
	size_t unused = 0;
	for (size_t i = 0; i < list->count; i++) {
		struct rl_object *object = list->items[i];
		if (object->mark)
			used->items[used->count++] = object;
		else
			list->items[unused++] = object;
	}
	list->count = unused;
	marks_clear(namespace);
}

/* What nothing needs, in the order of destruction, and an empty list with room for the rest. */
static enum rl_status unused_collect(struct rl_linker *linker, struct rl_namespace *namespace,
				     struct rl_object_list *out_unused, struct rl_object_list *out_used)
{
	if (linker->rules.sorts_by_moves)
		mark_used(linker, namespace);
	enum rl_status status = rl_graph_sort_all(namespace, out_unused);
	if (linker->rules.sorts_by_moves)
		marks_clear(namespace);
	if (status == RL_OK)
		status = rl_list_reserve(out_used, out_unused->count);
	if (status != RL_OK)
		return status;
	list_divide(linker, namespace, out_unused, out_used);
	out_used->count = 0;
	return RL_OK;
}

/* Run the destructors of LIST, with the gate open.  What one of them opens moves to USED, and is spared if its turn has
 * not come. */
static void destroy(struct rl_linker *linker, struct rl_namespace *namespace, struct rl_object_list *list,
		    struct rl_object_list *used)
{
	unsigned long opens = namespace->opens;
	for (size_t i = 0; i < list->count; i++) {
		rl_gate_pause(&linker->gate);
		rl_calls_fini(linker, list->items[i]);
		rl_gate_resume(&linker->gate);
		if (namespace->opens != opens) {
			opens = namespace->opens;
			list_divide(linker, namespace, list, used);
			i = (size_t)-1; /* nothing is destroyed twice */
		}
	}
}

/* Hide LIST from lookups; what somebody found just before, or opened, is seen again and goes to USED. */
static void hide(struct rl_linker *linker, struct rl_namespace *namespace, struct rl_object_list *list,
		 struct rl_object_list *used)
{
	for (size_t i = 0; i < list->count; i++)
		atomic_store(&list->items[i]->is_removed, true);
	(void)rl_readers_wait(&linker->readers);
	list_divide(linker, namespace, list, used);
	for (size_t i = 0; i < used->count; i++)
		atomic_store(&used->items[i]->is_removed, false);
}

/* Take the objects of LIST out of every published array.  False: one that names them could not be replaced. */
static bool scopes_leave(struct rl_namespace *namespace, const struct rl_object_list *list)
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
			if (!object->is_removed)
				rl_search_list_remove(object, &gone->own_scope);
	}
	return !was_global || rl_namespace_publish_global(namespace) == RL_OK;
}

void rl_unload(struct rl_linker *linker, struct rl_namespace *namespace, const struct rl_object_list *list)
{
	bool had_tls = false;
	rl_change_begin(linker, namespace, false);
	bool is_free = scopes_leave(namespace, list);
	rl_address_remove(&linker->addresses, list->items, list->count);
	for (size_t i = 0; i < list->count; i++) {
		struct rl_object *object = list->items[i];
		had_tls = had_tls || object->tls.module != 0;
		rl_unique_forget(namespace, object);
		rl_emit(linker, (struct rl_event){.kind = RL_EVENT_UNMAPPED, .object = object});
		rl_object_abandon(linker, object);
	}
	if (had_tls)
		rl_tls_publish(linker);
	/* Objects that an array still names stay for ever: lookups pass them over. */
	for (size_t i = list->count; is_free && i-- > 0;) {
		list->items[i]->work_next = linker->limbo;
		linker->limbo = list->items[i];
	}
	rl_limbo_empty(linker);
	rl_change_end(linker, NULL);
}

/* Unload until nothing is left to unload: destructors may close more. */
static enum rl_status collect(struct rl_linker *linker, struct rl_namespace *namespace)
{
	enum rl_status status;
	do {
		struct rl_object_list unused = {0}, used = {0};
		namespace->collect_again = false;
		status = unused_collect(linker, namespace, &unused, &used);
		if (status == RL_OK && unused.count != 0) {
			destroy(linker, namespace, &unused, &used);
			hide(linker, namespace, &unused, &used);
			if (unused.count != 0)
				rl_unload(linker, namespace, &unused);
			rl_gate_pause(&linker->gate);
			rl_calls_init_list(linker, &used);
			rl_gate_resume(&linker->gate);
		}
		rl_list_drop(&unused);
		rl_list_drop(&used);
	} while (status == RL_OK && namespace->collect_again);
	return status;
}

enum rl_status rl_close(struct rl_linker *linker, struct rl_object *object, struct rl_diag *diag)
{
	enum rl_status status = RL_OK;
	linker->abi.lock(linker->abi.context);
	rl_gate_enter(&linker->gate);
	struct rl_namespace *namespace = object->namespace;
	if (object->kind == RL_OBJECT_OPENED && rl_object_stays(object)) {
		/* Handles of what stays are not counted: closing it again and again is no error. */
	} else if (object->open_count == 0) {
		status = rl_fail(diag, RL_REQUEST_NOT_OPEN, .subject = object->path);
	} else if (--object->open_count == 0) {
		if (namespace->collector != 0) {
			namespace->collect_again = true; /* closed by a destructor: the loop outside sees to it */
		} else if (object->kind == RL_OBJECT_OPENED) {
			namespace->collector = rl_port_thread_pointer();
			status = collect(linker, namespace);
			namespace->collector = 0;
		}
	}
	rl_gate_leave(&linker->gate);
	linker->abi.unlock(linker->abi.context);
	return status;
}
