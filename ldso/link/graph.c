/* Closing the graph breadth first, and sorting it.  Under the load lock. */
#include "graph.h"

#include <string.h>

#include "../base/heap.h"
#include "list.h"
#include "load.h"
#include "namespace.h"

#ifndef DT_AUXILIARY
#define DT_AUXILIARY 0x7ffffffd
#define DT_FILTER 0x7fffffff
#endif

static enum rl_status closure_put(struct rl_object_list *closure, struct rl_object *object)
{
	if (object->mark)
		return RL_OK;
	if (object->ahead != NULL)
		RL_TRY(closure_put(closure, object->ahead));
	RL_TRY(rl_list_append(closure, object));
	object->mark = true;
	return RL_OK;
}

/* Load one DT_NEEDED (or DT_FILTER, DT_AUXILIARY) entry of OBJECT. */
static enum rl_status entry_load(struct rl_linker *linker, struct rl_object *object, const Elf64_Dyn *entry,
				 enum rl_object_kind kind, struct rl_object **out_dependency, struct rl_diag *diag)
{
	const char *name = rl_dynamic_string(&object->dynamic, entry->d_un.d_val);
	if (name == NULL)
		return rl_fail(diag, RL_DYNAMIC_DAMAGED, .subject = object->path);
	struct rl_request request = {.name = name, .requester = object, .kind = kind, .is_needed = true};
	enum rl_status status = rl_load(linker, object->namespace, &request, out_dependency, diag);
	if (status != RL_OK && linker->excuse_library != NULL)
		status = linker->excuse_library(linker, object, name, diag);
	return status;
}

/* A filtee goes in front of the object that names it, moving forward if it was met later in the list. */
static enum rl_status filtee_insert(struct rl_linker *linker, struct rl_object_list *closure, size_t *at,
				    struct rl_object *filtee)
{
	struct rl_object *filter = closure->items[*at];
	if (filtee->mark) {
		for (size_t i = 0; i < *at; i++)
			if (closure->items[i] == filtee)
				return RL_OK;
		rl_list_remove(closure, filtee);
	}
	RL_TRY(rl_list_append(closure, filtee));
	memmove(&closure->items[*at + 1], &closure->items[*at], (closure->count - 1 - *at) * sizeof closure->items[0]);
	closure->items[*at] = filtee;
	filtee->mark = true;
	/* What was there before, or is borrowed, keeps its place in the list. */
	if (filter->previous != NULL && filtee->namespace == filter->namespace && !filtee->is_relocated) {
		rl_namespace_move(filter->namespace, filtee, filter->previous);
		linker->abi.list_reordered(linker->abi.context);
	}
	return RL_OK;
}

/* Meet the dependencies of closure->items[*at]; *at moves when filtees are put in front. */
static enum rl_status dependencies_load(struct rl_linker *linker, struct rl_object_list *closure, size_t *at,
					enum rl_object_kind kind, struct rl_diag *diag)
{
	struct rl_object *object = closure->items[*at];
	bool is_known = object->needed.count != 0 || object->needs_known;
	for (size_t i = 0; !is_known && i < object->dynamic.needs_end; i++) {
		const Elf64_Dyn *entry = &object->dynamic.entries[i];
		struct rl_object *dependency = NULL;
		if (entry->d_tag == DT_NEEDED) {
			RL_TRY(entry_load(linker, object, entry, kind, &dependency, diag));
			if (dependency == NULL)
				continue; /* excused */
		} else if ((entry->d_tag == DT_FILTER || entry->d_tag == DT_AUXILIARY)
			   && !linker->rules.ignores_filters) {
			struct rl_diag ignored = RL_DIAG_NONE;
			bool is_optional = entry->d_tag == DT_AUXILIARY;
			enum rl_status status =
				entry_load(linker, object, entry, kind, &dependency, is_optional ? &ignored : diag);
			rl_diag_drop(&ignored);
			if (status != RL_OK && is_optional)
				continue;
			RL_TRY(status);
			if (dependency == NULL)
				continue; /* excused */
			size_t before = closure->count;
			RL_TRY(filtee_insert(linker, closure, at, dependency));
			*at += closure->count - before;
		} else {
			continue;
		}
		RL_TRY(rl_list_append(&object->needed, dependency));
	}
	object->needs_known = true;
	for (size_t i = 0; i < object->needed.count; i++)
		RL_TRY(closure_put(closure, object->needed.items[i]));
	return RL_OK;
}

enum rl_status rl_graph_close(struct rl_linker *linker, struct rl_object *root, const struct rl_object_list *first,
			      enum rl_object_kind kind, struct rl_diag *diag)
{
	struct rl_object_list closure = {0};
	enum rl_status status = closure_put(&closure, root);
	for (size_t i = 0; first != NULL && status == RL_OK && i < first->count; i++)
		status = closure_put(&closure, first->items[i]);
	for (size_t at = 0; status == RL_OK && at < closure.count; at++)
		status = dependencies_load(linker, &closure, &at, kind, diag);
	for (size_t i = 0; i < closure.count; i++)
		closure.items[i]->mark = false;
	if (status != RL_OK) {
		rl_list_drop(&closure);
		return rl_fail(diag, status, .subject = root->path);
	}
	rl_list_drop(&root->closure);
	root->closure = closure;
	return RL_OK;
}
