/* What the dlfcn family costs: nanoseconds a call, one line for each question.  Usage: dlfcn LIBRARY ROUNDS, where
 * LIBRARY is the first of a chain that defines the function chain_1. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int visit(struct dl_phdr_info *info, size_t size, void *argument)
{
	(void)info, (void)size;
	++*(int *)argument;
	return 0;
}

/* The least of several tries: what the machine does besides only adds. */
#define MEASURE(name, rounds, statement)                                                                               \
	do {                                                                                                           \
		double best = 1e300;                                                                                   \
		for (int attempt = 0; attempt < 7; attempt++) {                                                        \
			double start = now();                                                                          \
			for (long i = 0; i < (rounds); i++)                                                            \
				statement;                                                                             \
			double each = (now() - start) / (double)(rounds);                                              \
			best = each < best ? each : best;                                                              \
		}                                                                                                      \
		printf("%s %.1f\n", name, best);                                                                       \
	} while (0)

static void open_and_close(const char *library)
{
	void *handle = dlopen(library, RTLD_NOW);
	if (handle == NULL || dlclose(handle) != 0) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	long rounds = atol(argv[2]);
	int count = 0;
	MEASURE("open-close", rounds, open_and_close(argv[1]));
	void *handle = dlopen(argv[1], RTLD_NOW);
	if (handle == NULL || dlsym(handle, "chain_1") == NULL)
		return 1;
	MEASURE("open-again", rounds * 10, open_and_close(argv[1]));
	MEASURE("symbol-hit", rounds * 100, dlsym(handle, "chain_1"));
	MEASURE("symbol-miss", rounds * 10, dlsym(handle, "chain_nowhere"));
	MEASURE("default-hit", rounds * 100, dlsym(RTLD_DEFAULT, "printf"));
	MEASURE("default-miss", rounds * 10, dlsym(RTLD_DEFAULT, "chain_nowhere"));
	Dl_info info;
	MEASURE("address", rounds * 10, dladdr((void *)&open_and_close, &info));
	MEASURE("iterate", rounds * 10, dl_iterate_phdr(visit, &count));
	return 0;
}
