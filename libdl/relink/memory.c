/* Memory for the modules of a context as callbacks provide it, and as the kernel does where they do not. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "../../ldso/base/sys.h"
#include "../../ldso/link/map.h"
#include "../../ldso/link/place.h"
#include "engine.h"

static const struct rl_provided_memory *provided(const struct rl_memory *memory)
{
	return (const struct rl_provided_memory *)memory;
}

/* A system call's result as an errno. */
static int error_of(long result)
{
	return rl_sys_is_error(result) ? (int)-result : 0;
}

/* What a callback returned that neither did its work nor left it to the kernel. */
static int refusal(int answer)
{
	return answer > 0 ? answer : EINVAL;
}

static int kernel_reserve(const struct rl_reservation *wanted, uintptr_t *out_start)
{
	size_t page_size = rl_engine.linker.page_size;
	int flags = MAP_NORESERVE | (wanted->limit != 0 ? RL_MAP_LOW : 0);
	if (wanted->size + wanted->align < wanted->size)
		return ENOMEM;
	long start = wanted->address == 0
			     ? rl_map_reserve(wanted->size, wanted->align, page_size, flags)
			     : rl_sys_map(wanted->address, wanted->size, PROT_NONE,
					  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
	if (rl_sys_is_error(start))
		return (int)-start;
	if (wanted->address != 0 && (uintptr_t)start != wanted->address) {
		rl_sys_unmap((uintptr_t)start, wanted->size); /* a kernel that does not know MAP_FIXED_NOREPLACE */
		return EEXIST;
	}
	*out_start = (uintptr_t)start;
	return 0;
}

/* A file cannot be mapped behind the page of the kernel's that it ends in. */
static int kernel_fill(const struct rl_memory_piece *piece)
{
	enum { FLAGS = MAP_PRIVATE | MAP_FIXED };
	size_t page_size = rl_engine.linker.page_size, mapped = 0;
	if (piece->fd >= 0) {
		mapped = (piece->content_size + page_size - 1) & -page_size;
		int error = error_of(rl_sys_map(piece->start, mapped, piece->protection, FLAGS, piece->fd, piece->offset));
		if (error != 0)
			return error;
		if (piece->has_zeros)
			memset((char *)piece->start + piece->content_size, 0, mapped - piece->content_size);
	}
	if (mapped == piece->size)
		return 0;
	return error_of(rl_sys_map(piece->start + mapped, piece->size - mapped, piece->protection, FLAGS | MAP_ANONYMOUS, -1,
				   0));
}

static void release(const struct rl_memory *memory, uintptr_t start, size_t size)
{
	const struct rl_provided_memory *own = provided(memory);
	if (own->callbacks.release == NULL
	    || own->callbacks.release(own->user, (void *)start, size) == RELINK_MEMORY_KERNEL)
		rl_sys_unmap(start, size);
}

static int reserve(const struct rl_memory *memory, const struct rl_reservation *wanted, uintptr_t *out_start)
{
	const struct rl_provided_memory *own = provided(memory);
	const relink_reservation question = {wanted->name, wanted->size, wanted->align, wanted->address, wanted->limit};
	void *answer = NULL;
	int result = own->callbacks.reserve == NULL ? RELINK_MEMORY_KERNEL
						    : own->callbacks.reserve(own->user, &question, &answer);
	if (result == RELINK_MEMORY_KERNEL)
		return kernel_reserve(wanted, out_start);
	if (result != 0)
		return refusal(result);
	uintptr_t start = (uintptr_t)answer, end = start + wanted->size;
	if (start == 0 || end < start || (start & (wanted->align - 1)) != 0 || (wanted->limit != 0 && end > wanted->limit)
	    || (wanted->address != 0 && start != wanted->address)) {
		release(memory, start, wanted->size);
		return EINVAL;
	}
	*out_start = start;
	return 0;
}

static int fill(const struct rl_memory *memory, const struct rl_memory_piece *piece, bool *out_is_empty)
{
	const struct rl_provided_memory *own = provided(memory);
	const relink_piece question = {.start = (void *)piece->start,
				       .size = piece->size,
				       .protection = piece->protection,
				       .descriptor = piece->fd,
				       .offset = piece->offset,
				       .content_size = piece->content_size};
	int result = own->callbacks.map == NULL ? RELINK_MEMORY_KERNEL : own->callbacks.map(own->user, &question);
	*out_is_empty = result == RELINK_MEMORY_READ;
	if (result == RELINK_MEMORY_KERNEL)
		return kernel_fill(piece);
	return result == 0 || result == RELINK_MEMORY_READ ? 0 : refusal(result);
}

static int protect(const struct rl_memory *memory, uintptr_t start, size_t size, int protection)
{
	const struct rl_provided_memory *own = provided(memory);
	int result = own->callbacks.protect == NULL ? RELINK_MEMORY_KERNEL
						    : own->callbacks.protect(own->user, (void *)start, size, protection);
	if (result == RELINK_MEMORY_KERNEL)
		return error_of(rl_sys_protect(start, size, protection));
	return result == 0 ? 0 : refusal(result);
}

static void ready(const struct rl_memory *memory, uintptr_t start, size_t size)
{
	enum { HUGE_PAGE = 2 * 1024 * 1024, ADVICE = 14 /* MADV_HUGEPAGE */ };
	const struct rl_provided_memory *own = provided(memory);
	if (memory->page_size < HUGE_PAGE)
		return;
	if (own->callbacks.advise == NULL
	    || own->callbacks.advise(own->user, (void *)start, size, ADVICE) == RELINK_MEMORY_KERNEL)
		(void)rl_syscall3(SYS_madvise, (long)start, (long)size, ADVICE);
}

relink_status relink_set_memory(relink_context *context, const relink_memory_hooks *memory, void *user)
{
	if (context == NULL || memory == NULL)
		return RELINK_E_ARGUMENT;
	size_t kernel_page = rl_engine.linker.page_size;
	size_t page_size = memory->page_size != 0 ? memory->page_size : kernel_page;
	if ((page_size & (page_size - 1)) != 0 || page_size < kernel_page)
		return RELINK_E_PAGE_SIZE;
	rl_engine_lock();
	bool is_early = context->space.memory == NULL && context->space.first == NULL;
	if (is_early) {
		context->memory = (struct rl_provided_memory){
			.memory = {page_size, rl_place_file, reserve, fill, protect, ready, release},
			.callbacks = *memory,
			.user = user};
		context->space.memory = &context->memory.memory;
	}
	rl_engine_unlock();
	return is_early ? RELINK_OK : RELINK_E_ARGUMENT;
}
