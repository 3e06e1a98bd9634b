/* The modes in which ld-relink.so tells something instead of running the program. */
#ifndef RL_LDSO_TRACE_H
#define RL_LDSO_TRACE_H

#include "ldso.h"

/* --help, --version: say it and exit.  Returns in other modes. */
void rl_trace_tell(const struct rl_options *options, const char *self_name);

/* LD_TRACE_LOADED_OBJECTS goes on past missing libraries; a secure process refuses. */
void rl_trace_start(struct rl_linker *linker, const struct rl_options *options);

/* --verify: exit with what PROGRAM is; NULL: it could not be loaded. */
void rl_trace_verify(const struct rl_options *options, const struct rl_object *program);

/* --list and LD_TRACE_LOADED_OBJECTS: print the objects and exit. */
void rl_trace_finish(const struct rl_linker *linker, const struct rl_options *options);

#endif
