/* The one allocator: size classes over mapped chunks, lock-free, so that it works in signal handlers, in threads,
 * and in the child of a fork whose other threads were inside it.  Memory is zeroed. */
#ifndef RL_BASE_HEAP_H
#define RL_BASE_HEAP_H

#include <stddef.h>

/* SIZE bytes of zeroed memory aligned to 16, or NULL.  The caller owns it. */
void *rl_heap_take(size_t size);

/* The same with a larger power-of-two alignment. */
void *rl_heap_take_aligned(size_t size, size_t align);

/* Give a block back.  NULL is allowed. */
void rl_heap_give(void *block);

/* A zeroed block of NEW_SIZE with the first OLD_SIZE bytes of BLOCK (may be NULL); BLOCK is given back on success. */
void *rl_heap_grow(void *block, size_t old_size, size_t new_size);

/* An array with room for one more than COUNT items of ITEM_SIZE: ITEMS, or what takes its place with twice the *capacity, FIRST
 * items to begin with.  NULL without memory: ITEMS is as it was. */
static inline void *rl_heap_room(void *items, size_t count, size_t *capacity, size_t item_size, size_t first)
{
	if (count < *capacity)
		return items;
	size_t wanted = *capacity == 0 ? first : *capacity * 2;
	void *grown = rl_heap_grow(items, count * item_size, wanted * item_size);
	if (grown != NULL)
		*capacity = wanted;
	return grown;
}

/* A copy of the string, or NULL. */
char *rl_heap_string(const char *string);

#endif
