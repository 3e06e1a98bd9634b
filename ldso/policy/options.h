/* What the user asked for: LD_* variables and the options of `ld-relink.so [OPTIONS] PROGRAM`.  Filled once at start,
 * sealed afterwards; from then on nothing reads the environment. */
#ifndef RL_POLICY_OPTIONS_H
#define RL_POLICY_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/kernel.h"

struct rl_options {
	bool is_secure;            /* AT_SECURE */
	bool binds_now;            /* LD_BIND_NOW, not empty */
	bool inhibits_cache;       /* --inhibit-cache */
	const char *library_path;  /* LD_LIBRARY_PATH or --library-path, NULL if none */
	const char *preload_environment; /* LD_PRELOAD */
	const char *preload_command;     /* --preload */
	const char *inhibit_rpath;       /* --inhibit-rpath LIST */
	const char *origin_path;         /* LD_ORIGIN_PATH */
	const char *argv0;         /* --argv0 */
	const char *tunables;      /* GLIBC_TUNABLES, NULL in secure mode */
	const char *hwcaps_mask, *hwcaps_prepend; /* --glibc-hwcaps-mask, --glibc-hwcaps-prepend */
	int program_index;         /* command mode: index of the program in argv; 0: none was given */
};

/* Read the environment.  In a secure process the variables that the original removes are removed from kernel->envp in
 * place (the auxiliary vector does not move). */
void rl_options_read_environment(struct rl_kernel *kernel, struct rl_options *out_options);

/* Read the command line of `ld-relink.so …`.  Returns false and sets *out_bad to the offending word, or to NULL
 * if no program was named. */
bool rl_options_read_command(int argc, char **argv, struct rl_options *options, const char **out_bad);

#endif
