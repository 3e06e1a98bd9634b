/* Executable stacks: the main stack and those of threads become executable when an object asks for it (a PT_GNU_STACK
 * with PF_X, or none), as the original allows. */
#include <sys/mman.h>

#include "../../base/sys.h"
#include "glibc.h"

enum { READ_WRITE_EXECUTE = PROT_READ | PROT_WRITE | PROT_EXEC };

struct stack_change {
	struct rl_glibc *glibc;
	long result;
};

long rl_glibc_stack_protect(struct rl_glibc *glibc, const unsigned char *pd)
{
	const struct rl_glibc_pthread *fields = &glibc->layout->pthread;
	uintptr_t block = *(const uintptr_t *)(pd + fields->stackblock);
	size_t size = *(const size_t *)(pd + fields->stackblock_size);
	size_t guard = *(const size_t *)(pd + fields->guardsize);
	if (block == 0)
		return 0; /* the main thread's stack is the kernel's */
	return rl_sys_protect(block + guard, size - guard, READ_WRITE_EXECUTE);
}

static void thread_change(void *argument, uintptr_t thread_pointer)
{
	struct stack_change *change = argument;
	long result = rl_glibc_stack_protect(change->glibc, rl_glibc_descriptor(change->glibc, thread_pointer));
	if (change->result == 0)
		change->result = result;
}

enum rl_status rl_glibc_stacks_make_executable(struct rl_glibc *glibc)
{
	size_t page_size = glibc->linker->page_size;
	uintptr_t page = (uintptr_t)glibc->kernel->stack & -page_size;
	if (rl_sys_is_error(rl_sys_protect(page, page_size, READ_WRITE_EXECUTE | PROT_GROWSDOWN)))
		return RL_STACK_EXECUTABLE;
	glibc->stack_flags |= PF_X;
	if (glibc->layout == NULL)
		return RL_OK;
	uint32_t value = glibc->layout->stack_flags_kind == RL_GLIBC_STACK_FLAGS_PF ? glibc->stack_flags
										      : READ_WRITE_EXECUTE;
	rl_glibc_put_int(glibc->global, glibc->layout->global.dl_stack_flags, value);
	if (!glibc->linker->is_running)
		return RL_OK; /* no other thread yet */
	struct stack_change change = {.glibc = glibc};
	rl_glibc_threads_each(glibc, thread_change, &change);
	if (change.result != 0)
		return RL_STACK_EXECUTABLE;
	return RL_OK;
}
