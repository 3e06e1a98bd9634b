#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

int tls_bump(void);

static void *early(void *argument)
{
	dprintf(1, "early thread %d\n", tls_bump());
	dprintf(1, "libm %s\n", dlopen("libm.so.6", RTLD_NOW) ? "opened" : dlerror());
	return argument;
}

__attribute__((constructor)) static void begin(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, early, NULL);
	pthread_join(thread, NULL);
	dprintf(1, "constructor %d\n", tls_bump());
}
