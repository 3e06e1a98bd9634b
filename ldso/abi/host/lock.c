/* The lock of the object graph.  Not libc's: our callers may be inside libc's own start-up.  In the child of a fork it
 * is taken away from threads that are no more, as glibc does with its own. */
#include "host.h"

static void futex(atomic_int *word, int operation, int value)
{
	rl_syscall4(SYS_futex, (long)word, operation, value, 0);
}

void rl_host_lock(struct rl_host *host)
{
	enum { FUTEX_WAIT_PRIVATE = 128 };
	struct rl_host_lock *lock = &host->mutex;
	uintptr_t self = rl_port_thread_pointer();
	if (atomic_load_explicit(&lock->owner, memory_order_relaxed) == self) {
		lock->depth++;
		return;
	}
	int free = 0;
	if (!atomic_compare_exchange_strong(&lock->word, &free, 1))
		while (atomic_exchange(&lock->word, 2) != 0)
			futex(&lock->word, FUTEX_WAIT_PRIVATE, 2);
	atomic_store_explicit(&lock->owner, self, memory_order_relaxed);
	lock->depth = 1;
}

void rl_host_unlock(struct rl_host *host)
{
	enum { FUTEX_WAKE_PRIVATE = 129 };
	struct rl_host_lock *lock = &host->mutex;
	if (--lock->depth != 0)
		return;
	atomic_store_explicit(&lock->owner, 0, memory_order_relaxed);
	if (atomic_exchange(&lock->word, 0) == 2)
		futex(&lock->word, FUTEX_WAKE_PRIVATE, 1);
}

void rl_host_lock_forked(struct rl_host *host)
{
	struct rl_host_lock *lock = &host->mutex;
	if (atomic_load(&lock->owner) == rl_port_thread_pointer())
		return;
	atomic_store(&lock->owner, 0);
	atomic_store(&lock->word, 0);
}
