/* The parts of libdl-relink.so: joining the process (preload.c), what the host is asked for (fallback.c), what is
 * different with musl (preload_musl.c), and what the process calls (preload_exports.c). */
#ifndef RL_LIBDL_PRELOAD_H
#define RL_LIBDL_PRELOAD_H

#include "../ldso/abi/host/host.h"
#include "../ldso/policy/musl.h"
#include "dl.h"

enum rl_preload_state {
	RL_PRELOAD_NEW,
	RL_PRELOAD_STARTING,
	RL_PRELOAD_READY,
	RL_PRELOAD_REFUSED, /* no process that we can join: everything goes to the host */
};

/* Whether calls are ours to answer; joins the process if that has not happened. */
bool rl_preload_ready(void);

/* fallback.c */

void *rl_preload_handle_of(struct rl_object *object);
/* dlopen with the host as second choice. */
void *rl_preload_open(const char *name, int mode, const void *caller);
int rl_preload_close(struct rl_object *object);
/* dlmopen, which is the host's. */
void *rl_preload_open_in(long namespace_id, const char *name, int mode, const void *caller);
/* The host's own dlopen; *out_object is what we see of its answer. */
void *rl_preload_open_by_host(const char *path, int mode, struct rl_object **out_object);
/* Let this thread's next dlerror say what the host's would. */
void rl_preload_error_take(void);
/* Meet what the host itself loaded since the last look. */
void rl_preload_refresh(void);

/* preload_musl.c: where the host is musl.  Set the engine to its rules; SEARCH: for the policy. */
void rl_preload_musl_engine(struct rl_linker *linker, struct rl_musl_search *search);
void rl_preload_musl_start(void);
void rl_preload_musl_end(void); /* all destructors */
RL_NODISCARD enum rl_status rl_preload_musl_open(const char *name, int mode, void **out_handle, struct rl_diag *diag);
int rl_preload_musl_info(struct rl_object *object, int request, void *out);
char *rl_preload_musl_error_text(const struct rl_diag *diag);

#endif
