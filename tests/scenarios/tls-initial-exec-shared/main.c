#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <string.h>

#include "scenario.h"

static pthread_barrier_t barrier;
static int (*value)(void);

static int (*found(void *handle, const char *name))(void)
{
	return (int (*)(void))dlsym(handle, name);
}

static void *opened(const char *name)
{
	void *handle = dlopen(name, RTLD_NOW);

	printf("%s: %s\n", name, handle == NULL ? ERROR_TEXT() : "opened");
	fflush(stdout);
	return handle;
}

/* There before the libraries are. */
static void *old_thread(void *unused)
{
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	SHOW("%d", value());
	SHOW("%d", value());
	return unused;
}

static void *new_thread(void *unused)
{
	SHOW("%d", value());
	return unused;
}

static int visit(struct dl_phdr_info *info, size_t size, void *user)
{
	(void)size, (void)user;
	if (strstr(info->dlpi_name, "libfixed") || strstr(info->dlpi_name, "libcommon") || strstr(info->dlpi_name, "/proc/"))
		printf("  %s%s\n", strrchr(info->dlpi_name, '/') + 1, info->dlpi_tls_modid != 0 ? ", with TLS" : "");
	return 0;
}

static void round_run(const char *name, const char *next_name, const char *value_name)
{
	pthread_t old, new;

	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&old, NULL, old_thread, NULL);
	pthread_barrier_wait(&barrier);
	void *library = opened(name);
	value = found(library, value_name);
	SHOW("%d", value());
	pthread_barrier_wait(&barrier);
	pthread_join(old, NULL);
	pthread_create(&new, NULL, new_thread, NULL);
	pthread_join(new, NULL);
	if (next_name != NULL)
		SHOW("%d", found(library, next_name)());
	dl_iterate_phdr(visit, NULL);
	SHOW("%d", dlclose(library));
	SHOW("%d", dlopen(name, RTLD_NOW | RTLD_NOLOAD) == NULL);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	void *plain = opened("libplain.so");

	SHOW("%d", found(plain, "plain_next")());
	for (int i = 0; i < 3; i++)
		round_run("libfixed.so", "fixed_next", "fixed_value");
	SHOW("%d", found(plain, "plain_next")());
	SHOW("%d", dlclose(plain));
	round_run("libnamed.so", NULL, "named_value");
	return 0;
}
