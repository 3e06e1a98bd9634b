#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>

#include "scenario.h"

static void list(void)
{
	int maps = 0;
	FILE *file = fopen("/proc/self/maps", "r");
	char line[512];

	for (struct link_map *map = _r_debug.r_map; map; map = map->l_next)
		printf("  %s\n", base_name(map->l_name));
	while (fgets(line, sizeof(line), file))
		maps += strstr(line, "libleaf") || strstr(line, "libhalf") || strstr(line, "libundef");
	fclose(file);
	SHOW("%d", maps);
}

static void *thread_main(void *unused)
{
	CHECK(dlerror() == NULL);
	CHECK(dlsym(RTLD_DEFAULT, "no_such_in_thread") == NULL);
	printf("%s\n", ERROR_TEXT());
	CHECK(dlsym(RTLD_DEFAULT, "left_unread") == NULL);
	return unused;
}

/* What was asked for is told even if the caller has changed the string meanwhile. */
static void names(void *handle)
{
	static char name[1200];
	static const int lengths[] = {0, 1, 6, 7, 8, 15, 16, 150, 180, 190, 200, 1000};

	for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		memset(name, 'n', lengths[i]);
		name[lengths[i]] = '\0';
		CHECK(dlsym(handle, name) == NULL);
		memset(name, 'x', sizeof(name) - 1);
		printf("%s\n", ERROR_TEXT());
	}
}

int main(void)
{
	pthread_t thread;
	void *leaf;

	list();
	for (int i = 0; i < 3; i++) {
		CHECK(dlopen("libhalf.so", RTLD_NOW) == NULL);
		printf("%s\n", ERROR_TEXT());
		CHECK(dlopen("libundef.so", RTLD_NOW) == NULL);
		printf("%s\n", ERROR_TEXT());
	}
	list();
	leaf = dlopen("libleaf.so", RTLD_NOW);
	CHECK(leaf != NULL);
	CHECK(dlopen("libundef.so", RTLD_NOW) == NULL);
	printf("%s\n", ERROR_TEXT());
	fflush(stdout);
	SHOW("%d", dlclose(leaf));
	list();
	CHECK(dlsym(RTLD_DEFAULT, "in_main") == NULL);
	pthread_create(&thread, NULL, thread_main, NULL);
	pthread_join(thread, NULL);
	printf("%s\n", ERROR_TEXT());
	CHECK(dlsym(RTLD_DEFAULT, "one") == NULL);
	CHECK(dlsym(RTLD_DEFAULT, "two") == NULL);
	printf("%s\n", ERROR_TEXT());
	printf("%s\n", ERROR_TEXT());
	CHECK(dlvsym(RTLD_DEFAULT, "printf", "GLIBC_9.9") == NULL);
	printf("%s\n", ERROR_TEXT());
	CHECK(dlvsym(RTLD_DEFAULT, "printf", "") == NULL);
	printf("%s\n", ERROR_TEXT());
	CHECK(dlvsym(RTLD_DEFAULT, "", "") == NULL);
	printf("%s\n", ERROR_TEXT());
	CHECK(dlopen("/etc/passwd", RTLD_NOW) == NULL);
	printf("%s\n", ERROR_TEXT());
	CHECK(dlopen("/etc", RTLD_NOW) == NULL);
	printf("%s\n", ERROR_TEXT());
	CHECK(dlopen("libc.so.6/x", RTLD_NOW) == NULL);
	printf("%s\n", ERROR_TEXT());
	CHECK(dlmopen(77, "libleaf.so", RTLD_NOW) == NULL);
	printf("%s\n", ERROR_TEXT());
	leaf = dlmopen(LM_ID_BASE, "libleaf.so", RTLD_NOW);
	CHECK(leaf != NULL);
	CHECK(dlsym(leaf, "leaf_tls") != NULL);
	names(RTLD_DEFAULT);
	names(leaf);
	CHECK(dlvsym(leaf, "leaf_tls_of_a_version", "LEAF_1.0") == NULL);
	printf("%s\n", ERROR_TEXT());
	char long_name[300]; /* more than what is kept without the heap */
	memset(long_name, 'n', sizeof long_name);
	long_name[sizeof long_name - 1] = 0;
	CHECK(dlvsym(leaf, long_name, "") == NULL);
	printf("%s\n", ERROR_TEXT());
	CHECK(dlsym(leaf, "not_read") == NULL);
	SHOW("%d", dlclose(leaf));
	printf("%s\n", ERROR_TEXT());
	return 0;
}
