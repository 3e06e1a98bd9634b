/* The one mutable global of a product, because dlopen and __tls_get_addr carry no context. */
#ifndef RL_LIBDL_PROCESS_H
#define RL_LIBDL_PROCESS_H

#include "../ldso/link/linker.h"

/* What the dlfcn family needs to know of the personality. */
struct rl_dl_personality {
	/* A failure as dlerror words it: heap memory or NULL. */
	char *(*error_text)(const struct rl_diag *diag);
	/* Handles as programs hold them (glibc: struct link_map *). */
	void *(*handle_of)(struct rl_object *object);
	struct rl_object *(*object_of)(void *handle);
	/* How many namespaces dlmopen may make, the base included; 0: any number. */
	size_t namespace_limit;
	/* A call that succeeds leaves the state of dlerror as it was, as musl does. */
	bool keeps_errors;
	/* What dladdr calls the program. */
	const char *program_name;
	/* Directory of OBJECT, NULL if unknown; and the directories it is searched with, for dlinfo. */
	const char *(*origin_of)(struct rl_object *object);
	void (*each_directory)(struct rl_object *object,
			       void (*visit)(void *argument, const char *directory, unsigned flag), void *argument);
	/* The calling thread has a dlerror state now, which lives as long as the thread.  NULL: libc tells when a thread
	 * ends (rl_dl_error_drop). */
	void (*error_keep)(void *error);
};

struct rl_process {
	struct rl_linker linker;
	struct rl_dl_personality personality;
	atomic_bool has_failed; /* some call did: threads may have a state for dlerror */
};

extern struct rl_process rl_process;

#endif
