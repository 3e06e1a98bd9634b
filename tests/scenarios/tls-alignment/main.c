#include <dlfcn.h>
#include <pthread.h>

#include "scenario.h"

#ifndef ALIGN
#define ALIGN 32
#endif
int check_1(void), check_64(void), check_4096(void) __attribute__((weak));
static __thread char first = 'f';
static __thread char own[ALIGN] __attribute__((aligned(ALIGN))) = "own";

static void *use(void *unused)
{
	static const char *const names[] = {"libopen1024.so", "libopen4096.so"};

	SHOW("%d", check_1());
	SHOW("%d", check_64());
	if (check_4096)
		SHOW("%d", check_4096());
	SHOW("%s", own);
	SHOW("%c", first);
	CHECK((unsigned long)own % ALIGN == 0);
	for (int i = 0; i < 2; i++) {
		void *handle = dlopen(names[i], RTLD_NOW);
		int (*check)(void) = dlsym(handle, "check");

		SHOW("%d", check());
	}
	return unused;
}

int main(void)
{
	pthread_t thread;

	use(NULL);
	for (int i = 0; i < 3; i++) {
		pthread_create(&thread, NULL, use, NULL);
		pthread_join(thread, NULL);
	}
	return 0;
}
