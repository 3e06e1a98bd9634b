/* Sorting objects so that each comes before what it needs.  Depth-first without recursion: a chain of libraries may be
 * longer than a small stack.  work_next links the path back to the start, work_index says how far each object came. */
#include <string.h>

#include "../base/heap.h"
#include "graph.h"
#include "list.h"
#include "sort_moves.h"

struct walk {
	struct rl_object **sorted; /* filled from the end */
	size_t at;
	bool counts_pins; /* symbol bindings are edges too */
};

/* The edge of OBJECT with number INDEX: what it needs, then bindings; NULL behind the last. */
static struct rl_object *edge(const struct walk *walk, struct rl_object *object, size_t index)
{
	const struct rl_object_list *needs = rl_object_needs(object);
	if (index < needs->count)
		return needs->items[index];
	if (!walk->counts_pins)
		return NULL;
	struct rl_pin *pin = atomic_load_explicit(&object->pins, memory_order_acquire);
	for (index -= needs->count; pin != NULL && index > 0; index--)
		pin = pin->next;
	return pin == NULL ? NULL : pin->target;
}

/* List START behind everything reachable from it that has no mark yet.  An object outside the set that is sorted has
 * a mark already. */
static void walk_from(struct walk *walk, struct rl_object *start)
{
	struct rl_object *object = start;
	object->mark = true;
	object->work_next = NULL;
	object->work_index = 0;
	while (object != NULL) {
		struct rl_object *next = edge(walk, object, object->work_index++);
		if (next == NULL) {
			walk->sorted[--walk->at] = object;
			object = object->work_next;
		} else if (!next->mark) {
			next->mark = true;
			next->work_next = object;
			next->work_index = 0;
			object = next;
		}
	}
}

/* Whether symbol bindings of OBJECT went into what it did not need anyhow.  That is decided once for each binding, before
 * the object becomes a root, which needs more.  No object has a mark. */
static bool pins_judge(const struct rl_object *object)
{
	struct rl_pin *first = atomic_load_explicit(&object->pins, memory_order_acquire);
	const struct rl_object_list *needs = rl_object_needs(object);
	bool has_extra = false;
	for (size_t i = 0; first != NULL && i < needs->count; i++)
		needs->items[i]->mark = true;
	for (struct rl_pin *pin = first; pin != NULL; pin = pin->next) {
		if (!pin->is_known)
			pin->is_extra = !pin->target->mark;
		pin->is_known = true;
		has_extra = has_extra || pin->is_extra;
	}
	for (size_t i = 0; first != NULL && i < needs->count; i++)
		needs->items[i]->mark = false;
	return has_extra;
}

static void move_to_front(struct rl_object **objects, struct rl_object *first)
{
	size_t at = 0;
	while (objects[at] != first)
		at++;
	memmove(&objects[1], &objects[0], at * sizeof objects[0]);
	objects[0] = first;
}

/* Objects that a namespace borrows are sorted only as members of a closure. */
static void lender_mark(const struct rl_namespace *namespace, bool mark)
{
	for (struct rl_object *object = namespace->lender == NULL ? NULL : namespace->lender->first; object != NULL;
	     object = object->next)
		object->mark = mark;
}

/* The root first, where filtees stand before it in the closure. */
static __attribute__((cold)) enum rl_status root_sort_by_moves(struct rl_object *root)
{
	size_t count = root->closure.count;
	struct rl_object **items = root->sorted.items;
	memcpy(items, root->closure.items, count * sizeof items[0]);
	move_to_front(items, root);
	RL_TRY(rl_sort_by_moves(items + 1, count - 1, false));
	root->sorted.count = count;
	return RL_OK;
}

/* The original's order: walks start from the last object met and go backwards, which keeps the order close to the
 * link order; the root ends up first whatever cycles say. */
enum rl_status rl_graph_sort(struct rl_object *root)
{
	size_t count = root->closure.count;
	struct rl_object **objects = root->closure.items;
	RL_TRY(rl_list_reserve(&root->sorted, count));
	if (root->namespace->linker->rules.sorts_by_moves)
		return root_sort_by_moves(root);
	(void)pins_judge(root);
	struct walk walk = {.sorted = root->sorted.items, .at = count};
	/* The edges of a new root do not count in the walk: it is placed by hand. */
	size_t root_needs = root->needed.count;
	if (!root->is_relocated)
		root->needed.count = 0;
	/* The order of an older root may name objects that are not in this closure: preloads. */
	for (struct rl_object *object = root->namespace->first; object != NULL; object = object->next)
		object->mark = true;
	lender_mark(root->namespace, true);
	for (size_t i = 0; i < count; i++)
		objects[i]->mark = false;
	for (size_t i = count; i-- > 0;)
		if (!objects[i]->mark)
			walk_from(&walk, objects[i]);
	root->needed.count = root_needs;
	for (struct rl_object *object = root->namespace->first; object != NULL; object = object->next)
		object->mark = false;
	lender_mark(root->namespace, false);
	move_to_front(walk.sorted, root);
	root->sorted.count = count;
	return RL_OK;
}

/* Walk LIST, which is all of a namespace, backwards; the result replaces it. */
static void list_walk(struct rl_object_list *list, struct rl_object **sorted, bool counts_pins)
{
	struct walk walk = {.sorted = sorted, .at = list->count, .counts_pins = counts_pins};
	for (size_t i = list->count; i-- > 0;)
		if (!list->items[i]->mark)
			walk_from(&walk, list->items[i]);
	for (size_t i = 0; i < list->count; i++)
		list->items[i]->mark = false;
	memcpy(list->items, sorted, list->count * sizeof sorted[0]);
}

/* In the base the program, which is the first, needs no sorting. */
static __attribute__((cold)) enum rl_status all_sort_by_moves(struct rl_namespace *namespace, struct rl_object_list *list)
{
	size_t sorted = namespace == &namespace->linker->base ? 1 : 0;
	return rl_sort_by_moves(list->items + sorted, list->count - sorted, true);
}

/* Twice, like the original: where bindings and DT_NEEDED disagree in a cycle, DT_NEEDED has the last word. */
static enum rl_status all_sort(struct rl_namespace *namespace, struct rl_object_list *list)
{
	struct rl_object **sorted = rl_heap_take(namespace->count * sizeof sorted[0]);
	if (sorted == NULL)
		return RL_NO_MEMORY;
	bool has_pins = false;
	for (struct rl_object *object = namespace->first; object != NULL; object = object->next)
		has_pins = pins_judge(object) || has_pins;
	lender_mark(namespace, true);
	list_walk(list, sorted, has_pins);
	if (has_pins)
		list_walk(list, sorted, false);
	lender_mark(namespace, false);
	if (namespace == &namespace->linker->base)
		move_to_front(list->items, namespace->first);
	rl_heap_give(sorted);
	return RL_OK;
}

enum rl_status rl_graph_sort_all(struct rl_namespace *namespace, struct rl_object_list *out_list)
{
	struct rl_object_list list = {0};
	if (namespace->count != 0) {
		bool moves = namespace->linker->rules.sorts_by_moves;
		RL_TRY(rl_list_reserve(&list, namespace->count));
		for (struct rl_object *object = namespace->first; object != NULL; object = object->next)
			list.items[list.count++] = object;
		enum rl_status status = moves ? all_sort_by_moves(namespace, &list) : all_sort(namespace, &list);
		if (status != RL_OK) {
			rl_list_drop(&list);
			return status;
		}
	}
	*out_list = list;
	return RL_OK;
}
