/* PRODUCT libdl-relink.so: the dlfcn family for a process that another dynamic linker started, by LD_PRELOAD.
 *
 * The engine loads what is opened; what the host has loaded is adopted and never loaded twice.  What only the host can
 * do (static TLS, executable stacks, further namespaces) is handed to its own functions, and so are handles that are
 * not ours.  docs/preload.md tells the limits.
 */
#include "preload.h"

#include <string.h>

#include "../ldso/base/heap.h"
#include "../ldso/base/sys.h"
#include "../ldso/link/calls.h"
#include "../ldso/link/open.h"
#include "../ldso/machine.h"
#include "words.h"

struct rl_process rl_process;

static struct {
	struct rl_kernel kernel;
	struct rl_options options;
	struct rl_cpu cpu;
	struct rl_search_machine machine;
	struct rl_search *search;
	struct rl_listener debugger;
	struct rl_musl_options musl_options;
	struct rl_musl_search musl_search;
	_Atomic(enum rl_preload_state) state;
} preload;

static struct rl_linker *linker(void)
{
	return &rl_process.linker;
}

static struct rl_words words(void)
{
	return (struct rl_words){.program_name = rl_process.personality.program_name,
				 .strerror = rl_host.functions.strerror,
				 .dcgettext = rl_host.functions.dcgettext};
}

static char *error_text(const struct rl_diag *diag)
{
	struct rl_words own_words = words();
	return rl_host.is_glibc ? rl_words_error_text(&own_words, diag) : rl_preload_musl_error_text(diag);
}

static void errno_set(int number)
{
	*rl_host.functions.errno_location() = number;
}

static struct rl_object *object_of(void *handle)
{
	return rl_host_object(&rl_host, handle);
}

static const char *origin_of(struct rl_object *object)
{
	return rl_search_origin(preload.search, object);
}

static void each_directory(struct rl_object *object,
			   void (*visit)(void *argument, const char *directory, unsigned flag), void *argument)
{
	rl_search_each_directory(preload.search, object, visit, argument);
}

static void die(struct rl_linker *unused, const struct rl_diag *diag) __attribute__((noreturn));
static void die(struct rl_linker *unused, const struct rl_diag *diag)
{
	enum { EXIT_LINKER = 127 };
	(void)unused;
	struct rl_words own_words = words();
	rl_words_print_fatal(&own_words, diag);
	rl_sys_exit(EXIT_LINKER);
}

static void suspect(struct rl_linker *unused, const struct rl_diag *diag)
{
	(void)unused;
	struct rl_words own_words = words();
	rl_words_print_warning(&own_words, diag);
}

/* Step: arguments, environment, CPU. */
static bool configure(void)
{
	if (rl_host_maps() == NULL || !rl_host_kernel_read(&preload.kernel))
		return false;
	rl_options_read_environment(&preload.kernel, &preload.options);
	rl_musl_options_read_environment(&preload.kernel, &preload.musl_options);
	preload.musl_search.options = &preload.musl_options;
	rl_cpu_probe(&preload.cpu, preload.kernel.aux);
	return true;
}

/* Static TLS that the host would lose by closing is not reserved again and again: its library stays. */
static bool static_take(struct rl_object *object)
{
	if (!rl_host_reserve_take(object))
		return false;
	if (rl_host_loses_static(&rl_host, object->tls.size))
		object->is_permanent = true;
	return true;
}

/* Step: the engine with its policy and personality. */
static bool engine_make(void)
{
	const struct rl_host_functions *functions = &rl_host.functions;
	uint64_t features = functions->auxiliary == NULL ? 0 : functions->auxiliary(AT_HWCAP);
	preload.machine = rl_machine_for_search(&preload.cpu, features, preload.kernel.aux[AT_PLATFORM]);
	preload.search = rl_search_make(&preload.options, &preload.machine);
	if (preload.search == NULL)
		return false;
	rl_host.linker = linker();
	rl_host.own_dso = &preload;
	rl_host.guest.static_take = static_take;
	rl_host.guest.static_give = rl_host_reserve_give;
	rl_host.guest.static_fill = rl_host_reserve_fill;
	rl_host.turns.are_kept = rl_host.is_glibc; /* musl's visitors overlap */
	rl_host_words_drop = rl_dl_error_drop;
	linker()->policy = rl_search_policy(preload.search);
	linker()->abi = rl_host_abi(&rl_host);
	linker()->base.linker = linker();
	linker()->page_size = preload.kernel.aux[AT_PAGESZ];
	linker()->binds_now = preload.options.binds_now;
	linker()->rules.sorts_by_moves = preload.options.sorts_by_moves;
	if (!rl_host.is_glibc)
		rl_preload_musl_engine(linker(), &preload.musl_search);
	linker()->keeps_unbound = preload.options.binds_not;
	linker()->prefers_strong = preload.options.has_dynamic_weak;
	linker()->warns = preload.options.warns;
	linker()->is_running = true;
	linker()->argc = preload.kernel.argc;
	linker()->argv = preload.kernel.argv;
	linker()->envp = preload.kernel.envp;
	preload.debugger = rl_host_debug_listener(&rl_host);
	linker()->listeners = &preload.debugger;
	linker()->die = die;
	linker()->warn = suspect;
	rl_process.personality = (struct rl_dl_personality){
		.error_text = error_text,
		.errno_set = rl_host.is_glibc && functions->errno_location != NULL ? errno_set : NULL,
		.namespace_limit = 1, /* what the host does not do, nobody does */
		.keeps_errors = !rl_host.is_glibc,
		.handle_of = rl_preload_handle_of,
		.object_of = object_of,
		.program_name = preload.kernel.argc > 0 ? preload.kernel.argv[0] : "<program name unknown>",
		.origin_of = origin_of,
		.each_directory = each_directory,
	};
	return rl_host_threads_start(&rl_host) == RL_OK;
}

/* Step: the host's objects. */
static bool adopt(void)
{
	struct rl_diag diag = RL_DIAG_NONE;
	if (rl_host_front_start(&rl_host, NULL, 0) != RL_OK || rl_host_adopt_all(&rl_host, &diag) != RL_OK) {
		rl_diag_drop(&diag);
		return false;
	}
	/* Started as `ld.so PROGRAM`, the kernel's notion of the program is the linker. */
	bool is_command = preload.kernel.aux[AT_BASE] == 0;
	rl_search_set_program(preload.search, linker()->program,
			      is_command ? (const char *)preload.kernel.aux[AT_EXECFN] : NULL);
	preload.musl_search.program = linker()->program;
	preload.musl_search.program_is_kernels = !is_command;
	if (!rl_host.is_glibc)
		rl_preload_musl_start();
	return true;
}

/* Join the process: at the first call, or when our constructor runs, whichever comes first. */
static bool start(void)
{
	rl_host_lock(&rl_host);
	if (atomic_load(&preload.state) == RL_PRELOAD_NEW) {
		atomic_store(&preload.state, RL_PRELOAD_STARTING);
		bool is_joined = configure() && rl_host_find(&rl_host, rl_host_maps()) && engine_make() && adopt();
		rl_host.is_started = true;
		atomic_store(&preload.state, is_joined ? RL_PRELOAD_READY : RL_PRELOAD_REFUSED);
	}
	rl_host_unlock(&rl_host);
	return atomic_load(&preload.state) == RL_PRELOAD_READY;
}

bool rl_preload_ready(void)
{
	return __builtin_expect(atomic_load_explicit(&preload.state, memory_order_acquire) == RL_PRELOAD_READY, 1)
	       || start();
}

__attribute__((constructor)) static void at_start(void)
{
	start();
}

/* The host runs the destructors of what it loaded; ours come right behind the program's own. */
__attribute__((destructor)) static void at_exit(void)
{
	if (atomic_load(&preload.state) != RL_PRELOAD_READY)
		return;
	if (rl_host.is_glibc)
		rl_calls_fini_all(linker());
	else
		rl_preload_musl_end();
}
