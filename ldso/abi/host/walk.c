/* Walking the host's list, as a read section of its own.  glibc holds a lock meanwhile that it does not free in the child
 * of a fork, so that a child of a process that walks could neither open nor walk.  A fork waits until nobody does; who
 * wants to begin waits for the fork.  Both waits are bounded: a visitor may itself wait for the thread that forks. */
#include "host.h"

#include <time.h>

enum {
	MILLISECOND = 1000000, /* nanoseconds */
	PATIENCE = 2000,       /* milliseconds */
	PATIENCE_LOST = 5,
};

static void moment_wait(void)
{
	const struct timespec moment = {.tv_nsec = MILLISECOND};
	rl_syscall2(SYS_nanosleep, (long)&moment, 0);
}

struct walk {
	struct rl_host *host;
	rl_phdr_visitor *visit;
	void *argument;
};

/* glibc's lock is held: nobody else writes, and who forks only looks for itself. */
static int visit(struct rl_phdr_info *info, size_t size, void *argument)
{
	const struct walk *walk = argument;
	atomic_uintptr_t *visited = &walk->host->walks.visited;
	uintptr_t outer = atomic_load_explicit(visited, memory_order_relaxed);
	atomic_store_explicit(visited, rl_port_thread_pointer(), memory_order_relaxed);
	int result = walk->visit(info, size, walk->argument);
	atomic_store_explicit(visited, outer, memory_order_relaxed);
	return result;
}

/* A fork is going on: begin the walk once more when it is done. */
static __attribute__((noinline)) unsigned fork_await(struct rl_host_walks *walks, unsigned side)
{
	for (int i = 0; i < PATIENCE && atomic_load(&walks->is_forking)
			&& atomic_load(&walks->visited) != rl_port_thread_pointer(); i++) {
		rl_readers_leave(&walks->readers, side);
		moment_wait();
		side = rl_readers_enter(&walks->readers);
	}
	return side;
}

int rl_host_walk(struct rl_host *host, rl_phdr_visitor *visitor, void *argument)
{
	struct rl_host_walks *walks = &host->walks;
	struct walk walk = {host, visitor, argument};
	unsigned side = rl_readers_enter_as(&walks->readers, rl_host_is_alone(host));
	if (__builtin_expect(atomic_load(&walks->is_forking), false))
		side = fork_await(walks, side);
	int result = host->is_glibc ? host->functions.iterate(visit, &walk) : host->functions.iterate(visitor, argument);
	rl_readers_leave_as(&walks->readers, side, rl_host_is_alone(host));
	return result;
}

void rl_host_walks_stop(struct rl_host *host)
{
	struct rl_host_walks *walks = &host->walks;
	if (!host->is_glibc)
		return; /* musl's fork sees to its own lock */
	atomic_store(&walks->is_forking, true);
	int patience = atomic_load(&walks->has_lost) ? PATIENCE_LOST : PATIENCE;
	for (int i = 0; i < patience; i++) {
		if (rl_readers_are_none(&walks->readers)) {
			atomic_store(&walks->has_lost, false);
			return;
		}
		if (atomic_load(&walks->visited) == rl_port_thread_pointer())
			return; /* we are the visitor: the child has the lock */
		moment_wait();
	}
	atomic_store(&walks->has_lost, true);
}

void rl_host_walks_go_on(struct rl_host *host)
{
	atomic_store(&host->walks.is_forking, false);
}

void rl_host_walks_forget(struct rl_host *host)
{
	struct rl_host_walks *walks = &host->walks;
	bool is_visitor = atomic_load(&walks->visited) == rl_port_thread_pointer();
	atomic_store(&walks->is_forking, false);
	rl_readers_forget(&walks->readers); /* a visitor's own walk may leave all the same */
	if (!is_visitor)
		atomic_store(&walks->visited, 0);
}
