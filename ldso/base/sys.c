/* System calls in their portable spelling (the *at forms exist on every CPU). */
#include "sys.h"

#include <fcntl.h>
#include <signal.h>

long rl_sys_open(const char *path)
{
	return rl_syscall4(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0);
}

long rl_sys_stat(const char *path, struct stat *out_stat)
{
	return rl_syscall4(SYS_newfstatat, AT_FDCWD, (long)path, (long)out_stat, 0);
}

long rl_sys_stat_fd(int fd, struct stat *out_stat)
{
	return rl_syscall2(SYS_fstat, fd, (long)out_stat);
}

long rl_sys_access_read(const char *path)
{
	enum { READ_OK = 4 };
	return rl_syscall3(SYS_faccessat, AT_FDCWD, (long)path, READ_OK);
}

long rl_sys_read_link(const char *path, char *buffer, size_t size)
{
	return rl_syscall4(SYS_readlinkat, AT_FDCWD, (long)path, (long)buffer, (long)size);
}

long rl_sys_working_directory(char *buffer, size_t size)
{
	return rl_syscall2(SYS_getcwd, (long)buffer, (long)size);
}

uint64_t rl_sys_signals_block(void)
{
	uint64_t all = ~(uint64_t)0, old = 0;
	rl_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&old, sizeof all);
	return old;
}

void rl_sys_signals_restore(uint64_t mask)
{
	rl_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, 0, sizeof mask);
}

long rl_sys_execute(const char *path, char *const *argv, char *const *envp)
{
	return rl_syscall3(SYS_execve, (long)path, (long)argv, (long)envp);
}

_Noreturn void rl_sys_exit(int code)
{
	for (;;)
		rl_syscall1(SYS_exit_group, code);
}
