#include <dlfcn.h>
#include <pthread.h>

#include "scenario.h"

int library(void);

static void permissions(const char *what, unsigned long address)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512], flags[8];
	unsigned long start, end;

	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %7s", &start, &end, flags) == 3 && start <= address && address < end)
			printf("%s: %s\n", what, flags);
	fclose(maps);
}

static void *thread_main(void *what)
{
	permissions(what, (unsigned long)__builtin_frame_address(0));
	return NULL;
}

static pthread_barrier_t barrier;

static void *waiting(void *what)
{
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return thread_main(what);
}

int main(int argc, char **argv)
{
	pthread_t thread, before;

	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&before, NULL, waiting, "thread from before");
	pthread_barrier_wait(&barrier);
	SHOW("%d", library());
	permissions("main", (unsigned long)__builtin_frame_address(0));
	if (argc > 1) {
		if (!dlopen(argv[1], RTLD_NOW))
			printf("%s\n", ERROR_TEXT());
		permissions("main after dlopen", (unsigned long)__builtin_frame_address(0));
	}
	pthread_create(&thread, NULL, thread_main, "new thread");
	pthread_join(thread, NULL);
	pthread_barrier_wait(&barrier);
	pthread_join(before, NULL);
	return 0;
}
