#define _GNU_SOURCE
#include <errno.h>
#include <execinfo.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scenario.h"

static pthread_key_t key;

static void key_gone(void *value)
{
	printf("key destructor %s\n", (const char *)value);
}

static void cleanup(void *what)
{
	printf("cleanup of %s\n", (const char *)what);
}

static void *cancelled(void *argument)
{
	pthread_setspecific(key, "in the cancelled thread");
	pthread_cleanup_push(cleanup, "the cancelled thread");
	sem_wait:
	for (;;)
		pause();
	goto sem_wait;
	pthread_cleanup_pop(1);
	return argument;
}

static void *exits(void *argument)
{
	pthread_setspecific(key, "in the exiting thread");
	pthread_cleanup_push(cleanup, "the exiting thread");
	pthread_exit(argument);
	pthread_cleanup_pop(0);
}

static void *forks(void *argument)
{
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		printf("child, a thread of its own\n");
		fflush(stdout);
		_exit(3);
	}
	waitpid(child, &status, 0);
	SHOW("%d", WEXITSTATUS(status));
	return argument;
}

__attribute__((noinline)) void inner_function(void)
{
	void *frames[32];
	int count = backtrace(frames, 32);
	char **symbols = backtrace_symbols(frames, count);

	CHECK(count >= 3);
	for (int i = 0; i < 2; i++)
		printf("%.*s\n", (int)strcspn(base_name(symbols[i]), "+"), base_name(symbols[i]));
	free(symbols);
}

__attribute__((noinline)) void outer_function(void)
{
	inner_function();
	__asm__ volatile("");
}

static void in_thread(void *(*function)(void *), int cancel)
{
	pthread_t thread;
	void *result;

	pthread_create(&thread, NULL, function, "result");
	if (cancel)
		pthread_cancel(thread);
	pthread_join(thread, &result);
	printf("joined: %s\n", result == PTHREAD_CANCELED ? "cancelled" : (const char *)result);
}

int main(void)
{
	char *const argv[] = {"sh", "-c", "echo spawned; exit 4", NULL};
	char line[64];
	pid_t child;
	int status;
	FILE *pipe;

	pthread_key_create(&key, key_gone);
	in_thread(cancelled, 1);
	in_thread(exits, 0);
	in_thread(forks, 0);
	outer_function();
	fflush(stdout);
	posix_spawn(&child, "/bin/sh", NULL, NULL, argv, NULL);
	waitpid(child, &status, 0);
	SHOW("%d", WEXITSTATUS(status));
	fflush(stdout);
	SHOW("%d", WEXITSTATUS(system("echo from system; exit 5")));
	pipe = popen("echo through a pipe", "r");
	SHOW("%s", fgets(line, sizeof(line), pipe));
	SHOW("%d", pclose(pipe));
	fflush(stdout);
	pthread_setspecific(key, "of main");
	pthread_exit(NULL);
}
