#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include "scenario.h"

static pthread_barrier_t barrier;
static void *handles[8];
static int count;

static void show(void)
{
	for (int i = 0; i < count; i++) {
		void *data = NULL;
		char *(*take)(void) = (char *(*)(void))dlsym(handles[i], "take");

		dlinfo(handles[i], RTLD_DI_TLS_DATA, &data);
		printf("  %d: before %s", i, data ? "there" : "none");
		char *bytes = take();

		if (bytes) {
			printf(", %d", bytes[0]++);
			dlinfo(handles[i], RTLD_DI_TLS_DATA, &data);
		}
		printf(", after %s\n", !data ? "none" : data == bytes ? "the same" : "other");
	}
}

/* A thread that was there before, and one that is made afterwards. */
static void *thread(void *name)
{
	if (!strcmp(name, "early")) {
		pthread_barrier_wait(&barrier);
		pthread_barrier_wait(&barrier);
	}
	puts(name);
	show();
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t early, late;

	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&early, NULL, thread, "early");
	pthread_barrier_wait(&barrier);
	for (int i = 1; i < argc; i++) {
		handles[count] = dlopen(argv[i], RTLD_NOW | RTLD_GLOBAL);
		if (!handles[count++])
			return puts(ERROR_TEXT());
	}
	puts("main");
	show();
	pthread_barrier_wait(&barrier);
	pthread_join(early, NULL);
	pthread_create(&late, NULL, thread, "late");
	pthread_join(late, NULL);
	return 0;
}
