/* Read sections: what a writer replaced is never seen by a reader after the wait, and a reader that does not leave
 * makes the wait say so instead of hanging. */
#include "../../ldso/link/readers.h"

#include <pthread.h>
#include <sched.h>

#include "check.h"

struct thing {
	_Atomic unsigned magic;
};
enum { ALIVE = 0x600d, DEAD = 0xdead, POOL = 64 };

static struct rl_readers readers;
static struct thing pool[POOL];
static _Atomic(struct thing *) current;
static unsigned long seen_dead, sections;
static int stop;

static void *reader(void *argument)
{
	uint64_t state = (uintptr_t)argument;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		unsigned outer = rl_readers_enter(&readers);
		struct thing *thing = atomic_load_explicit(&current, memory_order_acquire);
		unsigned inner = rl_readers_enter(&readers); /* sections nest: a signal handler binds too */
		for (unsigned i = random_step(&state) % 30; i != 0; i--)
			if (atomic_load_explicit(&thing->magic, memory_order_relaxed) != ALIVE)
				__atomic_fetch_add(&seen_dead, 1, __ATOMIC_RELAXED);
		rl_readers_leave(&readers, inner);
		if (random_step(&state) % 64 == 0)
			sched_yield();
		if (atomic_load_explicit(&thing->magic, memory_order_relaxed) != ALIVE)
			__atomic_fetch_add(&seen_dead, 1, __ATOMIC_RELAXED);
		rl_readers_leave(&readers, outer);
		__atomic_fetch_add(&sections, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static unsigned long replace(unsigned rounds)
{
	unsigned long waited = 0;
	/* At least so often, and until the readers have been inside often enough. */
	for (unsigned round = 0; round < rounds || __atomic_load_n(&sections, __ATOMIC_RELAXED) < 20000; round++) {
		struct thing *fresh = &pool[(round + 1) % POOL];
		if (atomic_load(&fresh->magic) == ALIVE)
			continue; /* abandoned in an earlier round */
		atomic_store(&fresh->magic, ALIVE);
		struct thing *old = atomic_exchange(&current, fresh);
		if (rl_readers_wait(&readers)) {
			atomic_store(&old->magic, DEAD);
			waited++;
		}
	}
	return waited;
}

/* Readers that are counted apart are waited for, too; and who entered alone may leave in company, or forgotten. */
static void test_beside(void)
{
	struct rl_readers beside = {0};
	readers.beside = &beside;
	for (unsigned way = 0; way < 4; way++) {
		CHECK(rl_readers_are_none(&beside) && rl_readers_wait(&readers));
		unsigned outer = rl_readers_enter_as(&beside, way & 1);
		unsigned inner = rl_readers_enter_as(&beside, way & 2);
		rl_readers_leave_as(&beside, inner, way & 1);
		CHECK(!rl_readers_are_none(&beside) && !rl_readers_wait(&readers));
		rl_readers_leave_as(&beside, outer, way & 2);
		CHECK(rl_readers_are_none(&beside) && rl_readers_wait(&readers));
		outer = rl_readers_enter_as(&beside, way & 1);
		rl_readers_forget(&beside);
		rl_readers_leave_as(&beside, outer, way & 2);
	}
	readers.beside = NULL;
}

int main(void)
{
	enum { COUNT = 4 };
	test_beside();
	CHECK(rl_readers_wait(&readers));
	unsigned side = rl_readers_enter(&readers);
	CHECK(!rl_readers_wait(&readers)); /* somebody is inside for ever */
	CHECK(!rl_readers_wait(&readers));
	rl_readers_leave(&readers, side);
	CHECK(rl_readers_wait(&readers) && rl_readers_wait(&readers));

	atomic_store(&pool[0].magic, ALIVE);
	atomic_store(&current, &pool[0]);
	pthread_t threads[COUNT];
	for (size_t i = 0; i < COUNT; i++)
		NEED(pthread_create(&threads[i], NULL, reader, (void *)(i + 1)) == 0);
	unsigned long waited = replace(3000);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (size_t i = 0; i < COUNT; i++)
		pthread_join(threads[i], NULL);
	CHECK(waited > 100 && seen_dead == 0);
	CHECK(atomic_load(&readers.inside[0]) == 0 && atomic_load(&readers.inside[1]) == 0);
	return check_result();
}
