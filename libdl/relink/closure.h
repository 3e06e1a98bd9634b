/* Scan-first linking: what the parts share.  A closure holds scans of all files that a load would map; a file that is
 * changed has its bytes here. */
#ifndef RL_LIBDL_RELINK_CLOSURE_H
#define RL_LIBDL_RELINK_CLOSURE_H

#include "engine.h"

struct rl_closure_name {
	char *string;
	struct rl_closure_name *next;
};

/* A file of the closure. */
struct rl_member {
	relink_scan *scan;
	struct rl_object *stand_in; /* what asks for its dependencies before there is an object */
	struct rl_closure_name *names; /* that it was found by */
	size_t *needs;              /* of each DT_NEEDED: a member, or RELINK_LOADED */
	bool has_file_id;
	dev_t device;
	ino_t inode;
	char *bytes; /* of the file, NULL: unchanged */

	/* While a load goes on. */
	const char *given_path; /* of the object that the engine makes of it; NULL: it has not asked yet */
	struct rl_member_source {
		struct rl_source source; /* first: read is passed it */
		const char *bytes;
	} source;
};

struct relink_closure {
	relink_context *context;
	struct rl_member *members;
	size_t count, capacity;
	bool is_loaded;
};

/* scan.c: a scan of FILE, whose descriptor and path it takes if that succeeds. */
relink_status rl_scan_take(struct rl_file *file, relink_scan **out_scan, relink_error *error);
const struct rl_file *rl_scan_file(const relink_scan *scan);
/* Where the file has the SIZE bytes at VADDR. */
bool rl_scan_offset(const relink_scan *scan, uint64_t vaddr, uint64_t size, uint64_t *out_offset);

/* context.c: what NAME means for REQUESTER: an object that is loaded, or a new scan. */
relink_status rl_context_look(relink_context *context, const char *name, struct rl_object *requester,
			      struct rl_object **out_object, relink_scan **out_scan, relink_error *error);

/* closure.c. */
/* The bytes of a member, read when they are first asked for. */
relink_status rl_member_bytes(struct rl_member *member, relink_error *error);
/* The engine looks for NAME: an object, or a file that is to be made one, if it is a member. */
enum rl_status rl_closure_claim(struct relink_closure *closure, const char *name, struct rl_object **out_object,
				struct rl_file *out_file, bool *out_is_file, struct rl_diag *diag);

#endif
