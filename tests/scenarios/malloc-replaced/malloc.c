/* An allocator that only grows, and counts. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

static char arena[32 << 20] __attribute__((aligned(64)));
static size_t used;
int own_malloc_calls, own_free_calls;

void *malloc(size_t size)
{
	size_t start = __atomic_fetch_add(&used, (size + 31) & ~15UL, __ATOMIC_RELAXED);

	__atomic_add_fetch(&own_malloc_calls, 1, __ATOMIC_RELAXED);
	*(size_t *)(arena + start) = size;
	return arena + start + 16;
}

void free(void *block)
{
	if (block && ((char *)block < arena || (char *)block >= arena + sizeof(arena)))
		__builtin_trap();
	__atomic_add_fetch(&own_free_calls, 1, __ATOMIC_RELAXED);
}

void *calloc(size_t count, size_t size)
{
	return memset(malloc(count * size), 0, count * size);
}

void *realloc(void *block, size_t size)
{
	void *fresh = malloc(size);

	if (block)
		memcpy(fresh, block, ((size_t *)block)[-2] < size ? ((size_t *)block)[-2] : size);
	return fresh;
}

void *memalign(size_t alignment, size_t size)
{
	char *block = malloc(size + alignment);

	return (void *)(((unsigned long)block + alignment - 1) & -alignment);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
	*out = memalign(alignment, size);
	return 0;
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}
