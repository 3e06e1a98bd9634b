/* A library with initial-exec TLS is opened while a thread is made: its storage is filled, but it is not in libc's list
 * yet.  Prints what the opener and that thread see: 7. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sem_t filled, opened;
static bool is_armed;
static int *(*variable)(void);

/* libc's call comes here first. */
void *_dl_allocate_tls(void *memory)
{
	void *(*real)(void *) = (void *(*)(void *))dlvsym(RTLD_NEXT, "_dl_allocate_tls", "GLIBC_PRIVATE");
	void *result = real(memory);
	if (is_armed) {
		is_armed = false;
		sem_post(&filled);
		sem_wait(&opened);
	}
	return result;
}

static void *show(void *unused)
{
	printf("thread: %d\n", *variable());
	return unused;
}

static void *create(void *unused)
{
	enum { SIZE = 1 << 20 };
	pthread_attr_t attributes;
	pthread_t thread;
	void *stack = aligned_alloc(4096, SIZE);
	pthread_attr_init(&attributes);
	pthread_attr_setstack(&attributes, memset(stack, 0xaa, SIZE), SIZE);
	is_armed = true;
	pthread_create(&thread, &attributes, show, NULL);
	pthread_join(thread, NULL);
	return unused;
}

int main(void)
{
	pthread_t creator;
	sem_init(&filled, 0, 0);
	sem_init(&opened, 0, 0);
	pthread_create(&creator, NULL, create, NULL);
	sem_wait(&filled);
	void *library = dlopen("./libfixed.so", RTLD_NOW);
	if (library == NULL) {
		puts(dlerror());
		return 1;
	}
	variable = (int *(*)(void))dlsym(library, "fixed_variable");
	printf("opener: %d\n", *variable());
	sem_post(&opened);
	pthread_join(creator, NULL);
	return 0;
}
