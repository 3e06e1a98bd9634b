/* The roster of threads. */
#include "roster.h"

#include "../../arch/port.h"
#include "../base/sys.h"

uint64_t rl_roster_lock(struct rl_roster *roster)
{
	uint64_t old_signals = rl_sys_signals_block();
	rl_gate_enter(&roster->lock);
	return old_signals;
}

void rl_roster_unlock(struct rl_roster *roster, uint64_t old_signals)
{
	rl_gate_leave(&roster->lock);
	rl_sys_signals_restore(old_signals);
}

static void entry_add(struct rl_roster *roster, struct rl_roster_entry *entry)
{
	entry->previous = NULL;
	entry->next = roster->first;
	if (roster->first != NULL)
		roster->first->previous = entry;
	roster->first = entry;
	entry->is_listed = true;
}

void rl_roster_add(struct rl_roster *roster, struct rl_roster_entry *entry)
{
	uint64_t old_signals = rl_roster_lock(roster);
	if (!entry->is_listed)
		entry_add(roster, entry);
	rl_roster_unlock(roster, old_signals);
}

void rl_roster_remove(struct rl_roster *roster, struct rl_roster_entry *entry)
{
	uint64_t old_signals = rl_roster_lock(roster);
	if (entry->is_listed) {
		if (entry->previous != NULL)
			entry->previous->next = entry->next;
		else
			roster->first = entry->next;
		if (entry->next != NULL)
			entry->next->previous = entry->previous;
		entry->is_listed = false;
	}
	rl_roster_unlock(roster, old_signals);
}

void rl_roster_fork_prepare(struct rl_roster *roster)
{
	uint64_t old_signals = rl_roster_lock(roster);
	rl_sys_signals_restore(old_signals); /* a handler that runs before the fork enters once more */
}

void rl_roster_fork_parent(struct rl_roster *roster)
{
	rl_gate_leave(&roster->lock);
}

void rl_roster_fork_child(struct rl_roster *roster)
{
	struct rl_roster_entry *entry = roster->first;
	roster->first = NULL;
	while (entry != NULL) {
		struct rl_roster_entry *next = entry->next;
		entry->is_listed = false; /* libc fills a stack anew before it gives it to another thread */
		if (entry->thread_pointer == rl_port_thread_pointer())
			entry_add(roster, entry);
		entry = next;
	}
	rl_gate_leave(&roster->lock);
}
