/* Which file a name means by musl's rules, and what the user may ask of musl's dynamic loader.  Measured on the
 * original, musl 1.1.24 to 1.2.5 (ldso/dynlink.c there): the order is LD_LIBRARY_PATH, the run paths of the requester
 * and of who loaded it, then the system's path. */
#ifndef RL_POLICY_MUSL_H
#define RL_POLICY_MUSL_H

#include <stdbool.h>

#include "../base/kernel.h"
#include "../link/policy.h"

/* Strings point into the argument and environment block. */
struct rl_musl_options {
	bool is_secure;
	bool lists;               /* called as …ldd, or --list */
	const char *library_path; /* LD_LIBRARY_PATH or --library-path */
	const char *preload;      /* LD_PRELOAD or --preload */
	const char *argv0;        /* --argv0 */
	int program_index;        /* command mode: index of the program in argv; argc if none was given */
};

/* Read the environment, unless the process is secure. */
void rl_musl_options_read_environment(const struct rl_kernel *kernel, struct rl_musl_options *out_options);
/* Read the command line of `ld-relink.so …`.  False: it is not as it should be. */
bool rl_musl_options_read_command(const struct rl_kernel *kernel, struct rl_musl_options *options);

struct rl_musl_search {
	const struct rl_musl_options *options;
	const struct rl_object *program;
	bool program_is_kernels;     /* mapped by the kernel: its $ORIGIN is that of /proc/self/exe */
	const char *loader_name;     /* how the program names its loader: tells where etc/ is */
	const char *name;            /* last searched for */
	const char *system_path;     /* NULL until it is needed */
};

struct rl_policy rl_musl_search_policy(struct rl_musl_search *search);

/* Call visit for each name to preload. */
void rl_musl_preload_each(const struct rl_musl_options *options, void (*visit)(void *argument, const char *name),
			  void *argument);

#endif
