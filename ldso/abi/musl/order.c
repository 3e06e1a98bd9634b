/* The order of construction.  musl's: depth first over direct dependencies in DT_NEEDED order, cycles cut where they
 * are met.  Without recursion: work_next links the path back to the start, work_index says how far each object came. */
#include "../../link/list.h"
#include "musl.h"

enum rl_status rl_musl_sort(struct rl_object *root)
{
	size_t count = root->closure.count, at = count;
	RL_TRY(rl_list_reserve(&root->sorted, count));
	struct rl_object *object = root;
	root->mark = true;
	root->work_next = NULL;
	root->work_index = 0;
	while (object != NULL) {
		if (object->work_index == object->needed.count) {
			root->sorted.items[--at] = object;
			object = object->work_next;
			continue;
		}
		struct rl_object *next = object->needed.items[object->work_index++];
		if (next->mark)
			continue;
		next->mark = true;
		next->work_next = object;
		next->work_index = 0;
		object = next;
	}
	/* What stands ahead of another object is in the closure without being needed. */
	for (size_t i = 0; i < count; i++) {
		if (!root->closure.items[i]->mark)
			root->sorted.items[--at] = root->closure.items[i];
		root->closure.items[i]->mark = false;
	}
	root->sorted.count = count;
	return RL_OK;
}
