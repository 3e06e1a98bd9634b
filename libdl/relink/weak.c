/* Weak handles: they lead to a module while it is loaded, and do not keep it. */
#include "../../ldso/base/heap.h"
#include "engine.h"

struct relink_weak {
	struct rl_object *object; /* NULL: unloaded */
	struct relink_weak *next, **link;
};

static struct relink_weak *weaks; /* all; under the lock */

relink_weak *relink_weak_new(relink_module *module)
{
	relink_weak *weak = rl_module_is_good(module) ? rl_heap_take(sizeof *weak) : NULL;
	if (weak == NULL)
		return NULL;
	rl_engine_lock();
	*weak = (relink_weak){.object = module->object, .next = weaks, .link = &weaks};
	if (weaks != NULL)
		weaks->link = &weak->next;
	weaks = weak;
	rl_engine_unlock();
	return weak;
}

relink_module *relink_weak_get(relink_weak *weak)
{
	if (weak == NULL)
		return NULL;
	rl_engine_lock();
	relink_module *module = weak->object == NULL ? NULL : rl_module_take(weak->object);
	rl_engine_unlock();
	return module;
}

void relink_weak_free(relink_weak *weak)
{
	if (weak == NULL)
		return;
	rl_engine_lock();
	*weak->link = weak->next;
	if (weak->next != NULL)
		weak->next->link = weak->link;
	rl_engine_unlock();
	rl_heap_give(weak);
}

void rl_weaks_forget(const struct rl_object *object)
{
	for (struct relink_weak *weak = weaks; weak != NULL; weak = weak->next)
		if (weak->object == object)
			weak->object = NULL;
}
