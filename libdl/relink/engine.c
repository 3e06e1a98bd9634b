/* PRODUCT librelink: the engine of a process that embeds it.  The first context starts it: the host's objects are
 * adopted, as libdl-relink.so does, but nothing of the host's is replaced.
 */
#include "engine.h"

#include <string.h>

#include "../../ldso/base/heap.h"
#include "../../ldso/base/sys.h"
#include "../../ldso/link/calls.h"
#include "../../ldso/link/section.h"
#include "../../ldso/machine.h"

struct rl_engine rl_engine;

static struct {
	struct rl_kernel kernel;
	struct rl_options options;
	struct rl_cpu cpu;
	struct rl_search_machine machine;
	bool is_started;
} start;

/* A lazily bound call that nobody can serve: its caller cannot be told. */
static void die(struct rl_linker *linker, const struct rl_diag *diag) __attribute__((noreturn));
static void die(struct rl_linker *linker, const struct rl_diag *diag)
{
	enum { STDERR = 2, EXIT_LINKER = 127 };
	(void)linker;
	rl_text_print(STDERR, "librelink: %s: undefined symbol: %s\n", diag->subject, diag->symbol);
	rl_sys_exit(EXIT_LINKER);
}

static void warn(struct rl_linker *linker, const struct rl_diag *diag)
{
	(void)linker, (void)diag; /* the engine's warnings are about what loads all the same */
}

/* Executable stacks are the host's to give; a file without the header does not ask for one. */
static enum rl_status stack_prepare(void *context, struct rl_object *first, struct rl_diag *diag)
{
	(void)context;
	for (struct rl_object *object = first; object != NULL; object = object->next)
		if (!object->is_hosted && (object->stack_flags & PF_X) && rl_image_has(&object->image, PT_GNU_STACK))
			return rl_fail(diag, RL_STACK_EXECUTABLE, .subject = object->path);
	return rl_hooks_accept(first, diag);
}

/* A dependency of the host's that it did not load is none: its linker knows better. */
static enum rl_status library_excuse(struct rl_linker *linker, struct rl_object *object, const char *name,
				     struct rl_diag *diag)
{
	(void)linker, (void)name;
	if (!object->is_hosted)
		return diag->status;
	rl_diag_drop(diag);
	return RL_OK;
}

static bool engine_make(void)
{
	struct rl_linker *linker = &rl_engine.linker;
	const struct rl_host_functions *functions = &rl_host.functions;
	rl_options_read_environment(&start.kernel, &start.options);
	rl_cpu_probe(&start.cpu, start.kernel.aux);
	uint64_t features = functions->auxiliary == NULL ? 0 : functions->auxiliary(AT_HWCAP);
	start.machine = rl_machine_for_search(&start.cpu, features, start.kernel.aux[AT_PLATFORM]);
	rl_engine.search = rl_search_make(&start.options, &start.machine);
	if (rl_engine.search == NULL)
		return false;
	rl_host.linker = linker;
	rl_host.own_dso = &start;
	linker->policy = rl_context_policy();
	linker->abi = rl_host_abi(&rl_host);
	linker->abi.stack_prepare = stack_prepare;
	linker->abi.name_claim = rl_context_claim;
	linker->rules.opens_executables = linker->rules.opens_static = linker->rules.borrows = true;
	linker->base.linker = linker;
	linker->object_files = &rl_object_files;
	linker->page_size = start.kernel.aux[AT_PAGESZ];
	linker->is_running = true;
	linker->argc = start.kernel.argc;
	linker->argv = start.kernel.argv;
	linker->envp = start.kernel.envp;
	rl_engine.envp = start.kernel.envp;
	rl_engine.is_secure = start.options.is_secure;
	linker->die = die;
	linker->warn = warn;
	linker->excuse_library = library_excuse;
	rl_hooks_attach(linker);
	rl_host.guest.static_take = rl_host_reserve_take;
	rl_host.guest.static_give = rl_host_reserve_give;
	rl_host.guest.static_fill = rl_host_reserve_fill;
	return rl_host_threads_start(&rl_host) == RL_OK;
}

static bool engine_start(void)
{
	struct rl_host_map *maps = rl_host_maps();
	struct rl_diag diag = RL_DIAG_NONE;
	if (maps == NULL || !rl_host_kernel_read(&start.kernel))
		return false;
	if (!rl_host_find(&rl_host, maps) || !engine_make())
		return false;
	if (rl_family_start() != RL_OK || rl_host_adopt_all(&rl_host, &diag) != RL_OK) {
		rl_diag_drop(&diag);
		return false;
	}
	rl_host.is_started = true;
	rl_search_set_program(rl_engine.search, rl_engine.linker.program, NULL);
	return true;
}

relink_status rl_engine_start(void)
{
	rl_engine_lock();
	if (!start.is_started)
		start.is_started = engine_start();
	rl_engine_unlock();
	return start.is_started ? RELINK_OK : RELINK_E_HOST;
}

/* The process ends: what is still loaded is destroyed, the youngest context first, users before what they use. */
__attribute__((destructor)) static void at_exit(void)
{
	if (start.is_started)
		rl_calls_fini_all(&rl_engine.linker);
}
