/* The parts of libdl-relink.so: joining the process (preload.c), what the host is asked for (fallback.c), and what the
 * process calls (preload_exports.c). */
#ifndef RL_LIBDL_PRELOAD_H
#define RL_LIBDL_PRELOAD_H

#include "../ldso/abi/host/host.h"
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
/* dlclose of an object that the host loaded. */
int rl_preload_close_hosted(struct rl_object *object);
/* Let this thread's next dlerror say what the host's would. */
void rl_preload_error_take(void);
/* Meet what the host itself loaded since the last look. */
void rl_preload_refresh(void);

#endif
