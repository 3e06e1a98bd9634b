/* The life of threads that are the host's: a key of its libc tells when one ends, a fork handler when all others are
 * gone.  Keys' destructors run in no order, and others may use variables of our objects: we let them go first, as
 * often as libc repeats the round. */
#include "host.h"

void (*rl_host_words_drop)(struct rl_thread *own);

/* How often libc runs the destructors of keys that were set again: PTHREAD_DESTRUCTOR_ITERATIONS. */
enum { ROUNDS = 4 };

static void leave(void *argument)
{
	struct rl_guest_thread *thread = argument;
	struct rl_thread *own = rl_guest_words(thread);
	if (++own->rounds < ROUNDS && rl_host.functions.key_set(rl_host.key, thread) == 0)
		return;
	if (rl_host_words_drop != NULL)
		rl_host_words_drop(own);
	rl_guest_leave(&rl_host.linker->tls, thread);
}

static void enter(struct rl_guest_thread *thread)
{
	rl_host.functions.key_set(rl_host.key, thread);
}

static void fork_prepare(void)
{
	rl_fork_prepare(rl_host.linker);
	rl_host_walks_stop(&rl_host);
}

static void fork_parent(void)
{
	rl_host_walks_go_on(&rl_host);
	rl_fork_parent(rl_host.linker);
}

static void forked(void)
{
	rl_host_lock_forked(&rl_host.mutex);
	rl_host_walks_forget(&rl_host);
	rl_host_turns_forget(&rl_host);
	rl_guest_forked(&rl_host.linker->tls);
	rl_fork_child(rl_host.linker);
}

enum rl_status rl_host_threads_start(struct rl_host *host)
{
	const struct rl_host_functions *functions = &host->functions;
	if (functions->key_create(&host->key, leave) != 0)
		return RL_NO_MEMORY;
	host->guest.host_address = functions->tls_get_addr;
	host->guest.thread_enter = enter;
	host->linker->readers.beside = &host->walks.readers;
	host->linker->tls.guest = &host->guest;
	host->linker->tls.module_base = RL_GUEST_MODULES;
	if (functions->at_fork != NULL)
		functions->at_fork(fork_prepare, fork_parent, forked, host->own_dso);
	return RL_OK;
}
