/* Runs a program and says where it died: `watch SECONDS PROGRAM ARGUMENTS…`.  The last line on stderr is one of
 *     watch: exit CODE | watch: signal NUMBER at FILE+OFFSET (address FAULT) | watch: out of time
 * FILE is the mapping that holds the instruction, "?" if there is none. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child;
static volatile sig_atomic_t is_late;

static void on_alarm(int number)
{
	(void)number;
	is_late = 1;
	kill(child, SIGKILL);
}

static int is_fatal(int number)
{
	return number == SIGSEGV || number == SIGBUS || number == SIGILL || number == SIGFPE || number == SIGABRT
	       || number == SIGTRAP || number == SIGSYS;
}

static void place_print(unsigned long address)
{
	char path[64], line[4096], name[4096];
	snprintf(path, sizeof path, "/proc/%d/maps", child);
	FILE *maps = fopen(path, "r");
	while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
		unsigned long start, end, offset;
		name[0] = '\0';
		if (sscanf(line, "%lx-%lx %*s %lx %*s %*s %4095[^\n]", &start, &end, &offset, name) < 3)
			continue;
		if (address >= start && address < end) {
			fprintf(stderr, "%s+%#lx", name[0] != '\0' ? name : "?", address - start + offset);
			fclose(maps);
			return;
		}
	}
	fprintf(stderr, "?+%#lx", address);
	if (maps != NULL)
		fclose(maps);
}

/* A call through a pointer that is no address at all faults at the call: that is the callee's affair, as it would be
 * had the pointer been an address of nothing. */
static int is_wild_jump(unsigned long address, const siginfo_t *info)
{
	if (info->si_signo != SIGSEGV || info->si_code != SI_KERNEL)
		return 0;
	unsigned long word = (unsigned long)ptrace(PTRACE_PEEKTEXT, child, (void *)address, NULL);
	unsigned char code[2] = {(unsigned char)word, (unsigned char)(word >> 8)};
	if (code[0] >= 0x40 && code[0] <= 0x4f) {
		code[0] = code[1];
		code[1] = (unsigned char)(word >> 16);
	}
	unsigned operation = (code[1] >> 3) & 7;
	return code[0] == 0xc3 || (code[0] == 0xff && (operation == 2 || operation == 4));
}

static void death_print(int number)
{
	struct user_regs_struct registers;
	siginfo_t info;
	ptrace(PTRACE_GETREGS, child, NULL, &registers);
	ptrace(PTRACE_GETSIGINFO, child, NULL, &info);
	fprintf(stderr, "\nwatch: signal %d at ", number);
	place_print(is_wild_jump(registers.rip, &info) ? 0 : registers.rip);
	fprintf(stderr, " (address %p)\n", info.si_addr);
}

static void start(char **argv)
{
	struct rlimit none = {0, 0}, memory = {4ul << 30, 4ul << 30}, file = {1 << 20, 1 << 20};
	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_AS, &memory);
	setrlimit(RLIMIT_FSIZE, &file);
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	execv(argv[0], argv);
	_exit(127);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	child = fork();
	if (child == 0)
		start(argv + 2);
	signal(SIGALRM, on_alarm);
	alarm((unsigned)atoi(argv[1]));
	int status;
	int is_started = 0;
	while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
		int number = WSTOPSIG(status);
		if (number == SIGTRAP && !is_started) { /* the exec */
			is_started = 1;
			number = 0;
		} else if (is_fatal(number)) {
			death_print(number);
			kill(child, SIGKILL);
			waitpid(child, &status, 0);
			return 0;
		}
		ptrace(PTRACE_CONT, child, NULL, (void *)(long)number);
	}
	if (is_late)
		fprintf(stderr, "\nwatch: out of time\n");
	else if (WIFEXITED(status))
		fprintf(stderr, "\nwatch: exit %d\n", WEXITSTATUS(status));
	else
		fprintf(stderr, "\nwatch: signal %d at ?+0 (address (nil))\n", WTERMSIG(status));
	return 0;
}
