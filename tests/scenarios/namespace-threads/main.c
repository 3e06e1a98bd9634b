#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <unistd.h>

#include "scenario.h"

static void *must(void *handle, const char *name)
{
	void *value = dlsym(handle, name);

	if (!value)
		printf("%s: %s\n", name, ERROR_TEXT());
	fflush(stdout);
	return value;
}
#define CALL(type, handle, name) ((type)must(handle, #name))

static pthread_barrier_t barrier;
static void *worker;

static void *thread_main(void *argument)
{
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	CALL(long (*)(int), worker, work_thread)(1);
	SHOW("%d", CALL(int (*)(int), worker, work_throw)(20));
	return argument;
}

static void at_exit(void)
{
	dprintf(1, "atexit of the program\n");
}

int main(int argc, char **argv)
{
	pthread_t thread;
	int rounds = argc > 1 ? atoi(argv[1]) : 1;

	atexit(at_exit);
	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&thread, NULL, thread_main, NULL);
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < rounds; i++) {
		void *fixed;

		worker = dlmopen(LM_ID_NEWLM, "libwork.so", RTLD_NOW);
		if (!worker) {
			printf("%s\n", ERROR_TEXT());
			break;
		}
		printf("== round %d\n", i);
		fflush(stdout);
		SHOW("%ld", CALL(long (*)(int), worker, work_thread)(3));
		SHOW("%d", CALL(int (*)(int), worker, work_throw)(8));
		SHOW("%d", CALL(int (*)(void), worker, work_services)());
		SHOW("%d", CALL(int (*)(void), worker, work_fork)());
		CALL(void (*)(void), worker, work_at_exit)();
		fixed = dlmopen(LM_ID_NEWLM, "libstatic.so", RTLD_NOW);
		if (!fixed) {
			printf("%s\n", ERROR_TEXT());
			break;
		}
		SHOW("%d", CALL(int (*)(void), fixed, static_step)());
		SHOW("%d", CALL(int (*)(void), fixed, static_step)());
		SHOW("%d", dlclose(fixed));
		fflush(stdout);
		if (i + 1 < rounds)
			SHOW("%d", dlclose(worker));
		fflush(stdout);
	}
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	puts("end of main");
	fflush(stdout);
	return 0;
}
