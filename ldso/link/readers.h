/* Read sections: how code without the lock may follow published arrays, and how a writer learns that nobody looks at
 * an old one any more.  Async-signal-safe; costs a reader two atomic additions. */
#ifndef RL_LINK_READERS_H
#define RL_LINK_READERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct rl_readers {
	atomic_uint epoch;
	atomic_uint inside[2]; /* readers that entered in an even, odd epoch */
	bool is_stuck;         /* the last wait was in vain: do not spend long on the next */
	struct rl_readers *beside; /* others that may hold what is retired here, counted apart; NULL: none */

	/* Heap blocks that were replaced and that readers may still hold.  Under the load lock. */
	void **retired;
	size_t retired_count, retired_capacity;
};

/* Enter; pass the result to rl_readers_leave. */
static inline unsigned rl_readers_enter(struct rl_readers *readers)
{
	unsigned side = atomic_load_explicit(&readers->epoch, memory_order_relaxed) & 1;
	atomic_fetch_add_explicit(&readers->inside[side], 1, memory_order_seq_cst);
	return side;
}

/* The same if IS_ALONE says that the process has one thread at this moment: only signal handlers can come between, and
 * they leave the counter as they find it. */
static inline unsigned rl_readers_enter_as(struct rl_readers *readers, bool is_alone)
{
	if (!is_alone)
		return rl_readers_enter(readers);
	unsigned side = atomic_load_explicit(&readers->epoch, memory_order_relaxed) & 1;
	unsigned inside = atomic_load_explicit(&readers->inside[side], memory_order_relaxed);
	atomic_store_explicit(&readers->inside[side], inside + 1, memory_order_relaxed);
	return side;
}

static inline void rl_readers_leave(struct rl_readers *readers, unsigned side)
{
	/* 0: a fork in a signal handler above us has forgotten all readers of the parent, us included. */
	if (__builtin_expect(atomic_fetch_sub_explicit(&readers->inside[side], 1, memory_order_release) == 0, 0))
		atomic_fetch_add_explicit(&readers->inside[side], 1, memory_order_relaxed);
}

/* Leave; IS_ALONE need not be what it was on entering. */
static inline void rl_readers_leave_as(struct rl_readers *readers, unsigned side, bool is_alone)
{
	unsigned inside = atomic_load_explicit(&readers->inside[side], memory_order_relaxed);
	if (!is_alone)
		rl_readers_leave(readers, side);
	else if (inside != 0) /* as above */
		atomic_store_explicit(&readers->inside[side], inside - 1, memory_order_release);
}

/* Whether nobody is inside. */
static inline bool rl_readers_are_none(const struct rl_readers *readers)
{
	return atomic_load(&readers->inside[0]) == 0 && atomic_load(&readers->inside[1]) == 0;
}

/* Wait until every reader that was inside when called has left.  The wait is bounded: false means that some reader
 * has not left (it was stopped, or it was lost in a fork), and nothing it may see can be reused. */
bool rl_readers_wait(struct rl_readers *readers);

/* BLOCK (NULL is allowed) is out of reach for new readers: give it back when the present ones have left. */
void rl_readers_retire(struct rl_readers *readers, void *block);

/* Wait, and give all retired blocks back.  False like rl_readers_wait: then they stay for the next time. */
bool rl_readers_reclaim(struct rl_readers *readers);

/* The second half of that, for who has waited. */
void rl_readers_give(struct rl_readers *readers);

/* In the child of a fork, where no reader came along. */
void rl_readers_forget(struct rl_readers *readers);

#endif
