/* Runs commands in turn, A B A B …, and prints a line of figures for each run.
 *
 *     measure start|whole COUNT SECONDS ARGC ARG… ARGC ARG…
 *
 * The two commands follow each other, each as a count and that many words: the file, then argv.  "start" ends at the
 * probe (probe.c, which the caller preloads), "whole" at the end of the process.  A line is
 *
 *     SIDE CPU_NS WALL_NS MINOR_FAULTS EXIT_STATUS
 *
 * CPU time and faults count from the moment before execve.  vfork keeps the cost of copying page tables out of it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PROBE_FD = 200 };

struct command {
	const char *file;
	char **argv;
};

/* What the child leaves for its parent: vfork shares the memory. */
static volatile struct {
	struct timespec cpu, wall;
	long minor_faults;
} before;

static int64_t nanoseconds(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void become(const struct command *command, int sink, unsigned seconds)
{
	dup2(sink, 0);
	dup2(sink, 1);
	dup2(sink, 2);
	alarm(seconds);
	struct rusage usage;
	struct timespec now;
	getrusage(RUSAGE_SELF, &usage);
	before.minor_faults = usage.ru_minflt;
	clock_gettime(CLOCK_MONOTONIC, &now);
	before.wall = now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	before.cpu = now;
	execv(command->file, command->argv);
	_exit(127);
}

static int run(const char *side, const struct command *command, int is_start, int sink, int stamps, unsigned seconds)
{
	pid_t child = vfork();
	if (child == 0)
		become(command, sink, seconds);
	int status;
	struct rusage usage;
	if (child < 0 || wait4(child, &status, 0, &usage) != child) {
		perror("measure");
		return 0;
	}
	struct timespec stamp[2];
	int64_t cpu, wall;
	if (is_start) {
		if (read(stamps, stamp, sizeof stamp) != sizeof stamp) {
			fprintf(stderr, "measure: %s: no stamp from the probe, status %#x\n", command->file, status);
			return 0;
		}
		cpu = nanoseconds(stamp[0]);
		wall = nanoseconds(stamp[1]);
	} else {
		clock_gettime(CLOCK_MONOTONIC, &stamp[1]);
		cpu = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * INT64_C(1000000000)
		      + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * INT64_C(1000);
		wall = nanoseconds(stamp[1]);
	}
	printf("%s %lld %lld %ld %d\n", side, (long long)(cpu - nanoseconds(before.cpu)),
	       (long long)(wall - nanoseconds(before.wall)), usage.ru_minflt - before.minor_faults, status);
	return 1;
}

static char **command_read(char **words, struct command *out_command)
{
	int count = atoi(*words++);
	out_command->file = words[0];
	out_command->argv = calloc((size_t)count, sizeof *out_command->argv);
	memcpy(out_command->argv, words + 1, sizeof *words * (size_t)(count - 1));
	return words + count;
}

int main(int argc, char **argv)
{
	if (argc < 8)
		return 2;
	int is_start = strcmp(argv[1], "start") == 0;
	int count = atoi(argv[2]);
	unsigned seconds = (unsigned)atoi(argv[3]);
	struct command commands[2];
	char **rest = command_read(argv + 4, &commands[0]);
	command_read(rest, &commands[1]);

	int sink = open("/dev/null", O_RDWR | O_CLOEXEC);
	int ends[2];
	if (sink < 0 || pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0 || dup2(ends[1], PROBE_FD) < 0)
		return 1;
	for (int i = 0; i < count; i++)
		if (!run("A", &commands[0], is_start, sink, ends[0], seconds)
		    || !run("B", &commands[1], is_start, sink, ends[0], seconds))
			return 1;
	return 0;
}
