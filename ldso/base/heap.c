/* The allocator.  The first chunk is part of our .bss: it costs no system call, its pages exist when they are touched,
 * and leak checkers find the pointers that programs keep in dynamic TLS, as they look through the data of objects.
 * Each size class is a stack of free blocks with a counter in the pointer's unused upper bits against the ABA problem;
 * fresh blocks are cut from the first chunk, then from a current one.  A block may be read by a thread that lost the
 * race for it, never written: chunks are not unmapped, so that read is harmless.
 */
#include "heap.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "sys.h"

enum {
	FIRST_CHUNK_SIZE = 2 * 1024 * 1024,
	CHUNK_SIZE = 256 * 1024,
	CLASS_COUNT = 24,           /* 32, 48, 64, 96, … 98304 bytes with the header */
	CLASS_MAPPED = CLASS_COUNT, /* a mapping of its own */
};

/* In front of every block. */
struct heap_header {
	uint32_t class;     /* index, or CLASS_MAPPED */
	uint32_t unused;
	union {
		size_t mapped_size;            /* CLASS_MAPPED */
		struct heap_header *enclosing; /* set if this header sits inside a larger block for alignment */
		uintptr_t next_free;           /* while free */
	};
};

struct heap_chunk {
	_Alignas(16) atomic_size_t used; /* behind the chunk's header; zero in fresh memory */
};

/* The counter lies apart: reading a page that was never written costs a fault of its own, before the one of writing. */
static char heap_first[FIRST_CHUNK_SIZE] __attribute__((aligned(16)));
static atomic_size_t heap_first_used;

static _Atomic(struct heap_chunk *) heap_current;
static _Atomic uintptr_t heap_free[CLASS_COUNT];

enum { TAG_SHIFT = 48 };
#define POINTER_MASK (((uintptr_t)1 << TAG_SHIFT) - 1)

static inline size_t class_size(uint32_t class)
{
	return (size_t)(2 + (class & 1)) << (class / 2 + 4);
}

static inline uint32_t class_for(size_t size)
{
	if (size <= 32)
		return 0;
	unsigned log = 63 - (unsigned)__builtin_clzl(size - 1); /* 2^log < size <= 2^(log+1) */
	unsigned is_upper = (size - 1) >> (log - 1) & 1;        /* above 2^log + 2^(log-1) */
	return 2 * (log - 5) + 1 + is_upper;
}

static struct heap_header *free_pop(uint32_t class)
{
	uintptr_t head = atomic_load_explicit(&heap_free[class], memory_order_acquire);
	for (;;) {
		struct heap_header *block = (struct heap_header *)(head & POINTER_MASK);
		if (block == NULL)
			return NULL;
		uintptr_t next = __atomic_load_n(&block->next_free, __ATOMIC_RELAXED) & POINTER_MASK;
		uintptr_t tagged = next | ((head & ~POINTER_MASK) + ((uintptr_t)1 << TAG_SHIFT));
		if (atomic_compare_exchange_weak_explicit(&heap_free[class], &head, tagged, memory_order_acquire,
							  memory_order_acquire))
			return block;
	}
}

static void free_push(struct heap_header *block)
{
	_Atomic uintptr_t *stack = &heap_free[block->class];
	uintptr_t head = atomic_load_explicit(stack, memory_order_relaxed);
	uintptr_t tagged;
	do {
		__atomic_store_n(&block->next_free, head & POINTER_MASK, __ATOMIC_RELAXED);
		tagged = (uintptr_t)block | ((head & ~POINTER_MASK) + ((uintptr_t)1 << TAG_SHIFT));
	} while (!atomic_compare_exchange_weak_explicit(stack, &head, tagged, memory_order_release,
							memory_order_relaxed));
}

static void *map_fresh(size_t size)
{
	long address = rl_sys_map(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return rl_sys_is_error(address) ? NULL : (void *)address;
}

/* SIZE bytes of the LIMIT at BYTES, of which *COUNTER are used. */
static struct heap_header *bytes_cut(char *bytes, size_t limit, atomic_size_t *counter, size_t size)
{
	size_t used = atomic_load_explicit(counter, memory_order_relaxed);
	do {
		if (size > limit - used)
			return NULL;
	} while (!atomic_compare_exchange_weak_explicit(counter, &used, used + size, memory_order_relaxed,
							memory_order_relaxed));
	return (struct heap_header *)(bytes + used);
}

/* The first chunk is used up: cut from the current one, and map another when that is.  Kept out of the usual way, as
 * is what follows: what they need saved would cost every caller. */
static __attribute__((noinline)) struct heap_header *cut_mapped(size_t size)
{
	for (;;) {
		struct heap_chunk *current = atomic_load_explicit(&heap_current, memory_order_acquire);
		struct heap_header *block = NULL;
		if (current != NULL)
			block = bytes_cut((char *)(current + 1), CHUNK_SIZE - sizeof *current, &current->used, size);
		if (block != NULL)
			return block;
		struct heap_chunk *fresh = map_fresh(CHUNK_SIZE);
		if (fresh == NULL)
			return NULL;
		if (!atomic_compare_exchange_strong(&heap_current, &current, fresh))
			rl_sys_unmap((uintptr_t)fresh, CHUNK_SIZE);
	}
}

static __attribute__((noinline)) void *take_mapping(size_t whole)
{
	struct heap_header *block = map_fresh(whole);
	if (block == NULL)
		return NULL;
	block->class = CLASS_MAPPED;
	block->mapped_size = whole;
	return block + 1;
}

static inline void *block_use(struct heap_header *block, uint32_t class)
{
	block->class = class;
	/* A thread that lost the race for the block may be reading this word as the next free one. */
	__atomic_store_n(&block->next_free, 0, __ATOMIC_RELAXED); /* and so no enclosing block */
	return block + 1;
}

/* NULL: another thread was faster. */
static __attribute__((noinline)) void *take_again(size_t size, uint32_t class)
{
	struct heap_header *block = free_pop(class);
	if (block == NULL)
		return NULL;
	memset(block + 1, 0, size);
	return block_use(block, class);
}

void *rl_heap_take(size_t size)
{
	if (size > SIZE_MAX / 2)
		return NULL;
	size_t whole = size + sizeof(struct heap_header);
	uint32_t class = class_for(whole);
	if (__builtin_expect(class >= CLASS_COUNT, 0))
		return take_mapping(whole);
	if ((atomic_load_explicit(&heap_free[class], memory_order_relaxed) & POINTER_MASK) != 0) {
		void *again = take_again(size, class);
		if (again != NULL)
			return again;
	}
	struct heap_header *block = bytes_cut(heap_first, sizeof heap_first, &heap_first_used, class_size(class));
	if (__builtin_expect(block == NULL, 0))
		block = cut_mapped(class_size(class));
	return block == NULL ? NULL : block_use(block, class);
}

void *rl_heap_take_aligned(size_t size, size_t align)
{
	if (align <= sizeof(struct heap_header))
		return rl_heap_take(size);
	if (size > SIZE_MAX / 2 || align > SIZE_MAX / 4)
		return NULL;
	char *outer = rl_heap_take(size + align);
	if (outer == NULL)
		return NULL;
	char *inner = (char *)(((uintptr_t)outer + align - 1) & -align);
	if (inner == outer)
		return outer;
	struct heap_header *header = (struct heap_header *)inner - 1;
	header->class = 0;
	header->enclosing = (struct heap_header *)outer - 1;
	return inner;
}

void rl_heap_give(void *block)
{
	if (block == NULL)
		return;
	struct heap_header *header = (struct heap_header *)block - 1;
	if (header->class != CLASS_MAPPED && header->enclosing != NULL)
		header = header->enclosing;
	if (header->class == CLASS_MAPPED)
		rl_sys_unmap((uintptr_t)header, header->mapped_size);
	else
		free_push(header);
}

__attribute__((noinline)) void *rl_heap_grow(void *block, size_t old_size, size_t new_size)
{
	void *grown = rl_heap_take(new_size);
	if (grown == NULL)
		return NULL;
	if (block != NULL)
		memcpy(grown, block, old_size);
	rl_heap_give(block);
	return grown;
}

char *rl_heap_string(const char *string)
{
	size_t size = strlen(string) + 1;
	char *copy = rl_heap_take(size);
	if (copy != NULL)
		memcpy(copy, string, size);
	return copy;
}
