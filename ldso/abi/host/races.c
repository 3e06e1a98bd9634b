/* A race detector in the process (TSan) sees variables in blocks that come from our heap, which it does not watch: it
 * would take a thread's first use of a block for a race with the thread that had it before and ended.  It is told. */
#include "host.h"

#include "../../link/lookup.h"

/* What the runtime of the detector exports, or NULL. */
static void *function_find(struct rl_linker *linker, const char *name)
{
	struct rl_lookup lookup = {.name = rl_name_make(name), .want = {.newest = true}};
	struct rl_binding binding;
	const struct rl_scope *scope = atomic_load(&linker->base.global.current);
	if (scope == NULL || !rl_lookup_scope(linker, scope, &lookup, &binding))
		return NULL;
	return (void *)rl_binding_address(&binding);
}

void rl_host_races_find(struct rl_host *host)
{
	host->guest.released = (void (*)(void *))function_find(host->linker, "__tsan_release");
	host->guest.acquired = (void (*)(void *))function_find(host->linker, "__tsan_acquire");
}
