/* The gate: held while the graph is between two consistent states, and by fork, so that a child never inherits half a
 * change.  Inside the load lock, never around foreign code: constructors and destructors run with the gate open. */
#ifndef RL_LINK_GATE_H
#define RL_LINK_GATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct rl_linker;

struct rl_gate {
	atomic_int word;        /* 0 open, 1 held, 2 held and waited for */
	atomic_uintptr_t owner; /* thread pointer */
	unsigned depth;
	uintptr_t caller; /* the thread that runs constructors or destructors, 0: none */
	unsigned calls;   /* how deeply they are nested */
};

void rl_gate_enter(struct rl_gate *gate);
void rl_gate_leave(struct rl_gate *gate);

/* Open the gate for constructors or destructors, and close it behind them. */
void rl_gate_pause(struct rl_gate *gate);
void rl_gate_resume(struct rl_gate *gate);

/* What the personality's libc must call around fork, in the thread that forks: before it, and after it in the parent
 * and in the child. */
void rl_fork_prepare(struct rl_linker *linker);
void rl_fork_parent(struct rl_linker *linker);
void rl_fork_child(struct rl_linker *linker);

#endif
