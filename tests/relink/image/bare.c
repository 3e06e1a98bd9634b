/* A program without libc, and without a dynamic linker: it loads a library from its own bytes into its own memory.  Only
 * its answer, its end and the protection of pages are asked of the kernel. */
#include "../../../include/relink.h"

extern const unsigned char library_start[], library_end[];
__asm__(".section .rodata\n.balign 16\n.globl library_start, library_end\nlibrary_start: .incbin \"libbare.so\"\nlibrary_end:\n"
	".text\n.globl _start\n_start: xor %ebp, %ebp\nand $-16, %rsp\ncall bare_main\nhlt");

static long kernel(long number, long a, long b, long c)
{
	long result;
	__asm__ volatile("syscall" : "=a"(result) : "0"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return result;
}

void *memset(void *to, int value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((volatile unsigned char *)to)[i] = (unsigned char)value;
	return to;
}

void *memcpy(void *to, const void *from, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((volatile unsigned char *)to)[i] = ((const unsigned char *)from)[i];
	return to;
}

enum { PAGE = 4096, PAGES = 64 };
static _Alignas(PAGE) unsigned char memory[PAGES * PAGE];
static _Alignas(16) unsigned char blocks[4096];
static size_t memory_used, blocks_used;

static int map(void *user, uint64_t address, uint64_t size, uint64_t align, void **out_memory, uint64_t *out_address)
{
	(void)user;
	if (address != 0 || align > PAGE || size > sizeof memory - memory_used)
		return 1;
	*out_memory = memory + memory_used;
	*out_address = (uintptr_t)*out_memory;
	memory_used += size;
	return 0;
}

static void unmap(void *user, void *place, uint64_t size)
{
	(void)user, (void)place;
	memory_used -= size;
}

static void *allocate(void *user, size_t size)
{
	(void)user;
	size = (size + 15) & ~(size_t)15;
	if (size > sizeof blocks - blocks_used)
		return NULL;
	blocks_used += size;
	return blocks + blocks_used - size;
}

static void release(void *user, void *block, size_t size)
{
	(void)user, (void)block;
	blocks_used -= (size + 15) & ~(size_t)15;
}

static int protect(void *user, void *place, uint64_t address, uint64_t size, unsigned flags)
{
	(void)user, (void)address;
	return kernel(10, (long)place, (long)size, (flags & 4 ? 1 : 0) | (flags & 2) | (flags & 1 ? 4 : 0)) != 0;
}

static int host_add(int x)
{
	return x + 1;
}

static int symbol(void *user, const char *name, uint64_t *out_address)
{
	(void)user, (void)name;
	*out_address = (uintptr_t)host_add;
	return 0;
}

__attribute__((noreturn)) void bare_main(void)
{
	static relink_backend backend;
	relink_image *image = NULL;
	relink_input input = relink_bytes("bare", library_start, (size_t)(library_end - library_start));
	uint64_t address = 0;
	int answer = -1;
	backend = (relink_backend){PAGE, NULL, map, unmap, allocate, release, protect, symbol, NULL, NULL};
	if (relink_image_new(&backend, &input, &image, NULL) == RELINK_OK
	    && relink_image_link(image, &image, 1, NULL) == RELINK_OK && relink_image_find(image, "answer", &address))
		answer = ((int (*)(int))(uintptr_t)address)(20);
	relink_image_free(image);
	if (answer == 42 && memory_used == 0 && blocks_used == 0)
		kernel(1, 1, (long)"42\n", 3);
	kernel(231, answer != 42, 0, 0);
	__builtin_unreachable();
}
