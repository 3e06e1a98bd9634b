/* The writer's side of read sections. */
#include "readers.h"

#include "../../arch/port.h"
#include "../base/heap.h"

enum {
	SPIN_LIMIT = 1 << 16,
	SPIN_LIMIT_STUCK = 1 << 9,
};

static bool side_drained(struct rl_readers *readers, unsigned side)
{
	unsigned limit = readers->is_stuck ? SPIN_LIMIT_STUCK : SPIN_LIMIT;
	for (unsigned i = 0; i < limit; i++) {
		if (atomic_load_explicit(&readers->inside[side], memory_order_seq_cst) == 0)
			return true;
		if (i % 64 == 63)
			rl_syscall1(SYS_sched_yield, 0);
		else
			rl_port_pause();
	}
	return false;
}

static bool readers_wait(struct rl_readers *readers)
{
	/* Twice: a reader may have read the old epoch and enter only after the first flip. */
	for (int turn = 0; turn < 2; turn++) {
		unsigned side = atomic_fetch_add(&readers->epoch, 1) & 1;
		if (!side_drained(readers, side)) {
			readers->is_stuck = true;
			return false;
		}
	}
	readers->is_stuck = false;
	return true;
}

bool rl_readers_wait(struct rl_readers *readers)
{
	return readers_wait(readers) && (readers->beside == NULL || readers_wait(readers->beside));
}

static bool retired_reserve(struct rl_readers *readers)
{
	void **retired = rl_heap_room(readers->retired, readers->retired_count, &readers->retired_capacity,
				      sizeof *retired, 16);
	if (retired == NULL)
		return false;
	readers->retired = retired;
	return true;
}

void rl_readers_retire(struct rl_readers *readers, void *block)
{
	if (block == NULL)
		return;
	if (retired_reserve(readers))
		readers->retired[readers->retired_count++] = block;
	else if (rl_readers_wait(readers))
		rl_heap_give(block);
}

void rl_readers_give(struct rl_readers *readers)
{
	while (readers->retired_count > 0)
		rl_heap_give(readers->retired[--readers->retired_count]);
}

bool rl_readers_reclaim(struct rl_readers *readers)
{
	if (!rl_readers_wait(readers))
		return false;
	rl_readers_give(readers);
	return true;
}

void rl_readers_forget(struct rl_readers *readers)
{
	atomic_store(&readers->inside[0], 0);
	atomic_store(&readers->inside[1], 0);
	readers->is_stuck = false;
}
