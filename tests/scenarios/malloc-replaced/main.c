#include <dlfcn.h>
#include <pthread.h>

#include "scenario.h"

extern int own_malloc_calls __attribute__((weak));
extern int own_free_calls __attribute__((weak));

static void *thread_main(void *argument)
{
	void *handle = dlopen("libplug.so", RTLD_NOW);

	SHOW("%s", ((char *(*)(void))dlsym(handle, "plug"))());
	dlclose(handle);
	return argument;
}

int main(void)
{
	pthread_t thread;
	char *text;

	for (int i = 0; i < 3; i++) {
		pthread_create(&thread, NULL, thread_main, NULL);
		pthread_join(thread, NULL);
	}
	if (asprintf(&text, "%s %d", "formatted", 42) > 0)
		puts(text);
	free(text);
	CHECK(dlopen("libabsent.so", RTLD_NOW) == NULL);
	puts(ERROR_TEXT());
	if (&own_malloc_calls) {
		CHECK(own_malloc_calls > 0);
		CHECK(own_free_calls > 0);
	}
	return 0;
}
