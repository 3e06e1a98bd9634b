/* The rendezvous with debuggers: struct r_debug of <link.h> and the function they put a breakpoint on. */
#include "debug.h"

struct rl_debug _r_debug;

void _dl_debug_state(void)
{
	__asm__ volatile("" ::: "memory");
}

static void state_set(int state)
{
	_r_debug.state = state;
	_dl_debug_state();
}

static void hear(void *context, const struct rl_event *event)
{
	enum { CONSISTENT, ADD, DELETE };
	const struct rl_linker *linker = context;
	if (event->kind == RL_EVENT_CHANGE_START) {
		_r_debug.map = linker->base.first->shadow;
		state_set(event->is_addition ? ADD : DELETE);
	} else if (event->kind == RL_EVENT_CHANGE_END) {
		_r_debug.map = linker->base.first->shadow;
		state_set(CONSISTENT);
	}
}

struct rl_listener rl_debug_listener(struct rl_linker *linker)
{
	return (struct rl_listener){.hear = hear, .context = linker};
}

void rl_debug_start(struct rl_object *program, uintptr_t linker_base)
{
	_r_debug.version = 1;
	_r_debug.breakpoint = (uintptr_t)_dl_debug_state;
	_r_debug.linker_base = linker_base;
	Elf64_Dyn *entry = (Elf64_Dyn *)program->dynamic.entries;
	uint64_t vaddr = (uintptr_t)entry - program->image.bias;
	const Elf64_Phdr *phdr = entry == NULL ? NULL : rl_image_segment(&program->image, vaddr);
	if (phdr == NULL || !(phdr->p_flags & PF_W))
		return;
	for (; entry->d_tag != DT_NULL; entry++)
		if (entry->d_tag == DT_DEBUG)
			entry->d_un.d_ptr = (uintptr_t)&_r_debug;
}
