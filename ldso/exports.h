/* Declarations of what ld-relink.so exports (exports.map). */
#ifndef RL_LDSO_EXPORTS_H
#define RL_LDSO_EXPORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "link/tls.h"

#define RL_EXPORT __attribute__((visibility("default")))

extern unsigned char _rtld_global[], _rtld_global_ro[];
extern char **_dl_argv;
extern int __libc_enable_secure;
extern void *__libc_stack_end;
extern long __rseq_offset;
extern uint32_t __rseq_size;
extern const uint32_t __rseq_flags;
extern uintptr_t __stack_chk_guard, __pointer_chk_guard;
extern bool __nptl_set_robust_list_avail;
void __rtld_version_placeholder(void);
extern unsigned char __nptl_initial_report_events;

void *__tls_get_addr(const struct rl_tls_index *index);
void *_dl_allocate_tls(void *thread);
void *_dl_allocate_tls_init(void *thread, bool unused);
void _dl_deallocate_tls(void *thread, bool frees_thread);
void _dl_get_tls_static_info(size_t *out_size, size_t *out_align);
int __nptl_change_stack_perm(void *thread);
int _dl_make_stack_executable(void **stack_end);
void *_dl_find_dso_for_object(uintptr_t address);
void _dl_rtld_di_serinfo(const void *map, void *info, bool only_counts);
void _dl_audit_preinit(const void *map);
void _dl_audit_symbind_alt(const void *map, const Elf64_Sym *symbol, void **value, const void *definer);
void _dl_mcount(uintptr_t from, uintptr_t self);
void __tunable_get_val(unsigned id, void *out, void (*callback)(void *));
bool __tunable_is_initialized(unsigned id);
_Noreturn void _dl_fatal_printf(const char *format, ...);

/* exceptions.c: what libc from 2.37 on imports; 2.36 and before have their own. */
struct rl_exception {
	const char *object, *text;
	char *block; /* what free gets; NULL: nothing was allocated */
};
void _dl_exception_create(struct rl_exception *exception, const char *object, const char *text);
void _dl_exception_create_format(struct rl_exception *exception, const char *object, const char *format, ...);
void _dl_exception_free(struct rl_exception *exception);
int _dl_catch_exception(struct rl_exception *exception, void (*fn)(void *), void *argument);
int _dl_catch_error(const char **object, const char **text, bool *is_malloced, void (*fn)(void *), void *argument);
void _dl_signal_exception(int code, struct rl_exception *exception, const char *occasion);
void _dl_signal_error(int code, const char *object, const char *occasion, const char *text);

void *fdlopen(int fd, int mode);

/* hook.c: the code at CALLER calls the dlfcn family. */
void rl_hook_enter(const void *caller);

/* libc's dl* entry points forward to this table. */
struct rl_dlfcn_hook;
extern const struct rl_dlfcn_hook rl_dlfcn_hook;

#endif
