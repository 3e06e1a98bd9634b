/* The roster: all threads whose storage is ours, from before their static area is first filled until it is freed.  libc
 * has lists too, but adds a thread some time after it was filled: a library that is opened meanwhile would miss it.
 *
 * Its lock is a leaf: nothing is called out under it, so that a thread may wait for it anywhere.  Under it is also
 * decided, once for every module that was loaded later, whether its variables are static or dynamic. */
#ifndef RL_LINK_ROSTER_H
#define RL_LINK_ROSTER_H

#include <stddef.h>

#include "gate.h"

struct rl_tls_state;

struct rl_roster_entry {
	struct rl_roster_entry *next, *previous;
	uintptr_t thread_pointer;
	size_t limit; /* how far its static area reaches: no living thread's is too short, but libc keeps dead ones' */
	bool is_listed;
};

struct rl_roster {
	struct rl_gate lock;
	struct rl_roster_entry *first;
};

/* Take and give the lock, with signals blocked: a handler that touches a variable may want it.  Pass the result on. */
uint64_t rl_roster_lock(struct rl_roster *roster);
void rl_roster_unlock(struct rl_roster *roster, uint64_t old_signals);

/* Put ENTRY on the roster, unless it is there, and take it off. */
void rl_roster_add(struct rl_roster *roster, struct rl_roster_entry *entry);
void rl_roster_remove(struct rl_roster *roster, struct rl_roster_entry *entry);

/* Around fork, like those of the gate.  In the child, the memory of other threads may go without our being told. */
void rl_roster_fork_prepare(struct rl_roster *roster);
void rl_roster_fork_parent(struct rl_roster *roster);
void rl_roster_fork_child(struct rl_roster *roster);

#endif
