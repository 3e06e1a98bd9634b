/* A loaded object: program, library, preload, vDSO or the linker itself.
 *
 * Objects are made by the transaction that loads them and dropped when their last user is gone.  Readers without the
 * lock (lookups, unwinding, TLS) may use an object as long as they reached it through a published array inside a read
 * section (readers.h).
 */
#ifndef RL_LINK_OBJECT_H
#define RL_LINK_OBJECT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "../elf/symbols.h"
#include "policy.h"
#include "scope.h"

struct rl_memory;
struct rl_namespace;
struct rl_draft;
struct rl_object;

enum rl_object_kind {
	RL_OBJECT_PROGRAM,
	RL_OBJECT_LIBRARY, /* loaded at start */
	RL_OBJECT_OPENED,  /* loaded by dlopen */
	RL_OBJECT_VDSO,
	RL_OBJECT_LINKER,
};

/* How calls of one object are to be bound, whatever was asked for when it was opened. */
enum rl_plan {
	RL_PLAN_NONE,
	RL_PLAN_EAGER,
	RL_PLAN_LAZY,
};

/* A name under which the object can be asked for again. */
struct rl_object_name {
	const char *string;
	size_t size; /* with the final NUL */
	uint32_t hash;
	struct rl_object *object;
	struct rl_object_name *next_in_object;
	struct rl_object_name *next_in_bucket;
};

struct rl_tls_block {
	const void *image; /* initial bytes */
	size_t image_size, size, align;
	size_t first_offset; /* p_vaddr modulo align */
	atomic_size_t module; /* id in the dtv, 0 if the object has no TLS, or has gone */
	size_t offset;       /* bytes below the thread pointer if has_offset */
	atomic_bool has_offset;        /* has a place in static TLS; set behind offset, under the roster's lock */
	atomic_bool is_forced_dynamic; /* never will have: some thread has it elsewhere; set under that lock, too */
};

/* One object that a symbol binding keeps loaded.  Pushed without a lock, read under it. */
struct rl_pin {
	struct rl_object *target;
	struct rl_pin *next;
	/* Whether the object did not need the target anyhow when it was bound; sort.c finds that out, under the lock. */
	bool is_known, is_extra;
};

/* Objects in an order; owned by whoever holds it. */
struct rl_object_list {
	struct rl_object **items;
	size_t count, capacity;
};

/* Pieces of the object's memory that glibc's RELRO and TEXTREL handling touch. */
struct rl_span {
	uintptr_t start, end;
};

struct rl_object {
	struct rl_symbols symbols; /* first: lookups touch this line */

	/* Identity.  Strings owned by the object. */
	enum rl_object_kind kind;
	const char *path;   /* as found: "" for the program, like the original's l_name */
	const char *asked_as; /* the name that brought it in; in names, NULL for adopted objects */
	const char *origin; /* directory of the file for $ORIGIN; NULL until asked, "" if unknown */
	struct rl_object_name *names;
	bool has_file_id;
	dev_t device;
	ino_t inode;
	struct rl_namespace *namespace;
	struct rl_object *real; /* the linker's own object, for which this one stands in another namespace; else NULL */

	/* The image. */
	struct rl_image image;    /* bias and program headers */
	uintptr_t map_start, map_end;
	bool is_contiguous;       /* the whole span is ours: no holes */
	const struct rl_memory *memory; /* what maps and protects it; NULL: the kernel */
	bool owns_map;            /* unmap on drop */
	struct rl_placement *placement; /* where it was told to lie, and what of it lies elsewhere (policy.h); mostly NULL */
	bool is_relocatable;      /* made from a relocatable file */
	bool is_synthetic;        /* a table that whoever embeds the engine made: no file */
	bool is_provider;         /* linker->provide may define more than its table has */
	bool is_hosted;           /* another linker of this process loaded, relocated and calls it: for us read-only */
	bool owns_phdr;           /* phdr is a heap copy */
	const Elf64_Phdr *phdr;   /* program headers as programs see them: in the image if they are mapped */
	uintptr_t entry;
	struct rl_dynamic dynamic;
	struct rl_span relro;
	uint32_t stack_flags;     /* PT_GNU_STACK p_flags */
	const void *eh_frame_header; /* PT_GNU_EH_FRAME, or NULL */
	struct rl_tls_block tls;

	/* The graph.  needed: in DT_NEEDED order, repeated entries kept. */
	struct rl_object *loader;      /* who needs it: its RPATH counts for us; NULL: nobody, it was asked for */
	struct rl_object_list needed;
	bool needs_known;              /* needed is complete */
	struct rl_object *ahead;       /* stands before this object in every closure: definitions that win over its own */
	struct rl_object_list closure; /* roots only: breadth-first list, self first */
	struct rl_object_list sorted;  /* roots only: closure in destruction order, self first */

	/* Binding. */
	struct rl_scope_cell own_scope; /* what dlsym(handle) and, for opened roots, its objects search */
	struct rl_scope_cell symbolic_scope; /* DT_SYMBOLIC: the object alone */
	struct rl_scope_cell given_scope; /* roots: what they and what came with them search first; mostly NULL */
	struct rl_scope_cell planned_scope; /* what this object alone searches before that; mostly NULL */
	_Atomic(struct rl_scope_list *) search; /* the scopes references of this object are looked up in, in order */
	bool is_global;                 /* in the namespace's global scope */
	bool is_lazy;                   /* its PLT waits for first calls */
	enum rl_plan plan;              /* what was decided about that for this object */

	/* Life.  All under the load lock, but bound_by which lazy binding adds to. */
	unsigned open_count; /* dlopen handles given out for it */
	bool is_permanent;   /* never unloaded: start-up object, NODELETE */
	atomic_uint unique_count; /* unique symbols that were chosen here: it is not unloaded either */
	atomic_bool has_settled_unique; /* one of those at least was not chosen by an open that may still fail */
	bool is_relocated, init_called;
	atomic_bool is_removed; /* lookups pass it over: it goes away */
	bool mark; /* scratch of the current graph walk; false between operations */
	unsigned long serial;
	_Atomic(struct rl_pin *) pins; /* objects outside the closure that a binding of ours uses */
	struct rl_object *next, *previous;  /* in the namespace's list, in load order */
	struct rl_object *work_next;        /* link in whatever list the current operation builds */
	size_t work_index;                  /* how far the current walk has come in needed */

	struct rl_tls_descriptor *tls_descriptors; /* that our relocations point at; owned */

	struct rl_draft *draft; /* a relocatable file that is being linked (section.h); NULL otherwise */
	const void *eh_frames;  /* .eh_frame of a relocatable file, or NULL */
	void *tables;  /* symbol tables that no file has: a heap block; owned */
	void *strings; /* and the names in it */
	void *shadow; /* the personality's view of this object (glibc: struct link_map) */
	void *policy; /* the policy's memory about this object (search directories); owned by the policy */
};

/* What OBJECT needs.  A root needs its whole closure, in the order that was found for it: so does the original, and it
 * shows in the order of destructors. */
static inline const struct rl_object_list *rl_object_needs(const struct rl_object *object)
{
	return object->sorted.count != 0 ? &object->sorted : &object->needed;
}

/* Whether OBJECT is not unloaded, whoever uses it. */
static inline bool rl_object_stays(const struct rl_object *object)
{
	return object->is_permanent || atomic_load(&object->unique_count) != 0
	       || (object->dynamic.flags_1 & DF_1_NODELETE);
}

/* The object whose opening, or the start of the program, brought OBJECT in. */
static inline struct rl_object *rl_object_root(struct rl_object *object)
{
	while (object->loader != NULL)
		object = object->loader;
	return object;
}

/* So many of its program headers, the last ones, tell of parts that lie elsewhere. */
static inline size_t rl_object_placed(const struct rl_object *object)
{
	return object->placement == NULL ? 0 : object->placement->count;
}

#endif
