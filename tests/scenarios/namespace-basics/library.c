#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdlib.h>
#include <unistd.h>

#include "scenario.h"

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
#define US TEXT(NAME)

int deep_step(void);
__thread int module_tls = 7;

__attribute__((constructor)) static void begin(int argc, char **argv, char **envp)
{
	dprintf(1, US " begins: %d arguments, %s, environment %s\n", argc, argv[argc] ? "odd" : "ended",
		envp == environ && getenv("PATH") ? "there" : "odd");
}

__attribute__((destructor)) static void end(void)
{
	dprintf(1, US " ends\n");
}

int step(void)
{
	return deep_step();
}

int *tls_address(void)
{
	return &module_tls;
}

void *find(void *handle, const char *name)
{
	return dlsym(handle, name);
}

void *open_here(const char *name, int mode)
{
	return dlopen(name, mode);
}

int close_here(void *handle)
{
	return dlclose(handle);
}

const char *error_here(void)
{
	const char *text = dlerror();

	return text ? text : "(no error)";
}

int *errno_here(void)
{
	return &errno;
}

static int show(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size;
	printf("  %s adds %llu, subs %llu, module %zu%s\n", base_name(info->dlpi_name),
	       info->dlpi_adds, info->dlpi_subs, info->dlpi_tls_modid, info->dlpi_tls_data ? ", has data" : "");
	++*(int *)data;
	return 0;
}

void iterate(void)
{
	int count = 0;

	dl_iterate_phdr(show, &count);
	printf(US " iterated over %d\n", count);
	fflush(stdout);
}

void use_heap(void)
{
	char *blocks[100];

	for (int i = 0; i < 100; i++)
		blocks[i] = malloc(100 + i * 1000);
	for (int i = 0; i < 100; i++)
		memset(blocks[i], i, 100 + i * 1000);
	for (int i = 0; i < 100; i++)
		free(blocks[i]);
	printf(US " used the heap: %s\n", strerror(ENOENT));
	fflush(stdout);
}
