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
/* The same under musl; its environment lies where the kernel put it until the program changes it. */
extern struct host_debug *_dl_debug_addr __attribute__((weak, visibility("default")));
extern void **__environ __attribute__((weak, visibility("default")));
/* glibc 2.32: changes to false before a thread is made. */
extern const char __libc_single_threaded __attribute__((weak, visibility("default")));

uintptr_t *rl_host_stack(void)
{
	if (&__libc_stack_end != NULL)
		return __libc_stack_end;
	if (&__environ == NULL || __environ == NULL)
		return NULL;
	uintptr_t *word = (uintptr_t *)__environ - 2, count = 0;
	for (; *word != count; word--)
		count++;
	return word;
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
