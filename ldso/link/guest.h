/* TLS in a process whose threads belong to another linker: we own no vector and no static area there.
 *
 * Each thread that touches a variable of an object of ours gets a record, found by its thread pointer in a table of
 * ours; the personality is told, so that it can give the record back when the thread ends.  Module ids of ours have a
 * bit that no other linker sets; everything else goes to the host's own __tls_get_addr.
 */
#ifndef RL_LINK_GUEST_H
#define RL_LINK_GUEST_H

#include "tls.h"

#define RL_GUEST_MODULES ((size_t)1 << 62)

struct rl_guest_table;
struct rl_guest_thread;

struct rl_guest {
	_Atomic(struct rl_guest_table *) table; /* replaced when it fills */
	atomic_int lock;                        /* held while a record is added; signals are blocked then */
	/* The host's __tls_get_addr, for modules that are not ours. */
	void *(*host_address)(const struct rl_tls_index *index);
	/* The calling thread has a record from now on: see that rl_guest_leave is called for it when the thread ends.
	 * Runs with signals blocked; must not use a thread-local variable of an object of ours. */
	void (*thread_enter)(struct rl_guest_thread *thread);
	/* The calling thread's block of OBJECT, if somebody else keeps those; asked each time.  NULL: they are ours. */
	void *(*block_ask)(const struct rl_object *object);
	/* Ask the host for static TLS: a block like OBJECT's in all threads, whose place goes to object->tls.offset.
	 * False: there is none.  NULL: the host is not asked. */
	bool (*static_take)(struct rl_object *object);
	void (*static_give)(struct rl_object *object);
	/* OBJECT is relocated: its initial image may have changed since. */
	void (*static_fill)(const struct rl_object *object);
	/* Memory of a thread that ends may be another's from now on; that of others may be the calling thread's.  The
	 * argument is the same in all calls.  NULL: nobody wants to know. */
	void (*released)(void *any);
	void (*acquired)(void *any);
};

/* The thread ends: free its blocks and the record. */
void rl_guest_leave(struct rl_tls_state *tls, struct rl_guest_thread *thread);

/* Its own words, for libdl to empty before the thread leaves. */
struct rl_thread *rl_guest_words(struct rl_guest_thread *thread);

/* In the child of a fork: only the calling thread exists. */
void rl_guest_forked(struct rl_tls_state *tls);

#endif
