/* Where a process that another linker started keeps what we need to know of it: the names that its libc exports for
 * debuggers and start-up.  All are weak, for no libc has all of them. */
#include "host.h"

/* struct r_debug of <link.h>. */
struct host_debug {
	int version;
	struct rl_host_map *maps;
};

/* Where the host tells debuggers about its list, and where the kernel's arguments lie. */
extern struct host_debug _r_debug __attribute__((weak, visibility("default")));
extern void *__libc_stack_end __attribute__((weak, visibility("default")));
/* The list under musl. */
extern struct host_debug *_dl_debug_addr __attribute__((weak, visibility("default")));
extern unsigned long getauxval(unsigned long type) __attribute__((weak, visibility("default")));
/* glibc 2.32: changes to false before a thread is made. */
extern const char __libc_single_threaded __attribute__((weak, visibility("default")));

/* The first entry of the vector that has ENTRY.  Below it lies what ends the environment, or what is left of it. */
static Elf64_auxv_t *vector_first(uintptr_t *entry)
{
	enum { TYPES_END = 4096 };
	while (entry[-2] != AT_NULL && entry[-2] < TYPES_END)
		entry -= 2;
	return (Elf64_auxv_t *)entry;
}

/* The auxiliary vector of the kernel's block at STACK (NULL: wherever it lies), as libc found it at start.  Whoever takes a
 * variable away, as libc itself does in a secure process, leaves a gap below the vector, and whoever ends the environment
 * early leaves pointers: so the end of the environment does not tell where it is.  NULL: not known. */
static Elf64_auxv_t *vector_find(uintptr_t *stack)
{
	uintptr_t random = &getauxval == NULL ? 0 : getauxval(AT_RANDOM), headers = random == 0 ? 0 : getauxval(AT_PHDR);
	if (headers == 0)
		return NULL;
	/* The random bytes are among the strings, above all pointers. */
	uintptr_t *end = (uintptr_t *)(random & -sizeof(uintptr_t)), *entry = end - 2;
	if (stack != NULL) {
		for (entry = stack; entry < end; entry++)
			if (entry[0] == AT_PHDR && entry[1] == headers)
				return vector_first(entry);
		return NULL;
	}
	while (entry[0] != AT_PHDR || entry[1] != headers)
		entry--;
	return vector_first(entry);
}

/* The start of the block whose last pointer, or a NULL behind it, lies below END: a number of arguments, and then so many. */
static uintptr_t *stack_below(uintptr_t *end)
{
	uintptr_t *word = end - 1, count = 0;
	for (; *word != count || count == 0; word--)
		count = *word == 0 ? 0 : count + 1;
	return word;
}

bool rl_host_kernel_read(struct rl_kernel *out_kernel)
{
	uintptr_t *stack = &__libc_stack_end == NULL ? NULL : __libc_stack_end;
	Elf64_auxv_t *vector = vector_find(stack);
	if (stack == NULL && vector == NULL)
		return false;
	rl_kernel_read(stack != NULL ? stack : stack_below((uintptr_t *)vector), out_kernel);
	if (vector != NULL)
		rl_kernel_read_vector(out_kernel, vector);
	return true;
}

struct rl_host_map *rl_host_maps(void)
{
	if (&_r_debug != NULL)
		return _r_debug.maps;
	return &_dl_debug_addr == NULL || _dl_debug_addr == NULL ? NULL : _dl_debug_addr->maps;
}

const char *rl_host_single_threaded(void)
{
	return &__libc_single_threaded;
}
