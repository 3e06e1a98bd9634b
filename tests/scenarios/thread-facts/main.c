#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scenario.h"

/* Where libc's thread descriptor has the thread's id, and where guards are kept. */
#if defined(__x86_64__)
#define TID_PLACE 0x2d0

static void guards_read(unsigned long *canary, unsigned long *pointer_guard)
{
	__asm__("mov %%fs:0x28, %0\n\tmov %%fs:0x30, %1" : "=r"(*canary), "=r"(*pointer_guard));
}
#else
#define TID_PLACE 208

static void guards_read(unsigned long *canary, unsigned long *pointer_guard)
{
	extern unsigned long __stack_chk_guard;

	*canary = __stack_chk_guard;
	*pointer_guard = *(unsigned long *)dlvsym(RTLD_DEFAULT, "__pointer_chk_guard", "GLIBC_PRIVATE");
}
#endif

static pthread_mutex_t robust;

static void *dies_holding(void *unused)
{
	pthread_mutex_lock(&robust);
	return unused;
}

static void *small(void *unused)
{
	char buffer[2000];

	memset(buffer, 1, sizeof(buffer));
	return buffer[1999] ? unused : NULL;
}

static void show_rseq(const char *who)
{
	struct rseq *area = (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);

	printf("%s: rseq size %u, flags %u, offset %td, registered %s\n", who, __rseq_size, __rseq_flags, __rseq_offset,
	       (int)area->cpu_id >= 0 ? "yes" : "no");
}

static void *thread_main(void *unused)
{
	show_rseq("thread");
	CHECK(gettid() != getpid());
	return unused;
}

int main(void)
{
	pthread_mutexattr_t kind;
	pthread_attr_t attributes;
	pthread_t thread;
	void *head = NULL, *address = NULL;
	size_t length = 0, guard = 0;
	unsigned long canary, pointer_guard;
	jmp_buf environment;

	show_rseq("main");
	CHECK(gettid() == getpid());
	CHECK(syscall(SYS_get_robust_list, 0, &head, &length) == 0 && head);
	SHOW("%zu", length);
	CHECK(syscall(SYS_set_tid_address, (char *)pthread_self() + TID_PLACE) == getpid());
	pthread_mutexattr_init(&kind);
	pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&robust, &kind);
	pthread_create(&thread, NULL, dies_holding, NULL);
	pthread_join(thread, NULL);
	CHECK(pthread_mutex_lock(&robust) == EOWNERDEAD);
	SHOW("%d", pthread_mutex_consistent(&robust));
	pthread_create(&thread, NULL, thread_main, NULL);
	pthread_join(thread, NULL);
	SHOW("%d", pthread_getattr_np(pthread_self(), &attributes));
	pthread_attr_getstack(&attributes, &address, &length);
	pthread_attr_getguardsize(&attributes, &guard);
	CHECK((char *)&length > (char *)address && (char *)&length < (char *)address + length);
	CHECK(length > 7 << 20 && length <= 8 << 20);
	SHOW("%zu", guard);
	pthread_attr_init(&attributes);
	pthread_attr_getstacksize(&attributes, &length);
	SHOW("%zu", length);
	SHOW("%d", pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN));
	SHOW("%d", pthread_create(&thread, &attributes, small, NULL));
	pthread_join(thread, NULL);
	guards_read(&canary, &pointer_guard);
	CHECK(canary != 0 && (canary & 0xff) == 0);
	CHECK(pointer_guard != 0);
	if (setjmp(environment) == 0)
		longjmp(environment, 1);
	puts("after longjmp");
	SHOW("%d", pthread_setname_np(pthread_self(), "renamed"));
	return 0;
}
