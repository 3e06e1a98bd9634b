/* The writer's side of read sections. */
#include "readers.h"

#include "../../arch/port.h"

enum { SPIN_LIMIT = 1 << 16 };

static bool side_drained(struct rl_readers *readers, unsigned side)
{
	for (unsigned i = 0; i < SPIN_LIMIT; i++) {
		if (atomic_load_explicit(&readers->inside[side], memory_order_seq_cst) == 0)
			return true;
		if (i % 64 == 63)
			rl_syscall1(SYS_sched_yield, 0);
		else
			rl_port_pause();
	}
	return false;
}

bool rl_readers_wait(struct rl_readers *readers)
{
	/* Twice: a reader may have read the old epoch and enter only after the first flip. */
	for (int turn = 0; turn < 2; turn++) {
		unsigned side = atomic_fetch_add(&readers->epoch, 1) & 1;
		if (!side_drained(readers, side))
			return false;
	}
	return true;
}
