/* The order that glibc had first, and has again where glibc.rtld.dynamic_sort is 1: whoever is needed by an object behind
 * it moves right behind the last such object, and whoever stands in its place then is next.  In a ring that would never
 * end, so an object has a limited number of turns at one place.  Takes the cube of the number of objects at worst. */
#include <string.h>

#include "../base/heap.h"
#include "list.h"
#include "sort_moves.h"

struct moves {
	struct rl_object **objects;
	size_t count;
	unsigned *turns; /* of the object at the same place */
	bool for_end;    /* bindings count, and what stays in use does not move */
};

static bool needs(const struct rl_object *object, const struct rl_object *other)
{
	return rl_list_has(rl_object_needs(object), other);
}

static bool is_bound_to(const struct rl_object *object, const struct rl_object *other)
{
	for (struct rl_pin *pin = atomic_load_explicit(&object->pins, memory_order_acquire); pin != NULL; pin = pin->next)
		if (pin->target == other)
			return true;
	return false;
}

/* The last place with an object that must come before the one at PLACE; PLACE if none does.  Of two that say so of each
 * other, the one that is needed is right. */
static size_t place_after(const struct moves *moves, size_t place)
{
	const struct rl_object *object = moves->objects[place];
	if (moves->for_end && (object->mark || object->real != NULL))
		return place;
	size_t last = moves->count - 1;
	for (; last > place; last--) {
		const struct rl_object *other = moves->objects[last];
		if (needs(other, object))
			break;
		if (moves->for_end && is_bound_to(other, object) && !needs(object, other))
			break;
	}
	return last;
}

static void turns_clear(const struct moves *moves, size_t from)
{
	memset(&moves->turns[from], 0, (moves->count - from) * sizeof moves->turns[0]);
}

static void make_moves(const struct moves *moves)
{
	for (size_t place = 0; place < moves->count;) {
		struct rl_object *object = moves->objects[place];
		unsigned turns = ++moves->turns[place];
		size_t last = place_after(moves, place), distance = last - place;
		memmove(&moves->objects[place], &moves->objects[place + 1], distance * sizeof moves->objects[0]);
		moves->objects[last] = object;
		/* Whoever comes here now was here often enough, and stays. */
		bool is_settled = last == place || moves->turns[place + 1] > moves->count - place;
		if (is_settled) {
			turns_clear(moves, ++place);
			continue;
		}
		memmove(&moves->turns[place], &moves->turns[place + 1], distance * sizeof moves->turns[0]);
		moves->turns[last] = turns;
	}
}

enum rl_status rl_sort_by_moves(struct rl_object **objects, size_t count, bool for_end)
{
	if (count <= 1)
		return RL_OK;
	struct moves moves = {.objects = objects, .count = count, .for_end = for_end};
	moves.turns = rl_heap_take(count * sizeof moves.turns[0]);
	if (moves.turns == NULL)
		return RL_NO_MEMORY;
	make_moves(&moves);
	rl_heap_give(moves.turns);
	return RL_OK;
}
