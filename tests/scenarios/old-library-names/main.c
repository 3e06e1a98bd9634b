#define _GNU_SOURCE
#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <link.h>
#include <math.h>
#include <pthread.h>
#include <time.h>

#include "scenario.h"

static void *thread_main(void *argument)
{
	return argument;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	void *result, *handle;

	(void)argv;
	pthread_create(&thread, NULL, thread_main, "joined");
	pthread_join(thread, &result);
	SHOW("%s", (const char *)result);
	SHOW("%.10f", sin(argc) + pow(argc + 1, 0.5) + floor(argc * 1.5) + fma(argc, 2, 3));
	handle = dlopen("libpthread.so.0", RTLD_NOW | RTLD_NOLOAD);
	CHECK(handle != NULL);
	CHECK(dlvsym(RTLD_DEFAULT, "dlopen", "GLIBC_2.2.5") != NULL);
	CHECK(dlvsym(RTLD_DEFAULT, "pthread_create", "GLIBC_2.2.5") != NULL);
	CHECK(dlvsym(RTLD_DEFAULT, "memcpy", "GLIBC_2.2.5") != dlvsym(RTLD_DEFAULT, "memcpy", "GLIBC_2.14"));
	CHECK(dlvsym(RTLD_DEFAULT, "__tls_get_addr", "GLIBC_2.3") != NULL);
	CHECK(dlsym(RTLD_DEFAULT, "_dl_allocate_tls") != NULL);
	for (struct link_map *map = _r_debug.r_map; map; map = map->l_next)
		printf("  %s\n", map->l_name);
	return 0;
}
