/* The rendezvous with debuggers: struct r_debug of <link.h>, the function they put a breakpoint on, and the probes that
 * gdb prefers to it, because they say what happened and where. */
#include "debug.h"

#include "base/heap.h"
#include "probe.h"

extern struct rl_debug_space rl_debug_first __attribute__((visibility("hidden")));

/* <link.h>: RT_CONSISTENT, RT_ADD, RT_DELETE. */
enum { CONSISTENT, ADD, DELETE };

/* What is shown of a namespace other than the base.  In the chain for ever, like the namespace in the linker's. */
struct space {
	struct rl_debug_space shown;
	const struct rl_namespace *namespace;
};

void _dl_debug_state(void)
{
	__asm__ volatile("" ::: "memory");
}

static struct rl_debug *debug_of(const struct rl_linker *linker, const struct rl_namespace *namespace)
{
	if (namespace == &linker->base)
		return &rl_debug_first.debug;
	for (struct rl_debug_space *space = rl_debug_first.next; space != NULL; space = space->next)
		if (((struct space *)space)->namespace == namespace)
			return &space->debug;
	return NULL;
}

/* Enter NAMESPACE into the chain; without memory debuggers do not see it.  A debugger may look at any moment. */
static void space_add(const struct rl_linker *linker, const struct rl_namespace *namespace)
{
	if (debug_of(linker, namespace) != NULL)
		return;
	struct space *space = rl_heap_take(sizeof *space);
	if (space == NULL)
		return;
	space->namespace = namespace;
	space->shown.debug = (struct rl_debug){.version = 2,
					       .breakpoint = rl_debug_first.debug.breakpoint,
					       .linker_base = rl_debug_first.debug.linker_base};
	struct rl_debug_space **link = &rl_debug_first.next;
	while (*link != NULL)
		link = &(*link)->next;
	__atomic_store_n(link, &space->shown, __ATOMIC_RELEASE);
	__atomic_store_n(&rl_debug_first.debug.version, 2, __ATOMIC_RELEASE);
}

static void state_set(struct rl_debug *debug, const struct rl_namespace *namespace, int state)
{
	__atomic_store_n(&debug->map, namespace->first == NULL ? NULL : namespace->first->shadow, __ATOMIC_RELEASE);
	debug->state = state;
	_dl_debug_state();
}

static void change_start(const struct rl_linker *linker, struct rl_debug *debug, const struct rl_event *event)
{
	state_set(debug, event->namespace, event->is_addition ? ADD : DELETE);
	if (!event->is_addition)
		RL_PROBE_2("unmap_start", event->namespace->id, debug);
	else if (linker->is_running)
		RL_PROBE_2("map_start", event->namespace->id, debug);
	else
		RL_PROBE_2("init_start", event->namespace->id, debug);
}

static void change_end(const struct rl_linker *linker, struct rl_debug *debug, const struct rl_event *event)
{
	int change = debug->state;
	const struct rl_object *first = event->object;
	state_set(debug, event->namespace, CONSISTENT);
	if (change == DELETE)
		RL_PROBE_2("unmap_complete", event->namespace->id, debug);
	else if (first == NULL)
		RL_PROBE_2("map_failed", event->namespace->id, debug);
	else if (first == linker->base.first)
		RL_PROBE_2("init_complete", event->namespace->id, debug);
	else
		RL_PROBE_3("reloc_complete", event->namespace->id, debug, first->shadow);
}

static void hear(void *context, const struct rl_event *event)
{
	const struct rl_linker *linker = context;
	if (event->kind == RL_EVENT_NAMESPACE)
		space_add(linker, event->namespace);
	if (event->kind != RL_EVENT_CHANGE_START && event->kind != RL_EVENT_CHANGE_END)
		return;
	struct rl_debug *debug = debug_of(linker, event->namespace);
	if (debug == NULL)
		return;
	if (event->kind == RL_EVENT_CHANGE_START)
		change_start(linker, debug, event);
	else
		change_end(linker, debug, event);
}

struct rl_listener rl_debug_listener(struct rl_linker *linker)
{
	return (struct rl_listener){.hear = hear, .context = linker};
}

void rl_debug_start(struct rl_object *program, uintptr_t linker_base)
{
	rl_debug_first.debug.version = 1;
	rl_debug_first.debug.breakpoint = (uintptr_t)_dl_debug_state;
	rl_debug_first.debug.linker_base = linker_base;
	Elf64_Dyn *entry = (Elf64_Dyn *)program->dynamic.entries;
	uint64_t vaddr = (uintptr_t)entry - program->image.bias;
	const Elf64_Phdr *phdr = entry == NULL ? NULL : rl_image_segment(&program->image, vaddr);
	if (phdr == NULL || !(phdr->p_flags & PF_W))
		return;
	for (; entry->d_tag != DT_NULL; entry++)
		if (entry->d_tag == DT_DEBUG)
			entry->d_un.d_ptr = (uintptr_t)&rl_debug_first;
}
