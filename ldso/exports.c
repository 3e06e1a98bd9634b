/* What ld-relink.so exports to libc and tools (exports.map), and the functions libc reaches through _rtld_global_ro.
 * Thin: each says what libc asks and passes it on.  glibc's Versions files and <link.h> name them. */
#include "exports.h"

#include <errno.h>
#include <string.h>

#include "../libdl/dl.h"
#include "base/heap.h"
#include "base/sys.h"
#include "base/text.h"
#include "ldso.h"
#include "link/open.h"

RL_EXPORT unsigned char _rtld_global[RL_GLIBC_GLOBAL_SIZE] __attribute__((aligned(64)));
/* Large: a section of its own, behind what every start touches. */
RL_EXPORT unsigned char _rtld_global_ro[RL_GLIBC_GLOBAL_RO_SIZE]
	__attribute__((aligned(64), section(".data.rel.ro.libc")));
RL_EXPORT RL_SEALED char **_dl_argv;
RL_EXPORT RL_SEALED int __libc_enable_secure;
RL_EXPORT RL_SEALED void *__libc_stack_end;
RL_EXPORT RL_SEALED long __rseq_offset;
RL_EXPORT RL_SEALED uint32_t __rseq_size;
RL_EXPORT const uint32_t __rseq_flags;
/* For CPUs whose libc asks for them; exports.map says which. */
RL_EXPORT RL_SEALED uintptr_t __stack_chk_guard;
RL_EXPORT RL_SEALED uintptr_t __pointer_chk_guard;
RL_EXPORT RL_SEALED bool __nptl_set_robust_list_avail;
RL_EXPORT void __rtld_version_placeholder(void)
{
}
RL_EXPORT unsigned char __nptl_initial_report_events;

static struct rl_tls_state *tls_state(void)
{
	return &rl_process.linker.tls;
}

/* Threads. */

RL_EXPORT void *__tls_get_addr(const struct rl_tls_index *index)
{
	return rl_thread_address(tls_state(), index);
}

static void errno_set(int number)
{
	rl_glibc_errors_ready(&rl_glibc);
	if (rl_glibc.functions.errno_location != NULL)
		*rl_glibc.functions.errno_location() = number;
}

RL_EXPORT void *_dl_allocate_tls(void *thread)
{
	uintptr_t pointer = (uintptr_t)thread;
	if (thread == NULL || !rl_thread_attach(tls_state(), pointer)) {
		errno_set(ENOMEM);
		return NULL;
	}
	rl_thread_fill(tls_state(), pointer);
	return thread;
}

static struct rl_thread *own_words(void *thread)
{
	return (struct rl_thread *)rl_tls_static_address((uintptr_t)thread, tls_state()->own_offset);
}

/* The second argument's meaning changed between releases; a reused stack is always filled anew. */
RL_EXPORT void *_dl_allocate_tls_init(void *thread, bool unused)
{
	(void)unused;
	if (thread == NULL)
		return NULL;
	rl_dl_error_drop(own_words(thread));
	rl_thread_fill(tls_state(), (uintptr_t)thread);
	return thread;
}

RL_EXPORT void _dl_deallocate_tls(void *thread, bool frees_thread)
{
	(void)frees_thread; /* libc passes false: the descriptor lies in the stack */
	rl_dl_error_drop(own_words(thread));
	rl_thread_detach(tls_state(), (uintptr_t)thread);
}

RL_EXPORT void _dl_get_tls_static_info(size_t *out_size, size_t *out_align)
{
	*out_size = tls_state()->static_size;
	*out_align = tls_state()->static_align;
}

RL_EXPORT int __nptl_change_stack_perm(void *thread)
{
	long result = rl_glibc_stack_protect(&rl_glibc, thread);
	return (int)-result;
}

RL_EXPORT int _dl_make_stack_executable(void **stack_end)
{
	(void)stack_end;
	return rl_glibc_stacks_make_executable(&rl_glibc) == RL_OK ? 0 : ENOMEM;
}

/* Objects. */

RL_EXPORT void *_dl_find_dso_for_object(uintptr_t address)
{
	return rl_shadow_map(rl_dl_object_at((const void *)address));
}

static int find_object(const void *address, struct rl_found_object *out_result)
{
	return rl_glibc_find_object(&rl_glibc, (uintptr_t)address, out_result);
}

static void *tls_address_soft(const void *map)
{
	return rl_thread_block_soft(tls_state(), rl_shadow_object(map));
}

static struct rl_link_map *lookup_symbol(const char *name, const void *map, const Elf64_Sym **symbol, void *scope,
					 const void *version, int type_class, int flags, const void *skip)
{
	(void)scope, (void)type_class, (void)skip;
	return rl_glibc_lookup_symbol(&rl_glibc, name, rl_shadow_object(map), symbol, version, (unsigned)flags);
}

RL_EXPORT void _dl_rtld_di_serinfo(const void *map, void *info, bool only_counts)
{
	enum { SERINFO = 4, SERINFO_SIZE = 5 };
	rl_dl_info((void *)map, only_counts ? SERINFO_SIZE : SERINFO, info);
}

/* Our own addition, under a version of our own. */
RL_EXPORT void *fdlopen(int fd, int mode)
{
	const void *caller = __builtin_return_address(0);
	rl_hook_enter(caller);
	return rl_dl_open_descriptor(fd, mode, caller);
}

/* Auditing and profiling: nobody listens. */

RL_EXPORT void _dl_audit_preinit(const void *map)
{
	(void)map;
}

RL_EXPORT void _dl_audit_symbind_alt(const void *map, const Elf64_Sym *symbol, void **value, const void *definer)
{
	(void)map, (void)symbol, (void)value, (void)definer;
}

RL_EXPORT void _dl_mcount(uintptr_t from, uintptr_t self)
{
	(void)from, (void)self;
}

/* Tunables. */

RL_EXPORT void __tunable_get_val(unsigned id, void *out, void (*callback)(void *))
{
	rl_tunables_get(&rl_config.tunables, id, out, callback);
}

RL_EXPORT bool __tunable_is_initialized(unsigned id)
{
	return rl_tunables_is_set(&rl_config.tunables, id);
}

/* Messages. */

RL_EXPORT void _dl_fatal_printf(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	rl_text_print_list(2, format, arguments);
	va_end(arguments);
	rl_sys_exit(127);
}

static void debug_printf(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	rl_text_print_list(2, format, arguments);
	va_end(arguments);
}

/* libc must parse /proc/self/maps itself: 2 is "not known". */
static int readonly_area(const void *start, size_t size)
{
	(void)start, (void)size;
	return 2;
}

static void freeres(void)
{
}

/* The entry points behind libc's dl* that the hook makes libc not use; a process may still call them. */

static void signal_failure(struct rl_diag *diag)
{
	struct rl_words words = rl_ldso_words();
	struct rl_message *message = rl_words_message(&words, diag);
	rl_glibc_errors_ready(&rl_glibc);
	if (rl_glibc.functions.signal_error == NULL || message == NULL)
		rl_report_fatal(diag);
	rl_diag_drop(diag);
	rl_glibc.functions.signal_error(message->error_number, message->object, NULL, message->text);
}

static void *open_map(const char *name, int mode, const void *caller, long namespace_id, int argc, char **argv,
		      char **envp)
{
	enum { PUBLIC_MODES = 0xffff };
	(void)argc, (void)argv, (void)envp;
	struct rl_object *object = NULL;
	struct rl_diag diag = RL_DIAG_NONE;
	/* The program's name arrives as "". */
	if (rl_dl_open_object_in(namespace_id, name, mode & PUBLIC_MODES, caller, &object, &diag) != RL_OK)
		signal_failure(&diag);
	return rl_shadow_map(object);
}

static void close_map(void *map)
{
	struct rl_diag diag = RL_DIAG_NONE;
	if (rl_close(&rl_process.linker, rl_shadow_object(map), &diag) != RL_OK)
		signal_failure(&diag);
}

static int catch_error(const char **object, const char **text, bool *is_malloced, void (*fn)(void *), void *argument)
{
	rl_glibc_errors_ready(&rl_glibc);
	if (rl_glibc.functions.catch_error != NULL)
		return rl_glibc.functions.catch_error(object, text, is_malloced, fn, argument);
	return _dl_catch_error(object, text, is_malloced, fn, argument);
}

static void error_free(void *block)
{
	rl_glibc_heap_ready(&rl_glibc);
	if (rl_glibc.functions.free != NULL)
		rl_glibc.functions.free(block);
}

const struct rl_glibc_entries rl_glibc_entries = {
	.debug_printf = debug_printf,
	.mcount = _dl_mcount,
	.lookup_symbol = lookup_symbol,
	.open = open_map,
	.close = close_map,
	.catch_error = catch_error,
	.error_free = error_free,
	.tls_address_soft = tls_address_soft,
	.freeres = freeres,
	.find_object = find_object,
	.readonly_area = readonly_area,
	.dlfcn_hook = &rl_dlfcn_hook,
};
