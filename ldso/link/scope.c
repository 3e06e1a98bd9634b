/* Making scopes. */
#include "scope.h"

#include "../base/heap.h"
#include "object.h"

struct rl_scope *rl_scope_make(const struct rl_object_list *list)
{
	struct rl_scope *scope = rl_heap_take(sizeof *scope + list->count * sizeof scope->entries[0]);
	if (scope == NULL)
		return NULL;
	scope->count = list->count;
	for (size_t i = 0; i < list->count; i++) {
		struct rl_object *object = list->items[i];
		scope->entries[i] = (struct rl_scope_entry){object->symbols.bloom, object->symbols.bloom_mask,
							    object->symbols.bloom_shift, object};
	}
	return scope;
}
