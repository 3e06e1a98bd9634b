/* Our objects as gdb sees them, through its interface for code made at run time: a descriptor, a list of small files in
 * memory, and a function whose breakpoint says that the list has changed.  The host's own list is no place for them:
 * its linker reads private fields of every map that it finds there.
 *
 * Making such a file (symbol_file.c) takes reading the object's whole file, so it is done only while a debugger has its
 * breakpoint set, or where it is asked for; a debugger that comes later is told at the next change of what has a path. */
#include "symbol_file.h"

#include "../../base/heap.h"
#include "../../link/namespace.h"

struct descriptor {
	uint32_t version;
	enum { NOTHING, REGISTER, UNREGISTER } action;
	struct rl_host_symbol_file *relevant, *first;
};

extern struct descriptor __jit_debug_descriptor;
struct descriptor __jit_debug_descriptor __attribute__((used)) = {.version = 1};

void __jit_debug_register_code(void);
void rl_host_debug_twin(void);
/* Two functions of the same bytes: they differ where a breakpoint is. */
__asm__(".pushsection .text.debug, \"ax\"\n"
	".globl __jit_debug_register_code, rl_host_debug_twin\n"
	".hidden __jit_debug_register_code, rl_host_debug_twin\n"
	".type __jit_debug_register_code, %function\n.type rl_host_debug_twin, %function\n"
	".balign 16\n__jit_debug_register_code:\n\tret\n\tnop\n\tnop\n\tnop\n.size __jit_debug_register_code, 4\n"
	".balign 16\nrl_host_debug_twin:\n\tret\n\tnop\n\tnop\n\tnop\n.size rl_host_debug_twin, 4\n"
	".popsection\n");

static bool is_watched(void)
{
	const volatile unsigned char *own = (const volatile unsigned char *)__jit_debug_register_code;
	const volatile unsigned char *twin = (const volatile unsigned char *)rl_host_debug_twin;
	return own[0] != twin[0] || own[1] != twin[1] || own[2] != twin[2] || own[3] != twin[3];
}

static void tell(struct rl_host_symbol_file *file, int action)
{
	__jit_debug_descriptor.relevant = file;
	__jit_debug_descriptor.action = action;
	__jit_debug_register_code();
	__jit_debug_descriptor.action = NOTHING;
	__jit_debug_descriptor.relevant = NULL;
}

static void object_show(struct rl_object *object, const struct rl_file *source)
{
	struct rl_host_shadow *shadow = rl_host_shadow(object);
	if (object->is_hosted || object->is_synthetic || shadow == NULL || shadow->symbol_file != NULL)
		return;
	struct rl_host_symbol_file *file = rl_host_symbol_file_make(object, source);
	if (file == NULL)
		return;
	shadow->symbol_file = file;
	file->next = __jit_debug_descriptor.first;
	if (file->next != NULL)
		file->next->previous = file;
	__jit_debug_descriptor.first = file;
	tell(file, REGISTER);
}

static void object_hide(struct rl_object *object)
{
	struct rl_host_shadow *shadow = rl_host_shadow(object);
	struct rl_host_symbol_file *file = shadow == NULL ? NULL : shadow->symbol_file;
	if (file == NULL)
		return;
	if (file->next != NULL)
		file->next->previous = file->previous;
	if (file->previous != NULL)
		file->previous->next = file->next;
	else
		__jit_debug_descriptor.first = file->next;
	shadow->symbol_file = NULL;
	tell(file, UNREGISTER);
	rl_host_symbol_file_drop(file);
}

void rl_host_debug_hear(struct rl_host *host, const struct rl_event *event, bool is_wanted)
{
	if (event->kind == RL_EVENT_UNMAPPED)
		object_hide(event->object);
	if (event->kind != RL_EVENT_MAPPED)
		return;
	if (is_wanted)
		object_show(event->object, event->file);
	if (!is_watched())
		return;
	for (struct rl_namespace *space = &host->linker->base; space != NULL; space = space->next)
		for (struct rl_object *object = space->first; object != NULL; object = object->next)
			object_show(object, object == event->object ? event->file : NULL);
}

static void hear(void *context, const struct rl_event *event)
{
	rl_host_debug_hear(context, event, false);
}

struct rl_listener rl_host_debug_listener(struct rl_host *host)
{
	return (struct rl_listener){.hear = hear, .context = host};
}
