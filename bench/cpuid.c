/* Counts the CPUID instructions of a process by single steps: each of them traps to the hypervisor in a virtual
 * machine.
 *
 *     cpuid LIMIT FILE ARG0 ARG…
 *
 * prints "COUNT STEPS END" where END is "exit" or "limit" (the process was stopped after LIMIT steps).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CPUID_OPCODE = 0xa20f, CACHE_SIZE = 1 << 16 };

/* Addresses seen and what stands there; code does not change under a run. */
static struct {
	unsigned long address;
	int is_cpuid;
} cache[CACHE_SIZE];

static int is_cpuid_at(pid_t child, unsigned long address)
{
	size_t slot = address % CACHE_SIZE;
	if (cache[slot].address != address) {
		errno = 0;
		long word = ptrace(PTRACE_PEEKTEXT, child, address, 0);
		cache[slot].address = address;
		cache[slot].is_cpuid = errno == 0 && (word & 0xffff) == CPUID_OPCODE;
	}
	return cache[slot].is_cpuid;
}

static void become(char **argv)
{
	int sink = open("/dev/null", O_RDWR);
	for (int fd = 0; fd < 3; fd++)
		dup2(sink, fd);
	alarm(300);
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	execv(argv[0], argv + 1);
	_exit(127);
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	unsigned long limit = strtoul(argv[1], NULL, 10);
	pid_t child = fork();
	if (child == 0)
		become(argv + 2);
	int status;
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
		return 1;
	ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_EXITKILL);
	unsigned long count = 0, steps = 0;
	unsigned long rip_at = offsetof(struct user, regs.rip);
	while (WIFSTOPPED(status) && steps < limit) {
		int signal = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
		count += (unsigned long)is_cpuid_at(child, (unsigned long)ptrace(PTRACE_PEEKUSER, child, rip_at, 0));
		steps++;
		if (ptrace(PTRACE_SINGLESTEP, child, 0, signal) != 0 || waitpid(child, &status, __WALL) != child)
			break;
	}
	if (WIFSTOPPED(status))
		kill(child, SIGKILL);
	printf("%lu %lu %s\n", count, steps, WIFSTOPPED(status) ? "limit" : "exit");
	return 0;
}
