/* What the engine asks of a policy: which file a name means.  Declared here, implemented in ldso/policy/ (ld.so's
 * rules) or by an embedding program. */
#ifndef RL_LINK_POLICY_H
#define RL_LINK_POLICY_H

#include <stdbool.h>

#include "../base/diag.h"
#include "../elf/header.h"

struct rl_object;
struct rl_namespace;

/* Where an image is to lie, decided by whoever embeds the engine.  The object that is made of it owns this. */
struct rl_placement {
	uintptr_t address; /* of its first page: reserved memory, which the image is mapped over */
	size_t size;       /* that is reserved; a larger image is refused */
	bool is_taken;     /* an object has it; until then the memory is that of who reserved it, whatever is mapped there */
	/* So many program headers at the end are PT_LOADs of parts that lie elsewhere, ready, in memory that objects may
	 * share.  Each is a range of its own for address lookups. */
	size_t count;
	void (*drop)(struct rl_placement *placement); /* the object has gone, and nobody looks at it */
};

/* Where the bytes of a file come from that is no descriptor of the process's. */
struct rl_source {
	uint64_t size;
	struct rl_placement *placement; /* NULL: anywhere */
	/* Copy SIZE bytes at OFFSET, which lie inside the source, to BUFFER; 0, or an errno. */
	int (*read)(const struct rl_source *source, void *buffer, size_t size, uint64_t offset);
};

struct rl_file {
	int fd;
	const struct rl_source *source; /* NULL: fd */
	char *path; /* heap; the receiver owns it */
	struct rl_file_head head;
};

struct rl_policy {
	void *context;
	/* Open the file that NAME (DT_NEEDED string, dlopen argument or preload) means for REQUESTER (NULL: nobody).
	 * Failure fills DIAG in full.  The header was checked when it returns RL_OK. */
	enum rl_status (*find)(void *context, const char *name, struct rl_object *requester,
			       struct rl_namespace *namespace, struct rl_file *out_file, struct rl_diag *diag);
	/* An operation that may have searched for files is over: give back what was only kept for it.  May be NULL. */
	void (*settle)(void *context);
	/* Forget what OBJECT->policy holds. */
	void (*forget)(void *context, struct rl_object *object);
	/* Expand dynamic string tokens in NAME for REQUESTER: NULL if it has none, else a heap string. */
	enum rl_status (*expand)(void *context, const char *name, struct rl_object *requester, char **out_name,
				 struct rl_diag *diag);
};

#endif
