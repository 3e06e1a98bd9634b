/* Threads as libc sees them: the main thread's struct pthread, and the lists of all others. */
#include <string.h>
#include <sys/mman.h>

#include "../../base/sys.h"
#include "glibc.h"

struct rl_glibc_rseq rl_glibc_rseq;
struct rl_glibc_guards rl_glibc_guards;

/* glibc's list_t. */
struct list {
	struct list *next, *previous;
};

/* The kernel's struct robust_list_head. */
struct robust_head {
	void *list;
	long futex_offset;
	void *pending;
};

/* The kernel's struct rseq, as long as all releases know it. */
struct rseq {
	uint32_t cpu_id_start, cpu_id;
	uint64_t rseq_cs;
	uint32_t flags;
	uint32_t padding[3];
};

enum {
	RSEQ_UNREGISTERED = -1,
	RSEQ_FAILED = -2,
	ROBUST_FUTEX_OFFSET = -32, /* of a mutex' lock word from its list link: struct __pthread_mutex_s */
	JOINSTATE_JOINABLE = 2,
};

static void list_insert(struct list *head, struct list *item)
{
	item->next = head->next;
	item->previous = head;
	head->next->previous = item;
	head->next = item;
}

/* Whether the kernel knows such lists; some emulators do not. */
static bool robust_list_start(const struct rl_glibc_pthread *layout, unsigned char *pd)
{
	struct robust_head *head = rl_glibc_field(pd, layout->robust_head);
	rl_glibc_put_pointer(pd, layout->robust_prev, head);
	head->list = head;
	head->futex_offset = ROBUST_FUTEX_OFFSET;
	return rl_syscall2(SYS_set_robust_list, (long)head, sizeof *head) == 0;
}

static void rseq_start(struct rl_glibc *glibc, uintptr_t thread_pointer, bool wants_rseq)
{
	enum { SIZE_2_36 = 20, LENGTH = 32 };
	struct rseq *area;
	if (glibc->layout->rseq_place == RL_GLIBC_RSEQ_PTHREAD)
		area = rl_glibc_field(rl_glibc_descriptor(glibc, thread_pointer), glibc->layout->pthread.rseq_area);
	else if (glibc->layout->rseq_place == RL_GLIBC_RSEQ_EXTRA_TLS)
		area = (struct rseq *)rl_tls_static_address(thread_pointer, glibc->linker->tls.extra_offset);
	else
		return;
	rl_glibc_rseq.offset = (char *)area - (char *)thread_pointer;
	area->cpu_id = (uint32_t)RSEQ_UNREGISTERED;
	if (wants_rseq && rl_syscall4(SYS_rseq, (long)area, LENGTH, 0, RL_PORT_RSEQ_SIGNATURE) == 0)
		rl_glibc_rseq.size = SIZE_2_36;
	else
		area->cpu_id = (uint32_t)RSEQ_FAILED;
}

static void tid_start(const struct rl_glibc_layout *layout, unsigned char *pd)
{
	bool clears_joinstate = layout->clear_tid == RL_GLIBC_CLEAR_JOINSTATE;
	uint16_t cleared = clears_joinstate ? layout->pthread.joinstate : layout->pthread.tid;
	long tid = rl_syscall1(SYS_set_tid_address, (long)(pd + cleared));
	rl_glibc_put_int(pd, layout->pthread.tid, (uint32_t)tid);
	if (clears_joinstate)
		rl_glibc_put_int(pd, layout->pthread.joinstate, JOINSTATE_JOINABLE);
}

/* The canary and the pointer guard come from the kernel's random bytes; the canary's lowest byte is 0, so that string
 * functions stop at it. */
static void guards_set(struct rl_glibc *glibc, unsigned char *pd)
{
	const struct rl_glibc_header *header = &glibc->layout->pthread.header;
	uint64_t random[2] = {0, 0};
	if (rl_kernel_has(glibc->kernel, AT_RANDOM))
		memcpy(random, (const void *)glibc->kernel->aux[AT_RANDOM], sizeof random);
	rl_glibc_guards = (struct rl_glibc_guards){random[0] & ~(uint64_t)0xff, random[1]};
	rl_glibc_put_word(pd, header->stack_guard, rl_glibc_guards.stack);
	rl_glibc_put_word(pd, header->pointer_guard, rl_glibc_guards.pointer);
}

void rl_glibc_thread_main(struct rl_glibc *glibc, uintptr_t thread_pointer, bool wants_rseq)
{
	const struct rl_glibc_layout *layout = glibc->layout;
	const struct rl_glibc_pthread *fields = &layout->pthread;
	unsigned char *pd = rl_glibc_descriptor(glibc, thread_pointer);
	rl_port_tcb_start(thread_pointer);
	rl_glibc_put_pointer(pd, fields->header.self, pd);
	guards_set(glibc, pd);
	rl_port_thread_pointer_set(thread_pointer);
	glibc->first_thread = thread_pointer;
	rl_glibc_put_pointer(glibc->global, layout->global.dl_initial_dtv, *rl_port_dtv_slot(thread_pointer));
	if (layout->thread_setup == RL_GLIBC_THREADS_BY_LIBPTHREAD)
		return;
	struct list *user = rl_glibc_field(glibc->global, layout->global.dl_stack_user);
	list_insert(user, rl_glibc_field(pd, fields->list));
	tid_start(layout, pd);
	rl_glibc_put_pointer(pd, fields->specific, pd + fields->specific_1stblock);
	pd[fields->user_stack != RL_ABSENT ? fields->user_stack : fields->stack_mode] = layout->main_stack_mode;
	rl_glibc_put_word(pd, fields->stackblock_size, (uintptr_t)glibc->kernel->stack);
	glibc->has_robust_lists = robust_list_start(fields, pd);
	rseq_start(glibc, thread_pointer, wants_rseq);
}

/* libc's low-level lock: 0 free, 1 taken, 2 taken and waited for. */
static void low_lock(int *lock)
{
	enum { FUTEX_WAIT_PRIVATE = 128 };
	int free = 0;
	if (__atomic_compare_exchange_n(lock, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	while (__atomic_exchange_n(lock, 2, __ATOMIC_ACQUIRE) != 0)
		rl_syscall4(SYS_futex, (long)lock, FUTEX_WAIT_PRIVATE, 2, 0);
}

static void low_unlock(int *lock)
{
	enum { FUTEX_WAKE_PRIVATE = 129 };
	if (__atomic_exchange_n(lock, 0, __ATOMIC_RELEASE) == 2)
		rl_syscall4(SYS_futex, (long)lock, FUTEX_WAKE_PRIVATE, 1, 0);
}

static void list_each(const struct rl_glibc *glibc, struct list *head, void (*visit)(void *, uintptr_t),
		      void *argument)
{
	for (struct list *item = head->next; item != head; item = item->next)
		visit(argument, (uintptr_t)item - glibc->layout->pthread.list + rl_glibc_descriptor_distance(glibc));
}

void rl_glibc_threads_each(struct rl_glibc *glibc, void (*visit)(void *, uintptr_t), void *argument)
{
	if (glibc->layout == NULL || glibc->layout->thread_setup == RL_GLIBC_THREADS_BY_LIBPTHREAD) {
		visit(argument, rl_port_thread_pointer());
		return;
	}
	const struct rl_glibc_global *global = &glibc->layout->global;
	int *lock = rl_glibc_field(glibc->global, global->dl_stack_cache_lock);
	low_lock(lock);
	list_each(glibc, rl_glibc_field(glibc->global, global->dl_stack_used), visit, argument);
	list_each(glibc, rl_glibc_field(glibc->global, global->dl_stack_user), visit, argument);
	low_unlock(lock);
}

static void thread_count(void *argument, uintptr_t thread_pointer)
{
	size_t *others = argument;
	*others += thread_pointer != rl_port_thread_pointer();
}

/* The size is sealed: start-up ended long ago. */
bool rl_glibc_threads_resize(struct rl_glibc *glibc, size_t size)
{
	size_t others = 0;
	uint16_t field = glibc->layout == NULL ? RL_ABSENT : glibc->layout->global_ro.dl_tls_static_size;
	if (field == RL_ABSENT || rl_port_thread_pointer() != glibc->first_thread || !glibc->linker->is_running)
		return false;
	rl_glibc_threads_each(glibc, thread_count, &others);
	if (others != 0)
		return false;
	uintptr_t page = (uintptr_t)(glibc->global_ro + field) & -glibc->linker->page_size;
	if (rl_sys_is_error(rl_sys_protect(page, glibc->linker->page_size, PROT_READ | PROT_WRITE)))
		return false;
	rl_glibc_put_word(glibc->global_ro, field, size);
	rl_sys_protect(page, glibc->linker->page_size, PROT_READ);
	return true;
}
