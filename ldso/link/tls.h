/* Thread-local storage: module ids, the static area, and each thread's vector of blocks (dtv).
 * Follows "ELF Handling For Thread-Local Storage" and the offset rules of the original.
 *
 * Memory of a thread, for CPUs whose blocks lie below the thread pointer, and for those that have them above:
 *     [ surplus | our own words | module n … module 1 (the program) ] thread descriptor
 *                                                                     ^ thread pointer
 *     thread descriptor [ RL_TLS_TCB_SIZE bytes | module 1 … module n | our own words | surplus ]
 *                       ^ thread pointer
 * A thread's area is part of its stack, so the surplus must be small; the first thread's is not.  While no other thread
 * runs, modules may go beyond the surplus, and threads that are made later have a larger area.
 * The dtv belongs to us: libc is told it has no cells (cell[-1].counter stays 0), so that libc never frees from it.
 */
#ifndef RL_LINK_TLS_H
#define RL_LINK_TLS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../arch/port.h"
#include "../base/diag.h"
#include "roster.h"

struct rl_linker;
struct rl_object;

/* One cell of a dtv, as debuggers read it. */
struct rl_dtv_cell {
	void *value; /* the block; RL_TLS_UNALLOCATED until the thread first touches it */
	void *owned; /* the heap block behind value, NULL for static blocks */
};
#define RL_TLS_UNALLOCATED ((void *)-1)

/* In front of the cells. */
struct rl_dtv {
	size_t capacity;         /* cells 1 … capacity exist */
	struct rl_dtv *previous; /* smaller vectors this thread outgrew; kept while code of the thread may hold them */
	struct rl_dtv **holder;  /* a second place that must know the thread's present vector, or NULL */
	struct rl_roster_entry *entry; /* the thread on the roster; owned.  NULL: made without us */
	struct rl_dtv_cell counter;    /* cell[-1]: what libc takes for the count, 0 */
	struct rl_dtv_cell generation; /* cell[0]: value is the generation */
	struct rl_dtv_cell cells[];    /* cell[1] … */
};

/* A module id in use, or free (object NULL). */
struct rl_tls_slot {
	atomic_size_t generation;
	struct rl_object *object;
};

/* By module id less module_base. */
struct rl_tls_table {
	size_t capacity;
	struct rl_tls_slot slots[]; /* by module id; slot 0 is not used */
};

struct rl_tls_state {
	struct rl_guest *guest; /* guest.h: threads belong to another linker; NULL: they are ours */
	size_t module_base;     /* added to table indexes to make module ids; 0 where threads are ours */
	_Atomic(struct rl_tls_table *) table;
	atomic_size_t generation; /* grows whenever ids change hands */
	size_t highest_module;

	/* The static area; offsets count from the thread pointer away. */
	size_t static_used, static_limit; /* limit: used at start plus the surplus */
	size_t surplus;                   /* set before the layout */
	size_t optional; /* how much of it modules may still have that could do without; set before the layout */
	size_t first_surplus, first_limit; /* the same for the first thread, whose area is our own memory; more */
	size_t static_align;
	size_t static_size; /* what libc is told: all blocks, with the descriptor if that lies above them */
	size_t area_size;    /* a thread's memory with its descriptor, */
	size_t area_pointer; /* and where the thread pointer is in it */
	size_t static_start; /* used at start */
	size_t gap_low, gap_high; /* alignment hole inside the used part that small modules may fill */
	size_t own_offset;  /* our own words of each thread */
	ptrdiff_t dtv_place; /* where a thread keeps its dtv, from the thread pointer: in the TCB or in our own words */
	/* Threads made without us have no dtv at first: make the calling thread's, with signals blocked.  NULL: every
	 * thread is given one when it is made. */
	struct rl_dtv *(*dtv_give)(struct rl_tls_state *tls);
	struct rl_roster roster; /* threads that are given a vector when they are made */
	size_t extra_size, extra_align, extra_offset; /* a block the personality wants in every thread; size 0: none */
};

/* Our own words of a thread, inside its static area. */
struct rl_thread {
	void *error; /* dlerror state, owned by libdl */
	struct rl_dtv_cell *cells; /* the dtv, if libc has no place for it */
	unsigned rounds; /* of libc's destructors that the thread has seen: only where threads are not ours */
};

/* What TLSDESC relocations of dynamic modules point at. */
struct rl_tls_descriptor {
	size_t generation, module, offset; /* the trampoline knows these places */
	ptrdiff_t dtv_place;               /* and this */
	struct rl_tls_state *tls;
	struct rl_tls_descriptor *next; /* of the same object */
};

/* What __tls_get_addr is passed. */
struct rl_tls_index {
	size_t module, offset;
};

/* Give OBJECT (whose tls.size is not 0) a module id.  Visible to threads after rl_tls_publish. */
RL_NODISCARD enum rl_status rl_tls_module_add(struct rl_linker *linker, struct rl_object *object);
void rl_tls_module_remove(struct rl_linker *linker, struct rl_object *object);
/* Make all additions and removals since the last call visible: a new generation. */
void rl_tls_publish(struct rl_linker *linker);

/* tls.c, or guest.c where threads belong to another linker. */

/* Lay out the static area for all modules of the start: before the first thread exists. */
void rl_tls_layout(struct rl_linker *linker);
/* Why a module got no place in static areas. */
enum rl_tls_obstacle {
	RL_TLS_AREA_FULL,    /* bytes */
	RL_TLS_THREADS_FULL, /* bytes; it would fit if no thread was running but the first */
	RL_TLS_ALIGNMENT,    /* alignment */
	RL_TLS_IN_USE,       /* some thread has it elsewhere */
	RL_TLS_NOT_OURS,     /* threads belong to another linker */
};
struct rl_tls_lack {
	enum rl_tls_obstacle obstacle;
	size_t wanted, possible;
};
/* Give a module that was loaded later a place in the surplus; RL_TLS_STATIC_FULL, which the caller words, if it does
 * not fit.  One that is relocated already gets its image into every thread: it stays static from now on. */
RL_NODISCARD enum rl_status rl_tls_static_add(struct rl_linker *linker, struct rl_object *object,
					      struct rl_tls_lack *out_lack);
/* The same for a module that can do without, from what is left for such modules.  Whether it has a place. */
bool rl_tls_static_offer(struct rl_linker *linker, struct rl_object *object);
/* Copy the initial image of such a module into every running thread. */
void rl_tls_static_fill(struct rl_linker *linker, struct rl_object *object);

/* What a TLSDESC relocation of OBJECT for a variable at OFFSET in DEFINER's dynamic block points at; owned by OBJECT. */
struct rl_tls_descriptor *rl_tls_descriptor_make(struct rl_tls_state *tls, struct rl_object *object,
						 const struct rl_object *definer, size_t offset);

/* thread.c, or guest.c: one thread's storage. */

/* Make the dtv of the thread at THREAD_POINTER, whose static area is allocated; false without memory. */
bool rl_thread_attach(struct rl_tls_state *tls, uintptr_t thread_pointer);
/* (Re)fill the static area and empty the dtv, for a new thread or a reused stack. */
void rl_thread_fill(struct rl_tls_state *tls, uintptr_t thread_pointer);
/* A vector with empty cells; NULL without memory.  Emptying one whose thread is gone, older vectors included. */
struct rl_dtv *rl_dtv_make(const struct rl_tls_state *tls);
void rl_dtv_clear(struct rl_dtv *dtv);
/* Free all that the thread has. */
void rl_thread_detach(struct rl_tls_state *tls, uintptr_t thread_pointer);
/* The block of MODULE for the calling thread; allocates it on first use (NULL without memory). */
void *rl_thread_block(struct rl_tls_state *tls, size_t module);
/* The calling thread's vector, made if it has none; NULL without memory. */
struct rl_dtv *rl_thread_vector(struct rl_tls_state *tls);
/* The block of OBJECT, which the caller keeps loaded, or NULL if it was not allocated yet. */
void *rl_thread_block_soft(struct rl_tls_state *tls, const struct rl_object *object);

/* Write OBJECT's initial image over the static block of the thread at THREAD_POINTER; returns the block. */
char *rl_tls_static_write(const struct rl_object *object, uintptr_t thread_pointer);

/* The slow path of dynamic TLS descriptors: the variable's address. */
uintptr_t rl_tls_descriptor_address(const struct rl_tls_descriptor *descriptor);

static inline char *rl_tls_static_address(uintptr_t thread_pointer, size_t offset)
{
	return (char *)(RL_TLS_BELOW_TP ? thread_pointer - offset : thread_pointer + offset);
}

/* Our own words of the calling thread; NULL only if there is no memory. */
struct rl_thread *rl_thread_own(const struct rl_tls_state *tls);
/* Address of a thread-local variable, for callers that do not know whose the threads are; NULL without memory. */
void *rl_thread_variable(struct rl_tls_state *tls, const struct rl_tls_index *index);

/* Address of a thread-local variable for a thread whose dtv is CELLS (NULL: it has none yet). */
static inline void *rl_thread_address_in(struct rl_tls_state *tls, struct rl_dtv_cell *cells,
					 const struct rl_tls_index *index)
{
	if (__builtin_expect(cells != NULL
				     && (size_t)cells[0].value
						== atomic_load_explicit(&tls->generation, memory_order_relaxed), 1)) {
		char *block = cells[index->module].value;
		if (__builtin_expect(block != RL_TLS_UNALLOCATED, 1))
			return block + index->offset + RL_TLS_DTV_BIAS;
	}
	char *block = rl_thread_block(tls, index->module);
	return block == NULL ? NULL : block + index->offset + RL_TLS_DTV_BIAS;
}

/* The same where the dtv lies in the TCB: the fast path of __tls_get_addr. */
static inline void *rl_thread_address(struct rl_tls_state *tls, const struct rl_tls_index *index)
{
	return rl_thread_address_in(tls, rl_port_dtv(), index);
}

#endif
