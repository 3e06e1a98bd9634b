/* System calls by name.  Each returns what the kernel returns: a result, or -errno. */
#ifndef RL_BASE_SYS_H
#define RL_BASE_SYS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "../../arch/port.h"

static inline int rl_sys_is_error(long result)
{
	return (unsigned long)result > -4096UL;
}

static inline long rl_sys_map(uintptr_t address, size_t size, int protection, int flags, int fd, uint64_t offset)
{
	return rl_syscall6(SYS_mmap, (long)address, (long)size, protection, flags, fd, (long)offset);
}

static inline long rl_sys_unmap(uintptr_t address, size_t size)
{
	return rl_syscall2(SYS_munmap, (long)address, (long)size);
}

static inline long rl_sys_protect(uintptr_t address, size_t size, int protection)
{
	return rl_syscall3(SYS_mprotect, (long)address, (long)size, protection);
}

static inline long rl_sys_read_at(int fd, void *buffer, size_t size, uint64_t offset)
{
	return rl_syscall4(SYS_pread64, fd, (long)buffer, (long)size, (long)offset);
}

static inline long rl_sys_write(int fd, const void *buffer, size_t size)
{
	return rl_syscall3(SYS_write, fd, (long)buffer, (long)size);
}

static inline long rl_sys_close(int fd)
{
	return rl_syscall1(SYS_close, fd);
}

/* sys.c: calls whose number or arguments differ between CPUs. */
long rl_sys_open(const char *path); /* read-only, close-on-exec */
long rl_sys_stat(const char *path, struct stat *out_stat);
long rl_sys_stat_fd(int fd, struct stat *out_stat);
long rl_sys_access_read(const char *path);
long rl_sys_read_link(const char *path, char *buffer, size_t size);
long rl_sys_working_directory(char *buffer, size_t size); /* size with the final NUL */
uint64_t rl_sys_signals_block(void); /* all of them in this thread; returns the mask until now */
void rl_sys_signals_restore(uint64_t mask);
long rl_sys_execute(const char *path, char *const *argv, char *const *envp); /* returns if it failed */
_Noreturn void rl_sys_exit(int code);

#endif
