/* What the user asked for: LD_* variables and the options of `ld-relink.so [OPTIONS] PROGRAM`.  Filled once at start,
 * sealed afterwards; from then on nothing reads the environment.  Strings point into the process's own argument and
 * environment block. */
#ifndef RL_POLICY_OPTIONS_H
#define RL_POLICY_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/kernel.h"

enum { RL_AUDIT_LIMIT = 16 }; /* lists of auditors that one process may be given */

/* What the linker was started for.  All but RUN and TRACE come from the command line. */
enum rl_run_mode {
	RL_MODE_RUN,
	RL_MODE_TRACE,            /* LD_TRACE_LOADED_OBJECTS; a secure process must exit with code 5 */
	RL_MODE_LIST,             /* --list: as TRACE, for a program named on the command line */
	RL_MODE_VERIFY,           /* --verify */
	RL_MODE_HELP,             /* --help; a program is welcome but not needed */
	RL_MODE_VERSION,          /* --version */
	RL_MODE_LIST_TUNABLES,    /* --list-tunables */
	RL_MODE_LIST_DIAGNOSTICS, /* --list-diagnostics */
};

struct rl_options {
	enum rl_run_mode mode;
	bool is_secure;            /* AT_SECURE */
	bool binds_now;            /* LD_BIND_NOW, not empty */
	bool binds_not;            /* LD_BIND_NOT, not empty: lazy calls are resolved anew each time */
	bool inhibits_cache;       /* --inhibit-cache */
	bool has_dynamic_weak;     /* LD_DYNAMIC_WEAK: weak definitions give way to later strong ones */
	bool warns;                /* LD_WARN, not empty */
	bool shows_versions;       /* LD_VERBOSE, not empty: --list and traces print version needs */
	bool shows_auxv;           /* LD_SHOW_AUXV */
	bool traces_program;       /* LD_TRACE_LOADED_OBJECTS was a number above 1: the program is listed too */
	bool sorts_by_moves;       /* the tunable glibc.rtld.dynamic_sort is 1 */
	bool has_hwcap_mask;       /* LD_HWCAP_MASK or the tunable glibc.cpu.hwcap_mask */
	uint64_t hwcap_mask;
	const char *library_path;  /* LD_LIBRARY_PATH or --library-path, NULL if none */
	const char *library_path_source; /* which of the two, for traces */
	const char *preload_environment; /* LD_PRELOAD */
	const char *preload_command;     /* --preload */
	const char *inhibit_rpath;       /* --inhibit-rpath LIST */
	const char *origin_path;         /* LD_ORIGIN_PATH */
	const char *argv0;         /* --argv0 */
	const char *tunables;      /* GLIBC_TUNABLES, NULL in secure mode */
	const char *hwcaps_mask, *hwcaps_prepend; /* --glibc-hwcaps-mask, --glibc-hwcaps-prepend */
	const char *debug;         /* LD_DEBUG; in secure mode only if /etc/suid-debug exists */
	const char *debug_output;  /* LD_DEBUG_OUTPUT, NULL in secure mode */
	const char *profile;       /* LD_PROFILE, not empty */
	const char *profile_output; /* LD_PROFILE_OUTPUT, not empty; NULL means the original's default directory */
	const char *audit[RL_AUDIT_LIMIT]; /* LD_AUDIT and --audit, each a colon list, in order */
	unsigned audit_count;      /* RL_AUDIT_LIMIT + 1: too many were given, which is fatal */
	int program_index;         /* command mode: index of the program in argv; 0: none was given */
};

/* Read the environment.  In a secure process the variables that the original removes are removed from kernel->envp in
 * place (the auxiliary vector does not move). */
void rl_options_read_environment(struct rl_kernel *kernel, struct rl_options *out_options);

/* Read the command line of `ld-relink.so …`.  Returns false and sets *out_bad to the offending word, or to NULL
 * if no program was named where one is needed.  --version ends the reading: the words after it are not looked at. */
bool rl_options_read_command(int argc, char **argv, struct rl_options *options, const char **out_bad);

/* Add a list of auditors; empty ones do not count. */
void rl_options_add_audit(struct rl_options *options, const char *list);

#endif
