/* The state of ld-relink.so beside the engine's: what start-up learns.  The first part is sealed read-only when
 * start-up ends. */
#ifndef RL_LDSO_LDSO_H
#define RL_LDSO_LDSO_H

#include "../arch/port.h"
#include "../libdl/process.h"
#include "../libdl/words.h"
#include "abi/glibc/cpu_features.h"
#include "abi/glibc/glibc.h"
#include "abi/glibc/globals.h"
#include "abi/glibc/tunables.h"
#include "debug.h"
#include "policy/options.h"
#include "policy/search.h"

/* Which libc the program was made for. */
enum rl_libc_kind { RL_LIBC_UNDECIDED, RL_LIBC_GLIBC, RL_LIBC_MUSL };

/* Everything that never changes after start-up.  Lies in our RELRO. */
struct rl_ldso_config {
	struct rl_kernel kernel;
	struct rl_options options;
	struct rl_cpu cpu;
	struct rl_tunables tunables;
	struct rl_search_machine machine;
	const char *interpreter;  /* the program's PT_INTERP, NULL if it is static */
	const char *self_name;    /* how we were called in command mode */
	const char *program_path; /* command mode: the program to load */
	void (*fatal)(const struct rl_diag *diag) __attribute__((noreturn)); /* ends a start that failed, in libc's words */
	bool is_command; /* started as `ld-relink.so PROGRAM`, not as PT_INTERP */
};

extern struct rl_ldso_config rl_config;
extern struct rl_glibc rl_glibc;
extern struct rl_search *rl_search;

/* Places sealed data: RELRO of a shared object ends with its .data.rel.ro. */
#define RL_SEALED __attribute__((section(".data.rel.ro.sealed")))

/* Where start.S continues. */
struct rl_transfer {
	uintptr_t entry;
	uintptr_t *stack;
};

/* main.c: start-up, from the kernel's stack to the program's entry.  The steps depend on the libc. */
struct rl_transfer rl_start(uintptr_t *stack);
struct rl_transfer rl_start_glibc(void);
struct rl_transfer rl_start_musl(void);
/* start_musl.c: where rl_start_musl goes on when libc has set itself up. */
struct rl_transfer rl_start_hosted(void);

/* libc_kind.c: by DT_NEEDED, then by PT_INTERP, then by the versions needed. */
enum rl_libc_kind rl_libc_kind_of_image(uintptr_t bias, const Elf64_Phdr *phdrs, size_t phdr_count);
enum rl_libc_kind rl_libc_kind_of_file(const char *path);

/* chain.c: returns if PROGRAM needs a linker; else the kernel starts it in our place.  SELF is refused. */
void rl_chain_load(const struct rl_object *program, const struct rl_object *self);

/* What the program's start-up code registers with atexit. */
void rl_finish(void);

/* fork.c: after a libc's early initialisation. */
void rl_fork_watch(rl_register_atfork *watch);

/* exports.c: our functions for _rtld_global_ro. */
extern const struct rl_glibc_entries rl_glibc_entries;

/* report.c: what messages are made of, ends of the process, and warnings, in the original's words. */
struct rl_words rl_ldso_words(void);
void rl_report_fatal(const struct rl_diag *diag) __attribute__((noreturn));
void rl_report_warning(struct rl_linker *linker, const struct rl_diag *diag);
void rl_report_lazy_failure(struct rl_linker *linker, const struct rl_diag *diag) __attribute__((noreturn));

/* command.c: the command line and the program it names. */
void rl_command_read(struct rl_ldso_config *config);

#endif
