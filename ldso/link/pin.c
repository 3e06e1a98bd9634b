/* Pins: edges of the graph that symbol bindings add to DT_NEEDED.  Lock-free, because lazy binding makes them. */
#include "../base/heap.h"
#include "relocate.h"

/* Whether TARGET stays loaded for as long as OBJECT does: it shows in the order of destructors that nobody has an edge to
 * such an object.  A unique symbol that was chosen by an open that may still fail counts for objects of that open only,
 * which have yet to be relocated: they go with it. */
static bool outlasts(const struct rl_object *target, const struct rl_object *object)
{
	bool has_unique = object->is_relocated
				  ? atomic_load_explicit(&target->has_settled_unique, memory_order_relaxed)
				  : atomic_load_explicit(&target->unique_count, memory_order_relaxed) != 0;
	return target->is_permanent || has_unique || (target->dynamic.flags_1 & DF_1_NODELETE);
}

enum rl_status rl_pin_add(struct rl_object *object, struct rl_object *target)
{
	if (target == object || target->kind != RL_OBJECT_OPENED || outlasts(target, object))
		return RL_OK;
	if (target->namespace != object->namespace)
		return RL_OK; /* only dlsym finds such a thing: the handle it was given is what keeps it */
	if (object->kind != RL_OBJECT_OPENED) {
		/* What an object of the start uses is permanent. */
		__atomic_store_n(&target->is_permanent, true, __ATOMIC_RELAXED);
		return RL_OK;
	}
	struct rl_pin *head = atomic_load_explicit(&object->pins, memory_order_acquire);
	for (struct rl_pin *pin = head; pin != NULL; pin = pin->next)
		if (pin->target == target)
			return RL_OK;
	struct rl_pin *fresh = rl_heap_take(sizeof *fresh);
	if (fresh == NULL)
		return RL_NO_MEMORY;
	fresh->target = target;
	fresh->next = head;
	while (!atomic_compare_exchange_weak_explicit(&object->pins, &fresh->next, fresh, memory_order_release,
						      memory_order_relaxed))
		;
	return RL_OK;
}
