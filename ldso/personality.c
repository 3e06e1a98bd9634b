/* Joining the parts: what the dlfcn family, the search and libc are told about each other and the machine. */
#include "personality.h"

#include "base/heap.h"
#include "link/namespace.h"

static char *error_text(const struct rl_diag *diag)
{
	rl_glibc_words_ready(&rl_glibc);
	struct rl_words words = rl_ldso_words();
	return rl_words_error_text(&words, diag);
}

static void errno_set(int number)
{
	rl_glibc_errors_ready(&rl_glibc);
	if (rl_glibc.functions.errno_location != NULL)
		*rl_glibc.functions.errno_location() = number;
}

static void *handle_of(struct rl_object *object)
{
	return rl_shadow_map(object);
}

static struct rl_object *object_of(void *handle)
{
	return rl_shadow_object(handle);
}

static const char *origin_of(struct rl_object *object)
{
	return rl_search_origin(rl_search, object);
}

static void each_directory(struct rl_object *object,
			   void (*visit)(void *argument, const char *directory, unsigned flag), void *argument)
{
	rl_search_each_directory(rl_search, object, visit, argument);
}

struct rl_dl_personality rl_dlfcn_personality(void)
{
	return (struct rl_dl_personality){
		.error_text = error_text,
		.errno_set = errno_set,
		.handle_of = handle_of,
		.object_of = object_of,
		.program_name = rl_glibc.program_name,
		.origin_of = origin_of,
		.each_directory = each_directory,
	};
}

struct rl_glibc_machine rl_machine_for_libc(const struct rl_cpu *cpu, const struct rl_search_machine *machine)
{
	return (struct rl_glibc_machine){
		.hwcap = rl_glibc_hwcap(cpu),
		.min_signal_stack = rl_cpu_minsigstacksize(cpu),
		.platform = machine->platform,
	};
}

/* The program was loaded by its path, but processes know it as "". */
enum rl_status rl_program_rename(struct rl_object *program)
{
	char *empty = rl_heap_string("");
	if (empty == NULL)
		return RL_NO_MEMORY;
	/* Neither its path nor its file stand for it: a library of the same file would be loaded on its own. */
	rl_namespace_unname(program);
	program->has_file_id = false;
	rl_heap_give((void *)program->path);
	program->path = empty;
	rl_shadow_map(program)->l_name = empty;
	if (program->dynamic.soname != NULL)
		RL_TRY(rl_namespace_name(program, program->dynamic.soname));
	return rl_namespace_name(program, "");
}

const char *rl_self_path(const struct rl_ldso_config *config)
{
	return config->is_command ? config->self_name : config->interpreter;
}
