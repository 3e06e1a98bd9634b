#include <dlfcn.h>
#include <pthread.h>
#include <unistd.h>

#include "scenario.h"

static int opens_late;

__attribute__((constructor)) static void construct(void)
{
	puts("program: constructor");
}

__attribute__((destructor)) static void destroy(void)
{
	puts("program: destructor");
	if (opens_late) {
		CHECK(dlopen("libopened.so", RTLD_NOW) == NULL);
		puts(ERROR_TEXT());
	}
}

static void *leave(void *argument)
{
	exit((int)(long)argument);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	pthread_t thread;

	puts("program: main");
	if (!strcmp(what, "exit"))
		exit(4);
	if (!strcmp(what, "thread")) {
		pthread_create(&thread, NULL, leave, (void *)5);
		pause();
	}
	if (!strcmp(what, "quick"))
		_Exit((fflush(stdout), 6));
	if (!strcmp(what, "opened"))
		CHECK(dlopen("libopened.so", RTLD_NOW) != NULL);
	opens_late = !strcmp(what, "late");
	return 3;
}
