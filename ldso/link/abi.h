/* What the engine asks of a personality: the few moments at which a process's libc must hear about a change, and the
 * facts about threads that only the libc knows.  Declared here, implemented in ldso/abi/. */
#ifndef RL_LINK_ABI_H
#define RL_LINK_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/diag.h"

struct rl_object;
struct rl_linker;
struct rl_namespace;
struct rl_tls_block;

struct rl_abi {
	void *context;

	/* Bytes and alignment of the thread descriptor at the thread pointer. */
	size_t thread_size, thread_align;

	/* An object was mapped and read / is about to be unmapped.  attach makes object->shadow. */
	enum rl_status (*object_attach)(void *context, struct rl_object *object, struct rl_diag *diag);
	void (*object_detach)(void *context, struct rl_object *object);
	/* The object entered or left its namespace's list: so does the list that the process can see.  Called under the
	 * load lock; implementations take libc's list lock themselves. */
	void (*object_list)(void *context, struct rl_object *object);
	void (*object_unlist)(void *context, struct rl_object *object);
	/* A namespace's list has the same objects in another order. */
	void (*list_reordered)(void *context);
	/* The object's TLS place or module id is final, or gone again (module == 0). */
	void (*object_tls)(void *context, struct rl_object *object);

	/* The version a file with DT_RELR must need from the library whose name starts so; NULL: none. */
	const char *relr_version, *relr_library_prefix;

	/* NAME, asked for by REQUESTER (NULL: nobody), may mean an object whatever files there are, of NAMESPACE or of one
	 * that lends to it: that object, or NULL.  Optional. */
	enum rl_status (*name_claim)(void *context, const char *name, struct rl_object *requester,
				     struct rl_namespace *namespace, struct rl_object **out_object,
				     struct rl_diag *diag);
	/* The object that serves instead of OBJECT, which is dropped then; NULL: none.  Optional. */
	struct rl_object *(*object_substitute)(void *context, struct rl_object *object);

	/* Objects from FIRST to the end of their namespace's list can be called: constructors are next.  Optional. */
	void (*objects_ready)(void *context, struct rl_object *first);

	/* OBJECT, which another linker loaded, is about to be used by what we load: it must stay until it is detached, and
	 * becomes an object like the opened ones.  False: it has gone already.  Optional. */
	bool (*object_keep)(void *context, struct rl_object *object);

	/* Whether threads still have destructors of OBJECT's thread-local variables to run. */
	bool (*object_is_busy)(void *context, struct rl_object *object);

	/* Objects from FIRST to the end of the list are new: make stacks executable if one asks for it and may. */
	enum rl_status (*stack_prepare)(void *context, struct rl_object *first, struct rl_diag *diag);

	/* The lock under which the object graph changes: recursive, owned by libc so that fork repairs it. */
	void (*lock)(void *context);
	void (*unlock)(void *context);

	/* If the caller is the first thread and no other one runs: threads that are made from now on have SIZE bytes of
	 * static area, their descriptor included.  Otherwise false.  Optional. */
	bool (*threads_resize)(void *context, size_t size);
};

#endif
