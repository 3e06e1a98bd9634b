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

static inline void rl_readers_leave(struct rl_readers *readers, unsigned side)
{
	/* 0: a fork in a signal handler above us has forgotten all readers of the parent, us included. */
	if (__builtin_expect(atomic_fetch_sub_explicit(&readers->inside[side], 1, memory_order_release) == 0, 0))
		atomic_fetch_add_explicit(&readers->inside[side], 1, memory_order_relaxed);
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
