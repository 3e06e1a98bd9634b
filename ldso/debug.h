/* The rendezvous with debuggers. */
#ifndef RL_LDSO_DEBUG_H
#define RL_LDSO_DEBUG_H

#include "link/linker.h"

/* struct r_debug of <link.h>. */
struct rl_debug {
	int version;
	void *map; /* struct link_map: what every personality's shadow of an object begins with */
	uintptr_t breakpoint;
	int state;
	uintptr_t linker_base;
};

/* struct r_debug_extended: valid as such where version is 2, which it is when there is more than the base. */
struct rl_debug_space {
	struct rl_debug debug;
	struct rl_debug_space *next;
};

/* Exported: debuggers find it by name or through DT_DEBUG.  It is the beginning of rl_debug_first (rendezvous.S). */
extern struct rl_debug _r_debug __attribute__((visibility("default")));
void _dl_debug_state(void) __attribute__((visibility("default"), noinline));

/* Make the rendezvous ready and tell PROGRAM's DT_DEBUG. */
void rl_debug_start(struct rl_object *program, uintptr_t linker_base);

/* Translates engine events into debugger stops. */
struct rl_listener rl_debug_listener(struct rl_linker *linker);

#endif
