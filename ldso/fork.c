/* Fork: libc calls us around it, so that no child inherits half a change of the object graph. */
#include "ldso.h"

static void prepare(void)
{
	rl_fork_prepare(&rl_process.linker);
	rl_roster_fork_prepare(&rl_process.linker.tls.roster);
}

static void parent(void)
{
	rl_roster_fork_parent(&rl_process.linker.tls.roster);
	rl_fork_parent(&rl_process.linker);
}

static void child(void)
{
	rl_glibc_lock_reset(&rl_glibc);
	rl_roster_fork_child(&rl_process.linker.tls.roster);
	rl_fork_child(&rl_process.linker);
}

/* First of all who ask libc for that, and so the last to be called before the fork: nothing that other handlers wait for
 * can wait for us. */
void rl_fork_watch(rl_register_atfork *watch)
{
	static const char owner;
	if (watch != NULL)
		(void)watch(prepare, parent, child, (void *)&owner);
}
