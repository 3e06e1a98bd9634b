/* Our locks.  Not libc's: our callers may be inside libc's own start-up.  In the child of a fork they are taken away
 * from threads that are no more, as glibc does with its own. */
#include "host.h"

static void futex(atomic_int *word, int operation, int value)
{
	rl_syscall4(SYS_futex, (long)word, operation, value, 0);
}

static void word_take(atomic_int *word)
{
	enum { FUTEX_WAIT_PRIVATE = 128 };
	int free = 0;
	if (!atomic_compare_exchange_strong(word, &free, 1))
		while (atomic_exchange(word, 2) != 0)
			futex(word, FUTEX_WAIT_PRIVATE, 2);
}

static void word_leave(atomic_int *word)
{
	enum { FUTEX_WAKE_PRIVATE = 129 };
	if (atomic_exchange(word, 0) == 2)
		futex(word, FUTEX_WAKE_PRIVATE, 1);
}

/* Alone, only signal handlers come between, and find the lock free or their own. */
void rl_host_lock_take(struct rl_host_lock *lock, bool is_alone)
{
	uintptr_t self = rl_port_thread_pointer();
	if (atomic_load_explicit(&lock->owner, memory_order_relaxed) == self) {
		lock->again++;
		return;
	}
	if (!is_alone)
		word_take(&lock->word);
	atomic_store_explicit(&lock->owner, self, memory_order_relaxed);
	if (is_alone)
		atomic_store_explicit(&lock->word, 1, memory_order_relaxed);
}

void rl_host_lock_leave(struct rl_host_lock *lock, bool is_alone)
{
	if (lock->again != 0) {
		lock->again--;
		return;
	}
	if (is_alone)
		atomic_store_explicit(&lock->word, 0, memory_order_relaxed);
	atomic_store_explicit(&lock->owner, 0, memory_order_relaxed);
	if (!is_alone)
		word_leave(&lock->word);
}

void rl_host_lock_forked(struct rl_host_lock *lock)
{
	if (atomic_load(&lock->owner) == rl_port_thread_pointer())
		return;
	lock->again = 0;
	atomic_store(&lock->owner, 0);
	atomic_store(&lock->word, 0);
}
