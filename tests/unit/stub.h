/* A linker for tests: the engine with a personality that does nothing and a policy that knows one folder, and small
 * libraries without libc that the compiler builds when the test starts.  The tests have no thread-local storage of the
 * engine's: a host process's vector belongs to its own libc. */
#ifndef TEST_STUB_H
#define TEST_STUB_H

#include <sys/wait.h>

#include "../../ldso/base/heap.h"
#include "../../ldso/base/sys.h"
#include "../../ldso/link/graph.h"
#include "../../ldso/link/linker.h"
#include "../../ldso/link/list.h"
#include "../../ldso/link/load.h"
#include "../../ldso/link/lookup.h"
#include "../../ldso/link/namespace.h"
#include "../../ldso/link/open.h"
#include "../../ldso/link/relocate.h"
#include "check.h"

/* The port's assembly is not part of hosted programs. */
void rl_port_lazy_trampoline(void)
{
	abort();
}

void rl_port_tlsdesc_static(void)
{
	abort();
}

void rl_port_tlsdesc_dynamic(void)
{
	abort();
}

void rl_port_tlsdesc_undefined_weak(void)
{
	abort();
}

uintptr_t rl_port_call_preserving(uintptr_t (*fn)(uintptr_t), uintptr_t argument)
{
	return fn(argument);
}

static char stub_folder[64];

static inline void stub_folder_make(void)
{
	strcpy(stub_folder, "/tmp/relink-unit-XXXXXX");
	NEED(mkdtemp(stub_folder) != NULL);
}

static inline void stub_folder_drop(void)
{
	check_command("rm -rf %s", stub_folder);
}

/* Build FOLDER/NAME from SOURCE; the words of FLAGS may name libraries that were built before. */
static inline void stub_library(const char *name, const char *source, const char *flags)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%s.c", stub_folder, name);
	FILE *file = fopen(path, "w");
	NEED(file != NULL);
	fputs(source, file);
	fclose(file);
	const char *compiler = getenv("CC");
	check_command(
		"cd %s && %s -O1 -w -fPIC -fno-builtin -fno-stack-protector -shared -nostdlib -Wl,-soname,%s -o %s %s.c %s",
		stub_folder, compiler != NULL ? compiler : "cc", name, name, name, flags);
}

static inline enum rl_status stub_attach(void *context, struct rl_object *object, struct rl_diag *diag)
{
	(void)context, (void)diag;
	object->shadow = rl_heap_take(16);
	return object->shadow == NULL ? RL_NO_MEMORY : RL_OK;
}

static inline void stub_detach(void *context, struct rl_object *object)
{
	(void)context;
	rl_heap_give(object->shadow);
	object->shadow = NULL;
}

static inline void stub_object(void *context, struct rl_object *object)
{
	(void)context, (void)object;
}

static inline void stub_nothing(void *context)
{
	(void)context;
}

static inline bool stub_is_busy(void *context, struct rl_object *object)
{
	(void)context, (void)object;
	return false;
}

static inline enum rl_status stub_stack(void *context, struct rl_object *first, struct rl_diag *diag)
{
	(void)context, (void)first, (void)diag;
	return RL_OK;
}

static inline enum rl_status stub_find(void *context, const char *name, struct rl_object *requester,
				       struct rl_namespace *namespace, struct rl_file *out_file, struct rl_diag *diag)
{
	(void)context, (void)namespace;
	char path[512];
	snprintf(path, sizeof path, "%s%s%s", name[0] == '/' ? "" : stub_folder, name[0] == '/' ? "" : "/", name);
	long fd = rl_sys_open(path);
	if (rl_sys_is_error(fd))
		return rl_fail(diag, RL_FILE_NOT_FOUND, .subject = name, .error_number = (int)-fd,
			       .requester = requester == NULL ? "" : requester->path);
	memset(&out_file->head, 0, sizeof out_file->head);
	long size = rl_sys_read_at((int)fd, out_file->head.bytes, sizeof out_file->head.bytes, 0);
	out_file->head.size = size < 0 ? 0 : (size_t)size;
	enum rl_status status = rl_header_check(&out_file->head);
	if (status != RL_OK) {
		rl_sys_close((int)fd);
		return rl_fail(diag, status, .subject = name);
	}
	out_file->fd = (int)fd;
	out_file->path = rl_heap_string(path);
	return RL_OK;
}

static inline enum rl_status stub_expand(void *context, const char *name, struct rl_object *requester, char **out_name,
					 struct rl_diag *diag)
{
	(void)context, (void)name, (void)requester, (void)diag;
	*out_name = NULL;
	return RL_OK;
}

static inline __attribute__((noreturn)) void stub_die(struct rl_linker *linker, const struct rl_diag *diag)
{
	(void)linker;
	fprintf(stderr, "status %d: %s %s\n", (int)diag->status, diag->subject, diag->symbol);
	abort();
}

static inline void stub_warn(struct rl_linker *linker, const struct rl_diag *diag)
{
	(void)linker, (void)diag;
}

static inline void stub_linker_make(struct rl_linker *linker)
{
	memset(linker, 0, sizeof *linker);
	linker->policy = (struct rl_policy){.find = stub_find, .forget = stub_object, .expand = stub_expand};
	linker->abi = (struct rl_abi){.object_attach = stub_attach,
				      .object_detach = stub_detach,
				      .object_list = stub_object,
				      .object_unlist = stub_object,
				      .list_reordered = stub_nothing,
				      .object_tls = stub_object,
				      .object_is_busy = stub_is_busy,
				      .stack_prepare = stub_stack,
				      .lock = stub_nothing,
				      .unlock = stub_nothing};
	linker->base.linker = linker;
	linker->page_size = 4096;
	linker->sort = rl_graph_sort;
	linker->die = stub_die;
	linker->warn = stub_warn;
}

/* Load NAME as the program: the base of the global scope, relocated and running. */
static inline struct rl_object *stub_program(struct rl_linker *linker, const char *name)
{
	struct rl_diag diag = RL_DIAG_NONE;
	struct rl_request request = {.name = name, .kind = RL_OBJECT_PROGRAM};
	struct rl_object *program = NULL;
	NEED(rl_load(linker, &linker->base, &request, &program, &diag) == RL_OK);
	program->is_permanent = true;
	linker->program = program;
	NEED(rl_graph_close(linker, program, NULL, RL_OBJECT_LIBRARY, &diag) == RL_OK);
	NEED(rl_graph_sort(program) == RL_OK && rl_own_scope_make(program) == RL_OK);
	NEED(rl_globalize(program) == RL_OK);
	for (struct rl_object *object = linker->base.first; object != NULL; object = object->next)
		NEED(rl_search_list_make(object, program, false) == RL_OK);
	NEED(rl_address_reserve(&linker->addresses, linker->base.count) == RL_OK);
	rl_address_add_list(&linker->addresses, linker->base.first);
	for (size_t i = program->sorted.count; i-- > 0;)
		NEED(rl_relocate(linker, program->sorted.items[i], false, &diag) == RL_OK);
	program->init_called = true;
	rl_change_end(linker, NULL);
	linker->is_running = true;
	return program;
}

/* The address of a symbol as dlsym with a handle finds it. */
static inline void *stub_symbol(struct rl_linker *linker, struct rl_object *object, const char *name)
{
	struct rl_lookup lookup = {.name = rl_name_make(name), .want = {.newest = true}};
	struct rl_binding binding = {0};
	const struct rl_scope *scope = atomic_load(&object->own_scope.current);
	if (scope == NULL || !rl_lookup_scope(linker, scope, &lookup, &binding))
		return NULL;
	return (void *)rl_binding_address(&binding);
}

#endif
