#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "scenario.h"

static time_t (*volatile time_pointer)(time_t *) = time;
static int (*volatile gettimeofday_pointer)(struct timeval *, void *) = (int (*)(struct timeval *, void *))gettimeofday;

/* Whether a function's code lies in the vDSO, rather than in libc. */
static int in_vdso(void *function)
{
	unsigned long vdso = getauxval(AT_SYSINFO_EHDR);

	return (unsigned long)function - vdso < 8192;
}

int main(void)
{
	struct timespec clock, kernel, coarse;
	struct timeval day;
	unsigned cpu = ~0u, node = ~0u;
	time_t now;
	Dl_info info;

	SHOW("%d", clock_gettime(CLOCK_REALTIME, &clock));
	SHOW("%ld", syscall(SYS_clock_gettime, CLOCK_REALTIME, &kernel));
	CHECK(kernel.tv_sec - clock.tv_sec <= 1);
	SHOW("%d", clock_gettime(CLOCK_REALTIME_COARSE, &coarse));
	SHOW("%d", clock_getres(CLOCK_MONOTONIC, &coarse));
	SHOW("%ld", coarse.tv_nsec);
	SHOW("%d", gettimeofday_pointer(&day, NULL));
	CHECK(day.tv_sec - clock.tv_sec <= 1);
	now = time_pointer(NULL);
	CHECK(now - clock.tv_sec <= 1);
	CHECK(time(&now) == now);
	SHOW("%d", getcpu(&cpu, &node));
	CHECK(cpu < 4096 && node < 4096);
	CHECK(sched_getcpu() >= 0);
	SHOW("%d", in_vdso(dlsym(RTLD_DEFAULT, "time")));
	SHOW("%d", in_vdso(dlsym(RTLD_DEFAULT, "gettimeofday")));
	SHOW("%d", in_vdso(dlsym(RTLD_DEFAULT, "clock_gettime")));
	CHECK(dlsym(RTLD_DEFAULT, "__vdso_time") == NULL);
	if (dladdr((void *)getauxval(AT_SYSINFO_EHDR), &info))
		SHOW("%s", info.dli_fname);
	SHOW("%d", clock_gettime(1234, &clock));
	return 0;
}
