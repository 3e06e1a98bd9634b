#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>

#include "scenario.h"

static void *try_open(const char *name)
{
	void *handle = dlopen(name, RTLD_NOW);

	printf("%s: %s\n", name, handle != NULL ? "done" : ERROR_TEXT());
	return handle;
}

static int show(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size, (void)data;
	printf("[%s] %d headers, %llu opened, %llu closed\n", info->dlpi_name, info->dlpi_phnum > 0, info->dlpi_adds,
	       info->dlpi_subs);
	return 0;
}

int main(void)
{
	void *libc = try_open("libc.so"), *a, *b;
	struct link_map *map;

	CHECK(libc != NULL);
	CHECK(try_open("libm.so.6") == libc);
	CHECK(try_open("libpthread.so.0") == libc);
	CHECK(try_open("libc.musl-x86_64.so.1") == libc);
	CHECK(try_open("./b/libanother.so") == libc);
	CHECK(try_open("libmath.so") == NULL);
	CHECK(try_open("libwhere.so") == NULL);
	a = try_open("./a/libwhere.so");
	CHECK(try_open("libwhere.so") == NULL);
	CHECK(try_open("a/libwhere.so") == a);
	CHECK(try_open("a/libhard.so") == a);
	b = try_open("b/libwhere.so");
	CHECK(b != a);
	CHECK(try_open("b/libother.so") == b);
	CHECK(dlsym(a, "where") != dlsym(b, "where"));
	CHECK(dlsym(RTLD_DEFAULT, "where") == NULL);
	CHECK(dlopen("b/libwhere.so", RTLD_NOW | RTLD_GLOBAL) == b);
	CHECK(dlsym(RTLD_DEFAULT, "where") == dlsym(b, "where"));
	CHECK(dlsym(RTLD_NEXT, "main") == NULL);
	CHECK(dlsym(RTLD_NEXT, "malloc") == dlsym(libc, "malloc"));
	CHECK(dlsym(dlopen(NULL, RTLD_NOW), "main") != NULL);
	dl_iterate_phdr(show, NULL);
	for (map = dlopen(NULL, RTLD_NOW); map != NULL && strstr(map->l_name, "/ld-relink") == NULL; map = map->l_next)
		if (strstr(map->l_name, "ld-musl-") == NULL)
			printf("[%s] %s\n", map->l_name, map->l_prev == NULL ? "first" : "");
	return 0;
}
