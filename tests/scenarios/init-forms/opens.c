#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

static void *thread_main(void *argument)
{
	dprintf(1, "a thread of the constructor\n");
	return argument;
}

__attribute__((constructor)) static void begin(void)
{
	void *handle = dlopen("libplug.so", RTLD_NOW);
	pthread_t thread;

	dprintf(1, "opens: %d\n", handle ? ((int (*)(void))dlsym(handle, "plug"))() : -1);
	pthread_create(&thread, NULL, thread_main, NULL);
	pthread_join(thread, NULL);
}

__attribute__((destructor)) static void end(void)
{
	dprintf(1, "opens ends\n");
}
