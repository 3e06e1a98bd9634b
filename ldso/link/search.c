/* Search lists: which scopes an object's references go through.  Under the load lock; published for readers. */
#include <string.h>

#include "../base/heap.h"
#include "list.h"
#include "namespace.h"
#include "open.h"
#include "relocate.h"
#include "search.h"

/* Stands where a scope was that went away. */
static const struct rl_scope_cell no_scope;

static struct rl_scope_list *list_make(size_t count)
{
	struct rl_scope_list *list = rl_heap_take(sizeof *list + count * sizeof list->cells[0]);
	if (list != NULL)
		list->count = count;
	return list;
}

enum rl_status rl_search_list_make(struct rl_object *object, struct rl_object *root, bool is_deep)
{
	const struct rl_scope_cell *global = &object->namespace->global;
	bool has_root = root != NULL && !root->is_global;
	bool is_symbolic = object->dynamic.is_symbolic;
	const struct rl_scope_cell *front = object->is_hosted ? NULL : object->namespace->front;
	const struct rl_scope_cell *stand_in = object->is_hosted ? NULL : object->namespace->stand_in;
	const struct rl_scope_cell *back = object->is_hosted ? NULL : object->namespace->back;
	bool has_given = root != NULL && atomic_load(&root->given_scope.current) != NULL;
	if (stand_in != NULL && !has_given && !is_symbolic) {
		front = object->namespace->whole_front; /* every reference asks each scope */
		stand_in = NULL;
	}
	struct rl_scope_list *list = list_make(1 + has_root + is_symbolic + has_given + (front != NULL)
						+ (stand_in != NULL) + (back != NULL));
	if (list == NULL)
		return RL_NO_MEMORY;
	size_t at = 0;
	if (front != NULL)
		list->cells[at++] = front;
	if (is_symbolic) {
		struct rl_object_list self = {&object, 1, 1};
		struct rl_scope *scope = rl_scope_make(&self);
		if (scope == NULL) {
			rl_heap_give(list);
			return RL_NO_MEMORY;
		}
		atomic_store(&object->symbolic_scope.current, scope);
		list->cells[at++] = &object->symbolic_scope;
	}
	if (has_given)
		list->cells[at++] = &root->given_scope;
	if (stand_in != NULL)
		list->cells[at++] = stand_in;
	if (has_root && is_deep)
		list->cells[at++] = &root->own_scope;
	list->cells[at++] = global;
	if (has_root && !is_deep)
		list->cells[at++] = &root->own_scope;
	if (back != NULL)
		list->cells[at++] = back;
	rl_readers_retire(&object->namespace->linker->readers, atomic_exchange(&object->search, list));
	return RL_OK;
}

enum rl_status rl_own_scope_make(struct rl_object *root)
{
	struct rl_scope *scope = rl_scope_make(&root->closure);
	if (scope == NULL)
		return RL_NO_MEMORY;
	const struct rl_scope *old = atomic_exchange(&root->own_scope.current, scope);
	rl_scope_retire(&root->namespace->linker->readers, old);
	return RL_OK;
}

static void list_replace(struct rl_object *object, struct rl_scope_list *list)
{
	rl_readers_retire(&object->namespace->linker->readers, atomic_exchange(&object->search, list));
}

enum rl_status rl_search_list_plan(struct rl_object *object, const struct rl_object_list *modules)
{
	const struct rl_scope_list *old = atomic_load(&object->search);
	struct rl_scope *scope = rl_scope_make(modules);
	const struct rl_namespace *namespace = object->namespace;
	const struct rl_scope_cell *first = old->count == 0 ? NULL : old->cells[0];
	bool is_whole = first != NULL && first == namespace->whole_front;
	struct rl_scope_list *list = scope == NULL ? NULL : list_make(old->count + 1 + is_whole);
	if (list == NULL) {
		rl_scope_give(scope);
		return RL_NO_MEMORY;
	}
	/* Nothing comes before the functions that stand in front of everything. */
	size_t at = 0, rest = is_whole || (first != NULL && first == namespace->front);
	if (rest != 0)
		list->cells[at++] = namespace->front;
	list->cells[at++] = &object->planned_scope;
	if (is_whole)
		list->cells[at++] = namespace->stand_in;
	memcpy(list->cells + at, old->cells + rest, (old->count - rest) * sizeof old->cells[0]);
	atomic_store(&object->planned_scope.current, scope);
	list_replace(object, list);
	for (size_t i = 0; i < modules->count; i++)
		RL_TRY(rl_pin_add(object, modules->items[i]));
	return RL_OK;
}

enum rl_status rl_search_list_add(struct rl_object *object, const struct rl_scope_cell *cell)
{
	const struct rl_scope_list *old = atomic_load(&object->search);
	for (size_t i = 0; i < old->count; i++)
		if (old->cells[i] == cell)
			return RL_OK;
	struct rl_scope_list *list = list_make(old->count + 1);
	if (list == NULL)
		return RL_NO_MEMORY;
	memcpy(list->cells, old->cells, old->count * sizeof old->cells[0]);
	list->cells[old->count] = cell;
	list_replace(object, list);
	return RL_OK;
}

void rl_search_list_remove(struct rl_object *object, const struct rl_scope_cell *cell)
{
	struct rl_scope_list *old = atomic_load(&object->search);
	if (old == NULL)
		return;
	size_t found = old->count;
	for (size_t i = 0; i < old->count; i++)
		if (old->cells[i] == cell)
			found = i;
	if (found == old->count)
		return;
	struct rl_scope_list *list = list_make(old->count - 1);
	if (list == NULL) {
		__atomic_store_n(&old->cells[found], &no_scope, __ATOMIC_RELEASE);
		return;
	}
	memcpy(list->cells, old->cells, found * sizeof old->cells[0]);
	memcpy(list->cells + found, old->cells + found + 1, (old->count - 1 - found) * sizeof old->cells[0]);
	list_replace(object, list);
}

enum rl_status rl_globalize(struct rl_object *root)
{
	struct rl_namespace *namespace = root->namespace;
	size_t before = namespace->global_list.count;
	for (size_t i = 0; i < root->closure.count; i++) {
		struct rl_object *object = root->closure.items[i];
		if (object->is_global)
			continue;
		RL_TRY(rl_list_append(&namespace->global_list, object));
		object->is_global = true;
	}
	return namespace->global_list.count == before ? RL_OK : rl_namespace_publish_global(namespace);
}
