/* Threads' vectors for dynamic TLS.  libc makes and ends threads without telling us: a thread gets its vector when it
 * first needs one, and a vector whose thread has gone is found by whoever needs one next.  Runs with signals blocked,
 * in any thread; takes no lock. */
#include <errno.h>

#include "../../base/heap.h"
#include "../../base/sys.h"
#include "musl.h"

static struct rl_musl *musl_of(struct rl_tls_state *tls)
{
	struct rl_linker *linker = (struct rl_linker *)((char *)tls - offsetof(struct rl_linker, tls));
	return linker->abi.context;
}

/* Whether the thread that RECORD belongs to is gone, and now it is ours. */
static bool record_take(struct rl_musl_thread *record, int pid, int tid)
{
	int owner = atomic_load(&record->tid);
	/* In the child of a fork, records of the parent's threads are left alone. */
	if (record->pid != pid)
		return false;
	/* The same number without a vector: the owner has gone, or libc reset this thread's storage. */
	if (owner != tid && rl_syscall3(SYS_tgkill, pid, owner, 0) != -ESRCH)
		return false;
	return atomic_compare_exchange_strong(&record->tid, &owner, tid);
}

static struct rl_musl_thread *record_reuse(struct rl_musl *musl, int pid, int tid)
{
	enum { TRIES = 8 };
	/* A few each time, going on where the last search ended. */
	struct rl_musl_thread *record = atomic_load(&musl->threads_cursor), *found = NULL;
	for (int i = 0; i < TRIES && found == NULL; i++) {
		if (record == NULL)
			record = atomic_load(&musl->threads);
		if (record == NULL)
			break;
		if (record_take(record, pid, tid))
			found = record;
		record = record->next;
	}
	atomic_store(&musl->threads_cursor, record);
	return found;
}

struct rl_dtv *rl_musl_dtv_give(struct rl_tls_state *tls)
{
	struct rl_musl *musl = musl_of(tls);
	int pid = (int)rl_syscall1(SYS_getpid, 0), tid = (int)rl_syscall1(SYS_gettid, 0);
	struct rl_musl_thread *record = record_reuse(musl, pid, tid);
	if (record != NULL) {
		if (record->error != NULL)
			musl->error_drop(record->error);
		record->error = NULL;
		rl_dtv_clear(record->dtv);
		return record->dtv;
	}
	record = rl_heap_take(sizeof *record);
	struct rl_dtv *dtv = record == NULL ? NULL : rl_dtv_make(tls);
	if (dtv == NULL) {
		rl_heap_give(record);
		return NULL;
	}
	*record = (struct rl_musl_thread){.tid = tid, .pid = pid, .dtv = dtv};
	dtv->holder = &record->dtv;
	record->next = atomic_load(&musl->threads);
	while (!atomic_compare_exchange_weak(&musl->threads, &record->next, record))
		;
	return dtv;
}

void rl_musl_error_keep(struct rl_musl *musl, void *error)
{
	struct rl_dtv *dtv = rl_thread_vector(&musl->linker->tls);
	if (dtv == NULL)
		return;
	struct rl_musl_thread *record =
		(struct rl_musl_thread *)((char *)dtv->holder - offsetof(struct rl_musl_thread, dtv));
	record->error = error;
}
