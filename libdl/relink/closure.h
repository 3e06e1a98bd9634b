/* Scan-first linking: what the parts share.  A closure holds scans of all files that a load would map; a file that is
 * changed has its bytes here; a file whose sections are placed elsewhere has pieces. */
#ifndef RL_LIBDL_RELINK_CLOSURE_H
#define RL_LIBDL_RELINK_CLOSURE_H

#include "engine.h"

/* A part of a file that goes to an arena: a section, or a function in one. */
struct rl_moved {
	uint64_t start, size; /* addresses of the file */
	size_t section;
	bool is_whole;          /* the section */
	uint64_t align, offset; /* in the arena */
	struct relink_arena *arena;
	uint64_t to; /* the new address, in the file's terms; while a load goes on */
};

struct rl_closure_name {
	char *string;
	struct rl_closure_name *next;
};

/* A file of the closure. */
struct rl_member {
	relink_scan *scan;
	struct rl_object *as_object;   /* what asks for its dependencies while there is no object of it */
	struct rl_closure_name *names; /* that it was found by */
	size_t *needs;                 /* of each DT_NEEDED: a member, or RELINK_LOADED */
	bool has_file_id;
	dev_t device;
	ino_t inode;
	char *bytes;             /* of the file, NULL: unchanged */
	struct rl_moved *pieces; /* by start; they do not overlap */
	size_t piece_count, piece_capacity;

	/* While a load goes on. */
	const char *given_path; /* of the object that the engine makes of it; NULL: it has not asked yet */
	struct rl_member_source {
		struct rl_source source; /* first: read is passed it */
		const char *bytes;
	} source;
	char *image;  /* the bytes with all repairs; NULL: as they are */
	char *frames; /* what goes to placement->frames */
	uint64_t image_size;
	struct rl_member_placement *placement; /* NULL: nothing of it is placed */
};

/* Where a member lies, and the arenas that it has parts in.  The object takes it. */
struct rl_member_placement {
	struct rl_placement placement;      /* first: drop is passed it */
	uint64_t span_start;                /* address of the file that is at placement.address */
	bool is_settled;                    /* the load is over: it is freed when the object goes */
	bool is_dropped;                    /* the object has gone before that */
	struct rl_arena_memory *frames;     /* unwind records of what is placed; NULL: none */
	uintptr_t *frame_tables;            /* where they begin, up to 0: one for each stretch of code; owned */
	struct rl_arena_memory *memories[]; /* up to NULL */
};

/* Memory of an arena; the objects that have parts in it share it. */
struct rl_arena_memory {
	uintptr_t address;
	size_t size;
	size_t uses;
};

struct relink_arena {
	struct relink_closure *closure;
	relink_content memory_class;
	size_t page_size;
	unsigned flags;
	uint64_t used;     /* end of the last piece */
	bool has_gaps;     /* offsets were given: between two pieces of one member may be another's */
	uintptr_t address; /* once it is loaded */
	size_t size;
	struct rl_arena_memory *memory; /* while a load goes on; NULL: nothing is placed in it */
	relink_arena *next;
};

struct relink_closure {
	relink_context *context;
	struct rl_member *members;
	size_t count, capacity;
	relink_arena *arenas, **arenas_end;
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

/* closure.c: fill *error with what failed. */
relink_status rl_closure_fail(relink_error *error, relink_status status, const char *file, const char *symbol,
			      unsigned value);
/* The bytes of a member, read when they are first asked for. */
relink_status rl_member_bytes(struct rl_member *member, relink_error *error);
/* The engine looks for NAME: an object, or a file that is to be made one, if it is a member. */
enum rl_status rl_closure_claim(struct relink_closure *closure, const char *name, struct rl_object **out_object,
				struct rl_file *out_file, bool *out_is_file, struct rl_diag *diag);

/* place.c: drop the closure's arenas and pieces. */
void rl_places_drop(struct relink_closure *closure);

/* layout.c: make images and memory for what is placed; and give back what no object has taken. */
relink_status rl_layout_make(struct relink_closure *closure, relink_error *error);
void rl_layout_end(struct relink_closure *closure);

struct rl_marks;

/* repair.c: change member->image, a copy of its bytes, so that it is right when the pieces are at their new places
 * and the file's address 0 is at BIAS; and fill member->frames.  RUNS: pieces that follow each other, as one. */
relink_status rl_member_repair(struct rl_member *member, uintptr_t bias, const struct rl_marks *runs,
			       relink_error *error);

#endif
