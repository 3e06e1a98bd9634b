/* Read sections: how code without the lock may follow published arrays, and how a writer learns that nobody looks at
 * an old one any more.  Async-signal-safe; costs a reader two atomic additions. */
#ifndef RL_LINK_READERS_H
#define RL_LINK_READERS_H

#include <stdatomic.h>
#include <stdbool.h>

struct rl_readers {
	atomic_uint epoch;
	atomic_uint inside[2]; /* readers that entered in an even, odd epoch */
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
	atomic_fetch_sub_explicit(&readers->inside[side], 1, memory_order_release);
}

/* Wait until every reader that was inside when called has left.  The wait is bounded: false means that some reader
 * has not left (it was stopped, or it was lost in a fork), and nothing it may see can be reused. */
bool rl_readers_wait(struct rl_readers *readers);

#endif
