/* Telling instead of running: --list, LD_TRACE_LOADED_OBJECTS (which is what ldd sets), --verify, --version, --help.
 * The lines are the original's, because scripts read them. */
#include "trace.h"

#include <string.h>

#include "base/heap.h"
#include "base/sys.h"
#include "base/text.h"

enum { STDOUT = 1, EXIT_SECURE_TRACE = 5 };

/* A library that was needed and not found, to be shown behind the object that was loaded last before it. */
struct missing {
	const char *name;
	const struct rl_object *after;
	struct missing *next;
};

static struct missing *missing_first, **missing_end; /* NULL: none yet */

/* A library that cannot be found is noted, once; any other failure stays one. */
static enum rl_status missing_note(struct rl_linker *linker, struct rl_object *object, const char *name,
				   struct rl_diag *diag)
{
	(void)object;
	if (diag->status != RL_FILE_NOT_FOUND)
		return diag->status;
	rl_diag_drop(diag);
	for (const struct missing *known = missing_first; known != NULL; known = known->next)
		if (strcmp(known->name, name) == 0)
			return RL_OK;
	struct missing *missing = rl_heap_take(sizeof *missing);
	if (missing == NULL)
		return RL_NO_MEMORY;
	/* Our own object moves to where it is first needed. */
	const struct rl_object *last = linker->base.last;
	*missing = (struct missing){name, last == linker->self ? last->previous : last, NULL};
	*(missing_end == NULL ? &missing_first : missing_end) = missing;
	missing_end = &missing->next;
	return RL_OK;
}

void rl_trace_start(struct rl_linker *linker, const struct rl_options *options)
{
	if (options->mode != RL_MODE_TRACE)
		return;
	if (options->is_secure)
		rl_sys_exit(EXIT_SECURE_TRACE);
	linker->excuse_library = missing_note;
}

static void object_print(const struct rl_object *object)
{
	const char *asked = object->asked_as != NULL && object->path[0] != '\0' ? object->asked_as : object->path;
	if (strcmp(asked, object->path) == 0)
		rl_text_print(STDOUT, "\t%s (0x%016lx)\n", object->path, object->map_start);
	else
		rl_text_print(STDOUT, "\t%s => %s (0x%016lx)\n", asked, object->path, object->map_start);
}

static _Noreturn void list_print(const struct rl_linker *linker, const struct rl_options *options)
{
	if (linker->program->needed.count == 0 && missing_first == NULL) {
		rl_text_print(STDOUT, "\tstatically linked\n");
		rl_sys_exit(0);
	}
	for (const struct rl_object *object = linker->base.first; object != NULL; object = object->next) {
		if (object != linker->program || options->traces_program)
			object_print(object);
		/* We were put between an object and what was missing behind it. */
		const struct rl_object *before = object == linker->self ? object->previous : object;
		for (const struct missing *missing = missing_first; missing != NULL; missing = missing->next)
			if (missing->after == before && object->next != linker->self)
				rl_text_print(STDOUT, "\t%s => not found\n", missing->name);
	}
	rl_sys_exit(0);
}

void rl_trace_finish(const struct rl_linker *linker, const struct rl_options *options)
{
	if (options->mode == RL_MODE_TRACE || options->mode == RL_MODE_LIST)
		list_print(linker, options);
}

void rl_trace_verify(const struct rl_options *options, const struct rl_object *program)
{
	enum { GOOD = 0, BAD = 1, LIBRARY = 2 };
	if (options->mode != RL_MODE_VERIFY)
		return;
	if (program == NULL || program->dynamic.entries == NULL)
		rl_sys_exit(BAD);
	rl_sys_exit(rl_image_has(&program->image, PT_INTERP) ? GOOD : LIBRARY);
}

static const char help[] =
	"Usage: %s [OPTION]... PROGRAM [ARGUMENT]...\n"
	"Run PROGRAM with this linker instead of the one that the program names.\n"
	"\n"
	"  --list                list the libraries the program needs, and where they are\n"
	"  --verify              exit with 0 if PROGRAM is a program that a linker can run\n"
	"  --argv0 STRING        what the program finds in argv[0]\n"
	"  --library-path LIST   search these directories, whatever LD_LIBRARY_PATH says\n"
	"  --preload LIST        load these libraries first\n"
	"  --inhibit-cache       do not use /etc/ld.so.cache\n"
	"  --inhibit-rpath LIST  ignore the RPATH and RUNPATH of these objects\n"
	"  --glibc-hwcaps-prepend LIST\n"
	"                        search these glibc-hwcaps subdirectories first\n"
	"  --glibc-hwcaps-mask LIST\n"
	"                        search only these of the usual ones\n"
	"  --help, --version     say this, or the version\n"
	"\n"
	"Environment: LD_LIBRARY_PATH, LD_PRELOAD, LD_BIND_NOW and others; see ld-relink.so(8).\n";

void rl_trace_tell(const struct rl_options *options, const char *self_name)
{
	switch (options->mode) {
	case RL_MODE_HELP:
		rl_text_print(STDOUT, help, self_name);
		rl_sys_exit(0);
	case RL_MODE_VERSION:
		rl_text_print(STDOUT, "ld-relink.so (Relink) " RL_VERSION_STRING "\n"
				      "MIT licence. There is no warranty, as far as the law allows.\n");
		rl_sys_exit(0);
	case RL_MODE_LIST_TUNABLES:
	case RL_MODE_LIST_DIAGNOSTICS:
		rl_text_print(2, "%s: this linker has no such listing\n", self_name);
		rl_sys_exit(1);
	default:
		return;
	}
}
