/* Constructors and destructors at musl's moments.  Constructors run without the load lock: another thread that
 * needs the same object waits for that object only.  exit waits for constructors in progress whose destructors will be
 * due, and from then on no constructor starts or ends: exit keeps the lock. */
#include "../../link/calls.h"

#include "musl.h"

typedef void function(void);

static void wait_for_change(struct rl_musl *musl)
{
	uint32_t seen = musl->calls_event;
	musl->calls_waiters++;
	rl_musl_unlock(&musl->calls_lock);
	rl_musl_wait(&musl->calls_event, seen);
	rl_musl_lock(&musl->calls_lock);
	musl->calls_waiters--;
}

static void change(struct rl_musl *musl)
{
	__atomic_fetch_add(&musl->calls_event, 1, __ATOMIC_RELAXED);
	if (musl->calls_waiters != 0)
		rl_musl_wake(&musl->calls_event, INT32_MAX);
}

static void object_construct(struct rl_musl *musl, struct rl_musl_map *map)
{
	const struct rl_dynamic *dynamic = &map->object->dynamic;
	const uintptr_t *functions = dynamic->init_array.start;
	map->visitor = rl_port_thread_pointer();
	map->object->init_called = true;
	if (dynamic->fini != 0 || dynamic->fini_array.count != 0) {
		map->next_fini = musl->fini;
		musl->fini = map;
	}
	rl_musl_unlock(&musl->calls_lock);
	rl_emit(musl->linker, (struct rl_event){.kind = RL_EVENT_INIT, .object = map->object});
	if (dynamic->init != 0)
		((function *)dynamic->init)();
	for (size_t i = 0; i < dynamic->init_array.count; i++)
		((function *)functions[i])();
	rl_musl_lock(&musl->calls_lock);
	map->visitor = 0;
	map->is_constructed = true;
	change(musl);
}

void rl_musl_construct(struct rl_musl *musl, struct rl_object *root)
{
	uintptr_t self = rl_port_thread_pointer();
	rl_musl_lock(&musl->calls_lock);
	for (size_t i = root->sorted.count; i-- > 0;) {
		struct rl_object *object = root->sorted.items[i];
		struct rl_musl_map *map = rl_musl_map(object);
		/* Once exit has begun, this thread sleeps until the process ends. */
		while ((map->visitor != 0 && map->visitor != self) || musl->is_closing)
			wait_for_change(musl);
		if (map->visitor == 0 && !map->is_constructed && object != musl->libc
		    && object->kind != RL_OBJECT_LINKER)
			object_construct(musl, map);
	}
	rl_musl_unlock(&musl->calls_lock);
}

static void object_destroy(struct rl_musl *musl, const struct rl_object *object)
{
	const uintptr_t *functions = object->dynamic.fini_array.start;
	rl_emit(musl->linker, (struct rl_event){.kind = RL_EVENT_FINI, .object = (struct rl_object *)object});
	for (size_t i = object->dynamic.fini_array.count; i-- > 0;)
		((function *)functions[i])();
	if (object->dynamic.fini != 0)
		((function *)object->dynamic.fini)();
}

void rl_musl_destroy_all(struct rl_musl *musl)
{
	uintptr_t self = rl_port_thread_pointer();
	/* Both locks, so that either is enough to read is_closing; in the order in which dlopen takes them. */
	rl_musl_lock(&musl->load_lock);
	rl_musl_lock(&musl->calls_lock);
	bool was_closing = musl->is_closing;
	musl->is_closing = true;
	rl_musl_unlock(&musl->load_lock);
	for (struct rl_musl_map *map = was_closing ? NULL : musl->fini; map != NULL; map = map->next_fini) {
		while (map->visitor != 0 && map->visitor != self)
			wait_for_change(musl);
		if (map->is_constructed)
			object_destroy(musl, map->object);
	}
	/* The process ends with the lock taken. */
}

enum { LOST = 1 };

void rl_musl_calls_fork_child(struct rl_musl *musl)
{
	uintptr_t self = rl_port_thread_pointer();
	for (struct rl_musl_map *map = musl->first; map != NULL; map = map->l_next)
		if (map->visitor != 0 && map->visitor != self)
			map->visitor = LOST;
}

enum rl_status rl_musl_calls_check(const struct rl_object *root, struct rl_diag *diag)
{
	for (size_t i = root->sorted.count; i-- > 0;) {
		const struct rl_object *object = root->sorted.items[i];
		if (rl_musl_map(object)->visitor == LOST)
			return rl_fail(diag, RL_REQUEST_INCONSISTENT, .subject = object->path);
	}
	return RL_OK;
}
