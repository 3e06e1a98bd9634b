/* Start-up of a glibc program, as a list of steps.
 *
 * Each step does one thing; what holds between them is said in between.  docs/startup.md tells the same story with
 * reasons.
 */
#include <string.h>

#include "../libdl/dl.h"
#include "base/heap.h"
#include "base/sys.h"
#include "base/text.h"
#include "exports.h"
#include "ldso.h"
#include "link/calls.h"
#include "link/graph.h"
#include "link/list.h"
#include "link/load.h"
#include "link/namespace.h"
#include "link/open.h"
#include "link/relocate.h"
#include "personality.h"
#include "steps.h"
#include "trace.h"

struct rl_glibc rl_glibc;
struct rl_search *rl_search;
static struct rl_listener debugger;

extern const char __ehdr_start[] __attribute__((visibility("hidden")));

static struct rl_linker *linker(void)
{
	return &rl_process.linker;
}

/* Step: arguments, environment, command line. */
static void configure(void)
{
	rl_options_read_environment(&rl_config.kernel, &rl_config.options);
	rl_config.fatal = rl_report_fatal;
	rl_glibc.program_name = rl_config.kernel.argc > 0 ? rl_config.kernel.argv[0] : "<program name unknown>";
	if (rl_config.is_command)
		rl_command_read(&rl_config);
	if (rl_config.kernel.argc > 0)
		rl_glibc.program_name = rl_config.kernel.argv[0];
	_dl_argv = rl_config.kernel.argv;
	__libc_enable_secure = rl_config.options.is_secure;
	__libc_stack_end = rl_config.kernel.stack;
}

/* Step: the CPU, and the tunables that may restrict it. */
static void machine_probe(void)
{
	enum { NEWEST_KNOWN_BY_HEART = 236 };
	rl_cpu_probe(&rl_config.cpu, rl_config.kernel.aux);
	rl_tunables_start(&rl_config.tunables, NEWEST_KNOWN_BY_HEART, rl_config.kernel.envp,
			  rl_config.options.is_secure);
	rl_glibc_cpu_restrict(&rl_config.cpu, &rl_config.tunables);
	rl_config.machine = rl_machine_for_search(&rl_config.cpu, rl_glibc_hwcap(&rl_config.cpu),
						   rl_config.kernel.aux[AT_PLATFORM]);
}

/* The value of a tunable; USUAL is its default.  Hardly any process has one set, so names are seldom looked up. */
static int64_t tunable(const char *name, int64_t usual)
{
	return rl_config.tunables.set == 0 ? usual : rl_tunables_number(&rl_config.tunables, name, usual);
}

/* Bytes of static TLS kept for libraries that are opened later: what the original keeps or more, plus what the user
 * asks for above the original's usual share for those that could do without. */
static void static_surplus_set(struct rl_tls_state *tls)
{
	enum { USUAL_SURPLUS = 4096, USUAL_SHARE = 512 };
	int64_t share = tunable("glibc.rtld.optional_static_tls", USUAL_SHARE);
	tls->surplus = USUAL_SURPLUS + (share > USUAL_SHARE ? (size_t)(share - USUAL_SHARE) : 0);
	tls->optional = (size_t)share;
}

/* What the first thread has beyond that: pages that nobody touches cost nothing there. */
enum { FIRST_SURPLUS = 65536 };

/* Step: the engine with its policy and personality. */
static void engine_make(void)
{
	rl_glibc.linker = linker();
	rl_glibc.kernel = &rl_config.kernel;
	rl_glibc.global = _rtld_global;
	rl_glibc.global_ro = _rtld_global_ro;
	rl_glibc.stack_flags = PF_R | PF_W;
	rl_glibc.fork_watch = rl_fork_watch;
	rl_search = rl_search_make(&rl_config.options, &rl_config.machine);
	linker()->policy = rl_search_policy(rl_search);
	linker()->abi = rl_glibc_abi(&rl_glibc);
	linker()->base.linker = linker();
	linker()->page_size = rl_config.kernel.aux[AT_PAGESZ];
	linker()->binds_now = rl_config.options.binds_now;
	linker()->keeps_unbound = rl_config.options.binds_not;
	linker()->prefers_strong = rl_config.options.has_dynamic_weak;
	linker()->warns = rl_config.options.warns;
	linker()->rules.sorts_by_moves = rl_config.options.sorts_by_moves;
	static_surplus_set(&linker()->tls);
	linker()->tls.first_surplus = FIRST_SURPLUS;
	linker()->die = rl_report_lazy_failure;
	linker()->warn = rl_report_warning;
	linker()->argc = rl_config.kernel.argc;
	linker()->argv = rl_config.kernel.argv;
	linker()->envp = rl_config.kernel.envp;
	rl_process.personality = rl_dlfcn_personality();
}

/* The PT_INTERP string of the program, or NULL: it is static. */
static const char *interpreter_of(const struct rl_object *program)
{
	const struct rl_image *image = &program->image;
	for (size_t i = 0; i < image->phdr_count; i++) {
		const Elf64_Phdr *phdr = &image->phdrs[i];
		if (phdr->p_type != PT_INTERP || phdr->p_filesz == 0)
			continue;
		const char *path = rl_image_array(image, phdr->p_vaddr, phdr->p_filesz, 1);
		if (path != NULL && path[phdr->p_filesz - 1] == '\0')
			return path;
	}
	return NULL;
}

/* The kernel mapped the program: its headers are in memory. */
static void program_adopt(struct rl_diag *diag)
{
	const struct rl_kernel *kernel = &rl_config.kernel;
	const Elf64_Phdr *phdrs = (const Elf64_Phdr *)kernel->aux[AT_PHDR];
	size_t count = kernel->aux[AT_PHNUM];
	struct rl_adoption adoption = {.kind = RL_OBJECT_PROGRAM,
				       .path = "",
				       .phdrs = phdrs,
				       .phdr_count = count,
				       .bias = rl_program_bias(phdrs, count),
				       .entry = kernel->aux[AT_ENTRY]};
	rl_must(rl_adopt(linker(), &linker()->base, &adoption, &linker()->program, diag), diag);
	rl_glibc.stack_flags = linker()->program->stack_flags;
	rl_config.interpreter = interpreter_of(linker()->program);
	if (rl_config.interpreter == NULL)
		rl_config.interpreter = "ld.so";
	rl_search_set_program(rl_search, linker()->program, NULL);
}

/* We were given the program's name: map it, and let the argument block look as if the kernel had. */
static void program_load(struct rl_diag *diag)
{
	const char *name = rl_config.program_path;
	struct rl_kernel *kernel = &rl_config.kernel;
	struct rl_request request = {.name = name, .kind = RL_OBJECT_PROGRAM};
	struct rl_object *program = NULL;
	enum rl_status status = rl_load(linker(), &linker()->base, &request, &program, diag);
	rl_trace_verify(&rl_config.options, program);
	rl_must(status, diag);
	linker()->program = program;
	program->is_permanent = true;
	rl_search_set_program(rl_search, program, program->path);
	rl_must(rl_program_rename(program), diag);
	rl_config.interpreter = interpreter_of(program);
	rl_kernel_patch(kernel, AT_PHDR, (uintptr_t)program->phdr);
	rl_kernel_patch(kernel, AT_PHNUM, program->image.phdr_count);
	rl_kernel_patch(kernel, AT_ENTRY, program->entry);
	rl_kernel_patch(kernel, AT_EXECFN, (uintptr_t)name);
}

/* Step: the objects that are in memory already. */
static void adopt_all(struct rl_diag *diag)
{
	if (rl_config.is_command)
		program_load(diag);
	else
		program_adopt(diag);
	if (rl_config.kernel.aux[AT_SYSINFO_EHDR] != 0)
		rl_image_adopt(RL_OBJECT_VDSO, "linux-vdso.so.1", rl_config.kernel.aux[AT_SYSINFO_EHDR],
			    &linker()->vdso, diag);
	rl_image_adopt(RL_OBJECT_LINKER, rl_self_path(&rl_config), (uintptr_t)__ehdr_start, &linker()->self, diag);
	if (rl_config.is_command && rl_config.options.mode == RL_MODE_RUN)
		rl_chain_load(linker()->program, linker()->self);
	if (rl_config.interpreter != NULL) {
		rl_must(rl_namespace_name(linker()->self, rl_config.interpreter), diag);
		linker()->self->asked_as = rl_config.interpreter;
	}
}

/* Step: let a debugger in before any library is there. */
static void debugger_greet(void)
{
	rl_debug_start(linker()->program, (uintptr_t)__ehdr_start);
	debugger = rl_debug_listener(linker());
	linker()->listeners = &debugger;
	linker()->is_changing = false;
	rl_change_begin(linker(), &linker()->base, true);
}

struct preloading {
	struct rl_object_list list;
	struct rl_diag *diag;
};

static void preload_one(void *argument, const char *name, const char *source)
{
	struct preloading *preloading = argument;
	struct rl_request request = {
		.name = name, .requester = linker()->program, .kind = RL_OBJECT_LIBRARY};
	struct rl_diag failure = RL_DIAG_NONE;
	struct rl_object *object = NULL, *last_before = linker()->base.last;
	if (rl_load(linker(), &linker()->base, &request, &object, &failure) != RL_OK) {
		struct rl_words words = rl_ldso_words();
		struct rl_message *message = rl_words_message(&words, &failure);
		rl_text_print(2, "ERROR: ld.so: object '%s' from %s cannot be preloaded (%s): ignored.\n", name, source,
			      message == NULL ? "" : message->text);
		rl_heap_give(message);
		rl_diag_drop(&failure);
		return;
	}
	/* What was there already keeps its place. */
	if (object->previous == last_before)
		rl_must(rl_list_append(&preloading->list, object), preloading->diag);
}

/* Step: preloads and all dependencies.  From here no object is added before the program runs. */
static void graph_load(struct rl_diag *diag)
{
	struct preloading preloading = {.diag = diag};
	rl_preload_each(rl_search, preload_one, &preloading);
	rl_must(rl_graph_close(linker(), linker()->program, &preloading.list, RL_OBJECT_LIBRARY, diag), diag);
	rl_list_drop(&preloading.list);
	rl_search_settle(rl_search);
	for (struct rl_object *object = linker()->base.first; object != NULL; object = object->next)
		object->is_permanent = true;
}

/* Step: every version that is needed is there; each one missing was reported. */
static void versions_check(struct rl_diag *diag)
{
	enum { EXIT_VERSIONS = 1 };
	enum rl_status status = rl_graph_check_versions(linker(), &linker()->program->closure, diag);
	if (status == RL_VERSION_NOT_FOUND)
		rl_sys_exit(EXIT_VERSIONS);
	rl_must(status, diag);
}

/* Step: put ourselves into the list where we are first needed, like the original: sanitizers look at the order. */
static void self_place(void)
{
	const struct rl_object_list *closure = &linker()->program->closure;
	struct rl_object *self = linker()->self;
	for (size_t i = 1; i < closure->count; i++)
		if (closure->items[i] == self) {
			rl_namespace_move(&linker()->base, self, closure->items[i - 1]);
			rl_shadow_relink(&rl_glibc);
			return;
		}
}

/* Step: find libc and what it expects of us.  A program without libc runs without a personality. */
static void libc_choose(struct rl_diag *diag)
{
	struct rl_object *libc = rl_namespace_find(&linker()->base, "libc.so.6");
	if (libc == NULL)
		return;
	rl_must(rl_glibc_choose(&rl_glibc, libc, diag), diag);
	rl_process.personality.namespace_limit = rl_glibc.layout->global.ns_count;
	if (rl_config.tunables.list->release != rl_glibc.layout->release)
		rl_tunables_start(&rl_config.tunables, rl_glibc.layout->release, rl_config.kernel.envp,
				  rl_config.options.is_secure);
	struct rl_glibc_machine machine = rl_machine_for_libc(&rl_config.cpu, &rl_config.machine);
	rl_glibc_globals_fill(&rl_glibc, &machine, &rl_glibc_entries);
	rl_glibc_cpu_features_fill(rl_glibc.layout, &rl_config.cpu, &rl_config.tunables,
				   _rtld_global_ro + rl_glibc.layout->global_ro.dl_cpu_features);
}

/* Step: static TLS and the main thread.  From here compiled code with a stack protector may run. */
static uintptr_t thread_make(struct rl_diag *diag)
{
	struct rl_tls_state *tls = &linker()->tls;
	rl_tls_layout(linker());
	rl_tls_publish(linker());
	char *area = rl_heap_take_aligned(tls->area_size, tls->static_align);
	rl_must(area == NULL ? RL_NO_MEMORY : RL_OK, diag);
	uintptr_t thread_pointer = (uintptr_t)area + tls->area_pointer;
	rl_must(rl_thread_attach(tls, thread_pointer) ? RL_OK : RL_NO_MEMORY, diag);
	if (rl_glibc.layout == NULL) {
		rl_port_tcb_start(thread_pointer);
		rl_port_thread_pointer_set(thread_pointer);
		return thread_pointer;
	}
	rl_glibc_globals_tls(&rl_glibc);
	rl_glibc_thread_main(&rl_glibc, thread_pointer,
			     tunable("glibc.pthread.rseq", 1) != 0);
	__stack_chk_guard = rl_glibc_guards.stack;
	__pointer_chk_guard = rl_glibc_guards.pointer;
	__nptl_set_robust_list_avail = rl_glibc.has_robust_lists;
	__rseq_offset = rl_glibc_rseq.offset;
	__rseq_size = rl_glibc_rseq.size;
	return thread_pointer;
}

/* Step: libraries first, what they need before them; the program last, so that COPY takes final values. */
static void relocate_all(struct rl_diag *diag)
{
	struct rl_object *program = linker()->program;
	for (size_t i = program->sorted.count; i-- > 0;) {
		struct rl_object *object = program->sorted.items[i];
		if (!object->is_relocated)
			rl_must(rl_relocate(linker(), object, !linker()->binds_now, diag), diag);
	}
}

struct rl_transfer rl_start_glibc(void)
{
	struct rl_diag diag = RL_DIAG_NONE;
	configure();
	machine_probe();
	/* From here nothing reads the environment. */
	engine_make();
	adopt_all(&diag);
	debugger_greet();
	rl_trace_start(linker(), &rl_config.options);
	graph_load(&diag);
	/* From here no object is added. */
	versions_check(&diag);
	self_place();
	rl_trace_finish(linker(), &rl_config.options);
	libc_choose(&diag);
	rl_must(linker()->abi.stack_prepare(&rl_glibc, linker()->base.first, &diag), &diag);
	uintptr_t thread_pointer = thread_make(&diag);
	rl_scopes_make(&diag);
	relocate_all(&diag);
	rl_thread_fill(&linker()->tls, thread_pointer);
	/* From here every object may be called. */
	if (rl_glibc.libc != NULL)
		rl_glibc_libc_ready(&rl_glibc);
	rl_addresses_publish(&diag);
	rl_seal();
	/* From here what start-up learned is read-only. */
	linker()->is_running = true;
	if (rl_glibc.libc != NULL) {
		rl_glibc_early_init(&rl_glibc);
		rl_fork_watch(rl_glibc.functions.register_atfork);
	}
	rl_change_end(linker(), linker()->base.first);
	if (linker()->program->dynamic.preinit_array.count != 0)
		rl_calls_preinit(linker());
	rl_calls_init(linker(), linker()->program);
	return (struct rl_transfer){linker()->program->entry, rl_config.kernel.stack};
}

void rl_finish(void)
{
	rl_calls_fini_all(linker());
}
