/* Locks on futexes alone, so that they work whatever the program did to libc's.  Under fork: see libdl/musl.c. */
#include "musl.h"

enum { FUTEX_WAIT_PRIVATE = 128, FUTEX_WAKE_PRIVATE = 129 };

void rl_musl_wait(const uint32_t *word, uint32_t value)
{
	rl_syscall4(SYS_futex, (long)word, FUTEX_WAIT_PRIVATE, value, 0);
}

void rl_musl_wake(uint32_t *word, int count)
{
	rl_syscall3(SYS_futex, (long)word, FUTEX_WAKE_PRIVATE, count);
}

void rl_musl_lock(struct rl_musl_lock *lock)
{
	enum { FREE, TAKEN, WAITED_FOR };
	uintptr_t self = rl_port_thread_pointer();
	if (__atomic_load_n(&lock->owner, __ATOMIC_RELAXED) == self) {
		lock->depth++;
		return;
	}
	uint32_t seen = FREE;
	if (!__atomic_compare_exchange_n(&lock->word, &seen, TAKEN, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		while (__atomic_exchange_n(&lock->word, WAITED_FOR, __ATOMIC_ACQUIRE) != FREE)
			rl_musl_wait(&lock->word, WAITED_FOR);
	__atomic_store_n(&lock->owner, self, __ATOMIC_RELAXED);
	lock->depth = 1;
}

void rl_musl_unlock(struct rl_musl_lock *lock)
{
	if (--lock->depth != 0)
		return;
	__atomic_store_n(&lock->owner, 0, __ATOMIC_RELAXED);
	if (__atomic_exchange_n(&lock->word, 0, __ATOMIC_RELEASE) == 2)
		rl_musl_wake(&lock->word, 1);
}
