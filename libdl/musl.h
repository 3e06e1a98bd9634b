/* What musl programs call: the dlfcn family with musl's semantics, bound in front of libc's own (ldso/abi/musl). */
#ifndef RL_LIBDL_MUSL_H
#define RL_LIBDL_MUSL_H

#include "../ldso/abi/musl/musl.h"

/* Names and addresses of all of them. */
extern const struct rl_musl_definition rl_musl_definitions[];
extern const size_t rl_musl_definition_count;

/* The personality of the running process. */
extern struct rl_musl rl_musl;

/* Reading dlerror's state of a thread that has gone. */
void rl_musl_error_drop(void *error);

#endif
