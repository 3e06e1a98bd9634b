#define _GNU_SOURCE
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "scenario.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/platform/x86.h>

static void features_show(void)
{
	unsigned long features = 0;

	for (unsigned leaf = 0; leaf < 9; leaf++) {
		const struct cpuid_feature *feature = __x86_get_cpuid_feature_leaf(leaf);

		/* Bits 31..24 of leaf 1's EBX name the processor that happens to run this. */
		features = feature->cpuid_array[1];
		if (leaf == 0)
			features &= 0xffffff;
		printf("leaf %u: %08x %08lx %08x %08x active %08x %08x %08x %08x\n", leaf, feature->cpuid_array[0], features,
		       feature->cpuid_array[2], feature->cpuid_array[3], feature->active_array[0], feature->active_array[1],
		       feature->active_array[2], feature->active_array[3]);
	}
	SHOW("%d", __builtin_cpu_supports("avx2"));
	SHOW("%d", __builtin_cpu_supports("x86-64-v2"));
}
#else
#include <dlfcn.h>

/* struct cpu_features as libc has it of the linker, in glibc 2.36. */
static void features_show(void)
{
	const unsigned char *facts = dlvsym(RTLD_DEFAULT, "_rtld_global_ro", "GLIBC_PRIVATE");

	for (int i = 112; i < 128; i++)
		printf("%02x ", facts[i]);
	puts("are libc's facts");
}
#endif

#define CONF(name) printf("%s = %ld\n", #name, sysconf(name))

int main(void)
{
	CONF(_SC_LEVEL1_ICACHE_SIZE);
	CONF(_SC_LEVEL1_ICACHE_ASSOC);
	CONF(_SC_LEVEL1_ICACHE_LINESIZE);
	CONF(_SC_LEVEL1_DCACHE_SIZE);
	CONF(_SC_LEVEL1_DCACHE_ASSOC);
	CONF(_SC_LEVEL1_DCACHE_LINESIZE);
	CONF(_SC_LEVEL2_CACHE_SIZE);
	CONF(_SC_LEVEL2_CACHE_ASSOC);
	CONF(_SC_LEVEL2_CACHE_LINESIZE);
	CONF(_SC_LEVEL3_CACHE_SIZE);
	CONF(_SC_LEVEL3_CACHE_ASSOC);
	CONF(_SC_LEVEL3_CACHE_LINESIZE);
	CONF(_SC_LEVEL4_CACHE_SIZE);
	CONF(_SC_NPROCESSORS_ONLN);
	CONF(_SC_NPROCESSORS_CONF);
	CONF(_SC_PAGESIZE);
	CONF(_SC_MINSIGSTKSZ);
	CONF(_SC_SIGSTKSZ);
	CONF(_SC_THREAD_STACK_MIN);
	CONF(_SC_CLK_TCK);
	CONF(_SC_PHYS_PAGES);
	SHOW("%#lx", getauxval(AT_HWCAP));
	SHOW("%#lx", getauxval(AT_HWCAP2));
	SHOW("%lu", getauxval(AT_MINSIGSTKSZ));
	SHOW("%lu", getauxval(AT_CLKTCK));
	SHOW("%lu", getauxval(AT_SECURE));
	features_show();
	return 0;
}
