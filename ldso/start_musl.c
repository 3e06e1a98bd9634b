/* Start-up of a musl program, as a list of steps, in two parts: up to the moment when libc sets itself up, and from
 * there on.  libc is entered as the kernel would enter it, with the whole stack for itself: nothing of the first part
 * may be needed on the stack by the second.  docs/startup.md tells the same story with reasons.
 */
#include <string.h>

#include "../libdl/musl.h"
#include "base/heap.h"
#include "base/sys.h"
#include "base/text.h"
#include "link/events.h"
#include "link/graph.h"
#include "link/list.h"
#include "link/load.h"
#include "link/relocate.h"
#include "personality.h"
#include "policy/musl.h"
#include "steps.h"

enum { STDOUT = 1, STDERR = 2, EXIT_USAGE = 1, EXIT_LINKER = 127 };

struct rl_musl rl_musl;
static struct rl_musl_options options;
static struct rl_musl_search search;
static struct rl_listener debugger;

static struct rl_linker *linker(void)
{
	return &rl_process.linker;
}

static void fatal(const struct rl_diag *diag) __attribute__((noreturn));
static void die(struct rl_linker *ours, const struct rl_diag *diag) __attribute__((noreturn));

static void fatal(const struct rl_diag *diag)
{
	rl_musl_print(&rl_musl, diag);
	rl_sys_exit(EXIT_LINKER);
}

static void suspect(struct rl_linker *ours, const struct rl_diag *diag)
{
	(void)ours, (void)diag; /* musl never warns */
}

static void die(struct rl_linker *ours, const struct rl_diag *diag)
{
	(void)ours;
	fatal(diag);
}

/* What only a start as a command runs is cold: compiled apart from what every start runs. */
static _Noreturn __attribute__((cold)) void usage_fail(const char *self)
{
	rl_text_print(STDERR,
		      "musl libc (" RL_PORT_NAME ")\nVersion %s\nDynamic Program Loader\n"
		      "Usage: %s [options] [--] pathname%s\n",
		      rl_musl_version(&rl_musl), self, options.lists ? "" : " [args]");
	rl_sys_exit(EXIT_USAGE);
}

static char *error_text(const struct rl_diag *diag)
{
	return rl_musl_error_text(&rl_musl, diag);
}

static void error_keep(void *error)
{
	rl_musl_error_keep(&rl_musl, error);
}

/* Step: the engine with musl's rules. */
static void engine_make(void)
{
	rl_config.fatal = fatal;
	rl_musl.linker = linker();
	rl_musl.loader_name = "";
	rl_musl.error_drop = rl_musl_error_drop;
	search.options = &options;
	linker()->policy = rl_musl_search_policy(&search);
	linker()->abi = rl_musl_abi(&rl_musl);
	linker()->rules = rl_musl_rules();
	linker()->sort = rl_musl_sort;
	linker()->excuse_symbol = rl_musl_excuse_symbol;
	linker()->excuse_library = rl_musl_excuse_library;
	linker()->base.linker = linker();
	linker()->page_size = rl_config.kernel.aux[AT_PAGESZ];
	linker()->binds_now = true;
	linker()->is_changing = true; /* debuggers are told once, at the end */
	linker()->tls.dtv_give = rl_musl_dtv_give;
	linker()->die = die;
	linker()->warn = suspect;
	rl_process.personality.error_text = error_text;
	rl_process.personality.error_keep = error_keep;
}

/* Words that were for us disappear: the vector begins further up. */
static __attribute__((cold)) void configure_command(struct rl_kernel *kernel)
{
	rl_config.self_name = kernel->argc > 0 ? kernel->argv[0] : "";
	if (!rl_musl_options_read_command(kernel, &options))
		usage_fail(rl_config.self_name);
	kernel->argv += options.program_index;
	kernel->argc -= options.program_index;
	kernel->stack = (uintptr_t *)kernel->argv - 1;
	*kernel->stack = (uintptr_t)kernel->argc;
	rl_config.program_path = kernel->argv[0];
}

/* Step: environment and command line. */
static void configure(void)
{
	struct rl_kernel *kernel = &rl_config.kernel;
	rl_musl_options_read_environment(kernel, &options);
	if (rl_config.is_command)
		configure_command(kernel);
}

/* The kernel mapped the program: its headers are in memory. */
static void program_adopt(struct rl_diag *diag)
{
	const struct rl_kernel *kernel = &rl_config.kernel;
	const char *path = (const char *)kernel->aux[AT_EXECFN];
	if (path == NULL || strncmp(path, "/proc/", 6) == 0)
		path = kernel->argc > 0 ? kernel->argv[0] : "";
	struct rl_adoption adoption = {.kind = RL_OBJECT_PROGRAM,
				       .path = path,
				       .phdrs = (const Elf64_Phdr *)kernel->aux[AT_PHDR],
				       .phdr_count = kernel->aux[AT_PHNUM],
				       .entry = kernel->aux[AT_ENTRY]};
	adoption.bias = rl_program_bias(adoption.phdrs, adoption.phdr_count);
	rl_must(rl_adopt(linker(), &linker()->base, &adoption, &linker()->program, diag), diag);
	search.program_is_kernels = true;
}

/* We were given the program's name. */
static __attribute__((cold)) void program_load(struct rl_diag *diag)
{
	const char *name = rl_config.program_path, *self = rl_config.self_name;
	struct rl_request request = {.name = name, .kind = RL_OBJECT_PROGRAM};
	enum rl_status status = rl_load(linker(), &linker()->base, &request, &linker()->program, diag);
	if (status == RL_FILE_NOT_FOUND)
		rl_text_print(STDERR, "%s: cannot load %s: %s\n", self, name,
			      rl_musl_errno_text(&rl_musl, diag->error_number));
	else if (status != RL_OK || linker()->program->dynamic.entries == NULL)
		rl_text_print(STDERR, "%s: %s: Not a valid dynamic program\n", self, name);
	if (status != RL_OK || linker()->program->dynamic.entries == NULL)
		rl_sys_exit(EXIT_USAGE);
	linker()->program->is_permanent = true;
	linker()->program->has_file_id = false; /* musl, too, would load it once more as a library */
}

/* What the program calls its loader. */
static const char *interpreter_of(const struct rl_object *program)
{
	const struct rl_image *image = &program->image;
	for (size_t i = 0; i < image->phdr_count; i++)
		if (image->phdrs[i].p_type == PT_INTERP)
			return (const char *)(image->bias + image->phdrs[i].p_vaddr);
	return NULL;
}

/* Step: the program and ourselves. */
static void program_find(struct rl_diag *diag)
{
	if (rl_config.is_command)
		program_load(diag);
	else
		program_adopt(diag);
	struct rl_object *program = linker()->program;
	const char *interpreter = interpreter_of(program);
	if (!rl_config.is_command)
		rl_config.interpreter = interpreter;
	rl_musl.loader_name = rl_self_path(&rl_config);
	if (options.lists && interpreter != NULL)
		rl_musl.loader_name = interpreter;
	search.loader_name = rl_musl.loader_name;
	search.program = program;
	rl_image_adopt(RL_OBJECT_LINKER, rl_self_path(&rl_config), (uintptr_t)__ehdr_start, &linker()->self, diag);
	rl_must(rl_musl_define(linker()->self, rl_musl_definitions, rl_musl_definition_count), diag);
}

static void preload_load(void *argument, const char *name)
{
	struct rl_object_list *list = argument;
	struct rl_request request = {.name = name, .kind = RL_OBJECT_LIBRARY};
	struct rl_diag failure = RL_DIAG_NONE;
	struct rl_object *object = NULL;
	/* musl does not say that it could not. */
	if (rl_load(linker(), &linker()->base, &request, &object, &failure) == RL_OK && !rl_list_has(list, object))
		(void)!rl_list_append(list, object);
	rl_diag_drop(&failure);
}

/* Preloads count as the program's first dependencies. */
static void preloads_enter(const struct rl_object_list *preloads, struct rl_diag *diag)
{
	struct rl_object_list *needed = &linker()->program->needed;
	for (size_t i = 0; i < preloads->count; i++) {
		rl_must(rl_list_append(needed, preloads->items[i]), diag);
		memmove(&needed->items[i + 1], &needed->items[i], (needed->count - 1 - i) * sizeof needed->items[0]);
		needed->items[i] = preloads->items[i];
	}
}

static const char no_path[] = "";
/* As a literal it would be shared with the start of glibc programs, and lie among that one's constants: a page fault away. */
static const char strerror_name[] = "strerror";

/* Step: preloads, all dependencies, and at the end what nobody needs by name.  From here no object is added. */
static void graph_load(struct rl_diag *diag)
{
	struct rl_object_list preloads = {0};
	rl_musl_preload_each(&options, preload_load, &preloads);
	rl_must(rl_graph_close(linker(), linker()->program, &preloads, RL_OBJECT_LIBRARY, diag), diag);
	preloads_enter(&preloads, diag);
	rl_list_drop(&preloads);
	if (rl_musl.libc == NULL) {
		struct rl_object *libc = NULL;
		rl_must(rl_musl_name_claim(&rl_musl, "libc.so", &libc, diag), diag);
	}
	if (rl_config.kernel.aux[AT_SYSINFO_EHDR] != 0)
		rl_image_adopt(RL_OBJECT_VDSO, no_path, rl_config.kernel.aux[AT_SYSINFO_EHDR], &linker()->vdso, diag);
	rl_musl_list(&rl_musl, linker()->self);
	for (struct rl_object *object = linker()->base.first; object != NULL; object = object->next)
		object->is_permanent = true;
}

/* What ldd prints of a library that was found. */
static __attribute__((cold)) void list_hear(void *context, const struct rl_event *event)
{
	(void)context;
	if (event->kind == RL_EVENT_MAPPED && !rl_musl.is_loading_libc && event->object->kind == RL_OBJECT_LIBRARY)
		rl_text_print(STDOUT, "\t%s => %s (0x%lx)\n", search.name, event->object->path,
			      event->object->image.bias);
}

/* The same of a name that means libc; each part that libc contains is told once. */
static __attribute__((cold)) void list_claim(const char *name, unsigned part)
{
	static unsigned told;
	if (!(told & 1u << part))
		rl_text_print(STDOUT, "\t%s => %s (0x%lx)\n", name, rl_musl.loader_name, rl_musl.libc->image.bias);
	told |= 1u << part;
}

/* Step: only to list what would be loaded. */
static __attribute__((cold)) void list_begin(struct rl_diag *diag)
{
	static struct rl_listener listener;
	struct rl_object *libc = NULL;
	rl_must(rl_musl_name_claim(&rl_musl, "libc.so", &libc, diag), diag);
	rl_text_print(STDOUT, "\t%s (0x%lx)\n", rl_musl.loader_name, libc->image.bias);
	rl_musl.claimed = list_claim;
	listener.hear = list_hear;
	linker()->listeners = &listener;
}

/* Step: relocate, in the order of loading; the program last, so that COPY takes final values. */
static void relocate_all(struct rl_diag *diag)
{
	struct rl_object *program = linker()->program;
	for (struct rl_object *object = linker()->base.first; object != NULL; object = object->next)
		if (!object->is_relocated && object != program)
			rl_must(rl_relocate(linker(), object, false, diag), diag);
	rl_must(rl_relocate(linker(), program, false, diag), diag);
}

/* libc's moment for constructors. */
static void program_start(void)
{
	rl_musl_construct(&rl_musl, linker()->program);
}

/* libc's moment for destructors. */
static void program_end(void)
{
	rl_musl_destroy_all(&rl_musl);
}

struct rl_transfer rl_start_musl(void)
{
	struct rl_diag diag = RL_DIAG_NONE;
	engine_make();
	configure();
	/* From here nothing reads the environment. */
	program_find(&diag);
	if (options.lists)
		list_begin(&diag);
	graph_load(&diag);
	/* From here no object is added. */
	rl_tls_layout(linker());
	rl_tls_publish(linker());
	rl_scopes_make(&diag);
	rl_must(rl_musl_host_make(&rl_musl, program_start, program_end, &diag), &diag);
	rl_musl_host_enter(&rl_musl, &rl_config.kernel, (uintptr_t)rl_port_hosted_return);
	/* From here the stack below the kernel's vector is libc's, until it comes back to rl_start_hosted. */
	return (struct rl_transfer){rl_musl.libc->entry, rl_config.kernel.stack};
}

struct rl_transfer rl_start_hosted(void)
{
	struct rl_diag diag = RL_DIAG_NONE;
	rl_musl_host_leave(&rl_musl, &rl_config.kernel);
	/* libc is relocated, the main thread exists, and the kernel's vector is as it was. */
	rl_debug_start(linker()->program, (uintptr_t)__ehdr_start); /* its dynamic section may become read-only */
	relocate_all(&diag);
	rl_musl_host_fill(&rl_musl);
	if (rl_musl.has_failed)
		rl_sys_exit(EXIT_LINKER);
	if (options.lists)
		rl_sys_exit(0);
	/* From here every object may be called. */
	rl_musl.functions.atfork = rl_musl_function(&rl_musl, "pthread_atfork");
	rl_musl.functions.strerror = rl_musl_function(&rl_musl, strerror_name);
	rl_musl.functions.set_cancel_state = rl_musl_function(&rl_musl, "pthread_setcancelstate");
	rl_addresses_publish(&diag);
	debugger = rl_debug_listener(linker());
	linker()->listeners = &debugger;
	linker()->is_running = true;
	rl_change_end(linker(), linker()->base.first);
	if (options.argv0 != NULL)
		rl_config.kernel.argv[0] = (char *)options.argv0;
	struct rl_transfer transfer = {linker()->program->entry, rl_config.kernel.stack};
	rl_seal();
	/* From here what start-up learned is read-only. */
	return transfer;
}
