/* Opening and closing objects while the process runs: transactions on the object graph. */
#ifndef RL_LINK_OPEN_H
#define RL_LINK_OPEN_H

#include "linker.h"

struct rl_adoption;

struct rl_open_request {
	const char *name;
	const struct rl_adoption *adoption; /* load.h: the image is mapped already, and its memory not ours.  NULL: no */
	struct rl_file *file; /* open already: not searched for by name; its path may be taken.  NULL: none */
	struct rl_object *caller; /* whose search path counts */
	size_t namespace_limit; /* how many namespaces there may be; 0: any number */
	bool is_lazy;
	bool is_global, is_permanent, binds_deeply, only_loaded;
	bool is_copy;         /* a new object, whatever is loaded already */
	bool needs_nothing;   /* DT_NEEDED of the object is not looked at */
	bool defers_calls;    /* the caller runs the constructors, by rl_construct */
	const struct rl_object_list *scope; /* searched first by what is new, and kept loaded by it; NULL: nothing */
};

/* Open: load, bind, construct.  *out_object is NULL only for only_loaded.  A failure leaves the process as it was.
 * NAMESPACE NULL: a new one.  Takes the load lock. */
RL_NODISCARD enum rl_status rl_open(struct rl_linker *linker, struct rl_namespace *namespace,
				    const struct rl_open_request *request, struct rl_object **out_object,
				    struct rl_diag *diag);

/* Run the constructors that an open with defers_calls left.  Takes the load lock. */
void rl_construct(struct rl_linker *linker, struct rl_object *root);

/* Give one handle back and unload what nothing uses any more. */
RL_NODISCARD enum rl_status rl_close(struct rl_linker *linker, struct rl_object *object, struct rl_diag *diag);

/* Take the objects of LIST, which nothing needs any more, out of the process; their memory goes when no reader can hold
 * them.  Under the load lock. */
void rl_unload(struct rl_linker *linker, struct rl_namespace *namespace, const struct rl_object_list *list);

/* Give OBJECT its search list: the namespace's global scope, then ROOT's own scope (the other way round if DEEP), its
 * own scope in front if it is symbolic. */
RL_NODISCARD enum rl_status rl_search_list_make(struct rl_object *object, struct rl_object *root, bool is_deep);
/* Let OBJECT's references go through MODULES before all others, and keep those loaded. */
RL_NODISCARD enum rl_status rl_search_list_plan(struct rl_object *object, const struct rl_object_list *modules);
/* Make root->own_scope from its closure. */
RL_NODISCARD enum rl_status rl_own_scope_make(struct rl_object *root);
/* Put the objects of root's closure into the global scope. */
RL_NODISCARD enum rl_status rl_globalize(struct rl_object *root);

#endif
