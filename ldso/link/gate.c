/* The gate and fork. */
#include "gate.h"

#include <errno.h>
#include <time.h>

#include "linker.h"

enum {
	FUTEX_WAIT_PRIVATE = 128,
	FUTEX_WAKE_PRIVATE = 129,
	FORK_PATIENCE = 2,     /* seconds */
	CALLS_PATIENCE = 100,  /* milliseconds */
	MILLISECOND = 1000000, /* nanoseconds */
};

/* Only the owner may look at the depth; before there are threads, nobody is the owner, and so is the thread pointer. */
static bool is_mine(const struct rl_gate *gate)
{
	return atomic_load_explicit(&gate->owner, memory_order_relaxed) == rl_port_thread_pointer()
	       && gate->depth != 0;
}

/* False: not within PATIENCE. */
static bool enter(struct rl_gate *gate, const struct timespec *patience)
{
	if (is_mine(gate)) {
		gate->depth++;
		return true;
	}
	int open = 0;
	if (!atomic_compare_exchange_strong_explicit(&gate->word, &open, 1, memory_order_acquire,
						     memory_order_relaxed))
		while (atomic_exchange_explicit(&gate->word, 2, memory_order_acquire) != 0)
			if (rl_syscall4(SYS_futex, (long)&gate->word, FUTEX_WAIT_PRIVATE, 2, (long)patience) == -ETIMEDOUT)
				return false;
	atomic_store_explicit(&gate->owner, rl_port_thread_pointer(), memory_order_relaxed);
	gate->depth = 1;
	return true;
}

void rl_gate_enter(struct rl_gate *gate)
{
	(void)enter(gate, NULL);
}

void rl_gate_leave(struct rl_gate *gate)
{
	if (--gate->depth != 0)
		return;
	atomic_store_explicit(&gate->owner, 0, memory_order_relaxed);
	if (atomic_exchange_explicit(&gate->word, 0, memory_order_release) == 2)
		rl_syscall4(SYS_futex, (long)&gate->word, FUTEX_WAKE_PRIVATE, 1, 0);
}

void rl_gate_pause(struct rl_gate *gate)
{
	gate->caller = rl_port_thread_pointer();
	gate->calls++;
	rl_gate_leave(gate);
}

void rl_gate_resume(struct rl_gate *gate)
{
	rl_gate_enter(gate);
	if (--gate->calls == 0)
		gate->caller = 0;
}

/* The wait is bounded: who forks may hold what the thread inside waits for (libc's list lock, in a callback of
 * dl_iterate_phdr).  Then the child gets what it would have got without a gate.
 *
 * Constructors and destructors of another thread may take their time or wait for us, but mostly they are about to end,
 * and they hold libc's lock of exit handlers now and then, which nobody frees in a child. */
void rl_fork_prepare(struct rl_linker *linker)
{
	const struct timespec patience = {.tv_sec = FORK_PATIENCE}, moment = {.tv_nsec = MILLISECOND};
	struct rl_gate *gate = &linker->gate;
	for (int i = 0; enter(gate, &patience); i++) {
		if (gate->caller == 0 || gate->caller == rl_port_thread_pointer() || i == CALLS_PATIENCE)
			return;
		rl_gate_leave(gate);
		rl_syscall2(SYS_nanosleep, (long)&moment, 0);
	}
}

void rl_fork_parent(struct rl_linker *linker)
{
	if (is_mine(&linker->gate))
		rl_gate_leave(&linker->gate);
}

void rl_fork_child(struct rl_linker *linker)
{
	rl_readers_forget(&linker->readers);
	/* Who was running constructors and destructors will not finish. */
	uintptr_t self = rl_port_thread_pointer();
	struct rl_gate *gate = &linker->gate;
	for (struct rl_namespace *namespace = &linker->base; namespace != NULL; namespace = namespace->next)
		if (namespace->collector != self)
			namespace->collector = 0;
	if (gate->caller != self) {
		gate->caller = 0;
		gate->calls = 0;
	}
	if (is_mine(gate))
		rl_gate_leave(gate);
	else
		*gate = (struct rl_gate){0};
}
