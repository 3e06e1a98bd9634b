/* From a name to a loaded object. */
#ifndef RL_LINK_LOAD_H
#define RL_LINK_LOAD_H

#include "linker.h"

struct rl_request {
	const char *name;
	struct rl_file *file;        /* open already: rl_load takes its path and leaves it open; NULL: found by name */
	struct rl_object *requester; /* whose search path counts; NULL: nobody's */
	enum rl_object_kind kind;    /* of the object if it is new */
	bool is_needed;              /* the name is a DT_NEEDED entry: errors show it with its tokens expanded */
	bool for_dlopen;             /* the name was given to dlopen itself */
	bool only_loaded;            /* RTLD_NOLOAD: *out is NULL if it is not there */
	bool is_copy;                /* a new object, whatever is loaded already */
};

/* The object REQUEST means: one that is loaded already, or a new one, mapped and read and at the end of the list. */
RL_NODISCARD enum rl_status rl_load(struct rl_linker *linker, struct rl_namespace *namespace,
				    const struct rl_request *request, struct rl_object **out_object,
				    struct rl_diag *diag);

/* Make an object of an image that is mapped already. */
struct rl_adoption {
	enum rl_object_kind kind;
	const char *path;
	const Elf64_Phdr *phdrs;
	size_t phdr_count;
	uintptr_t bias, entry;
	bool is_hosted;
	/* Hosted images: the dynamic section with all values as the file has them; must live as long as the object. */
	const Elf64_Dyn *dynamic;
	size_t dynamic_count;
};
RL_NODISCARD enum rl_status rl_adopt(struct rl_linker *linker, struct rl_namespace *namespace,
				     const struct rl_adoption *adoption, struct rl_object **out_object,
				     struct rl_diag *diag);

/* Destroy an object that nothing refers to any more: list, names, TLS id, shadow, mapping, memory. */
void rl_object_drop(struct rl_linker *linker, struct rl_object *object);

/* Its two halves, where readers may still look at it: it disappears from view; then its memory goes. */
void rl_object_abandon(struct rl_linker *linker, struct rl_object *object);
void rl_object_free(struct rl_linker *linker, struct rl_object *object);

/* Free the objects in linker->limbo, unless somebody may still look at them. */
void rl_limbo_empty(struct rl_linker *linker);

#endif
