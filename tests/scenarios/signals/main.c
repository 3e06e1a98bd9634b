#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <sys/auxv.h>

#include "scenario.h"

int first_call(int x);
static int (*plug)(void);
static volatile int result, tls_result;

static void handler(int number)
{
	result = first_call(number);
	tls_result = plug();
}

static void *thread_main(void *argument)
{
	size_t size = getauxval(AT_MINSIGSTKSZ) + 16384;
	stack_t stack = {.ss_sp = malloc(size), .ss_size = size};

	sigaltstack(&stack, NULL);
	raise(SIGUSR1);
	SHOW("%d", result);
	SHOW("%d", tls_result);
	return argument;
}

int main(void)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK}, old;
	sigset_t mask;
	pthread_t thread;
	int blocked = 0, handled = 0;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	for (int i = 1; i < 65; i++) {
		blocked += sigismember(&mask, i) == 1;
		if (sigaction(i, NULL, &old) == 0 && old.sa_handler != SIG_DFL)
			handled++;
	}
	SHOW("%d", blocked);
	SHOW("%d", handled);
	plug = (int (*)(void))dlsym(dlopen("libplug.so", RTLD_NOW), "plug");
	sigaction(SIGUSR1, &action, NULL);
	pthread_create(&thread, NULL, thread_main, NULL);
	pthread_join(thread, NULL);
	thread_main(NULL);
	return 0;
}
