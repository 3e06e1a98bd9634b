/* Growing lists of objects. */
#include "list.h"

#include "../base/heap.h"

enum rl_status rl_list_reserve(struct rl_object_list *list, size_t count)
{
	if (count <= list->capacity)
		return RL_OK;
	size_t capacity = list->capacity == 0 ? 8 : list->capacity * 2;
	if (capacity < count)
		capacity = count;
	struct rl_object **items =
		rl_heap_grow(list->items, list->count * sizeof *items, capacity * sizeof *items);
	if (items == NULL)
		return RL_NO_MEMORY;
	list->items = items;
	list->capacity = capacity;
	return RL_OK;
}

enum rl_status rl_list_append(struct rl_object_list *list, struct rl_object *object)
{
	RL_TRY(rl_list_reserve(list, list->count + 1));
	list->items[list->count++] = object;
	return RL_OK;
}

bool rl_list_has(const struct rl_object_list *list, const struct rl_object *object)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i] == object)
			return true;
	return false;
}

void rl_list_remove(struct rl_object_list *list, const struct rl_object *object)
{
	size_t kept = 0;
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i] != object)
			list->items[kept++] = list->items[i];
	list->count = kept;
}

void rl_list_drop(struct rl_object_list *list)
{
	rl_heap_give(list->items);
	*list = (struct rl_object_list){0};
}
