/* One visitor at a time: glibc's dl_iterate_phdr holds a lock while visitors run, and unwinders that keep a cache count
 * on it.  A lock of ours does the same without entering the host.
 *
 * A visitor may leave by an exception, or because its thread ends; glibc gives its lock back then.  The unwinder asks
 * the personality of the frame that the visitor runs in (Itanium C++ ABI: Exception Handling, 1.6). */
#include "host.h"

#include <unwind.h>

static void turn_end(struct rl_host *host, bool is_alone)
{
	const struct rl_host_turn *turn = host->turns.innermost;
	if (turn->is_reader)
		rl_readers_leave_as(&host->linker->readers, turn->side, is_alone);
	host->turns.innermost = turn->outer;
	rl_host_lock_leave(&host->turns.lock, is_alone);
}

_Unwind_Reason_Code rl_host_turn_unwind(int version, _Unwind_Action actions, _Unwind_Exception_Class kind,
					struct _Unwind_Exception *exception, struct _Unwind_Context *context);
__attribute__((used)) _Unwind_Reason_Code rl_host_turn_unwind(int version, _Unwind_Action actions,
							      _Unwind_Exception_Class kind,
							      struct _Unwind_Exception *exception,
							      struct _Unwind_Context *context)
{
	(void)version, (void)kind, (void)exception, (void)context;
	if (actions & _UA_CLEANUP_PHASE)
		turn_end(&rl_host, false);
	return _URC_CONTINUE_UNWIND;
}

__attribute__((noinline)) int rl_host_turn_take(struct rl_host *host,
						int (*visit)(struct rl_host_turn *turn, void *argument), void *argument)
{
	__asm__ volatile(".cfi_personality 0x1b, rl_host_turn_unwind"); /* relative to its own place, four bytes */
	struct rl_host_turns *turns = &host->turns;
	rl_host_lock_take(&turns->lock, rl_host_is_alone(host));
	struct rl_host_turn turn = {.outer = turns->innermost};
	turns->innermost = &turn;
	int result = visit(&turn, argument);
	turn_end(host, rl_host_is_alone(host));
	return result;
}

void rl_host_turns_forget(struct rl_host *host)
{
	rl_host_lock_forked(&host->turns.lock);
	if (atomic_load(&host->turns.lock.owner) == 0)
		host->turns.innermost = NULL;
	for (struct rl_host_turn *turn = host->turns.innermost; turn != NULL; turn = turn->outer)
		turn->is_reader = false; /* the child forgets all readers */
}
