/* x86_64: what only this CPU's linker exports: libgcc's __builtin_cpu_supports and libraries with levels ask. */
#include "../cpu_features.h"
#include "cpu_view.h"

#define EXPORT __attribute__((visibility("default")))

const void *_dl_x86_get_cpu_features(unsigned maximum);
const void *__get_cpu_features(void);

EXPORT const void *_dl_x86_get_cpu_features(unsigned maximum)
{
	(void)maximum;
	return rl_glibc_cpu_features;
}

EXPORT const void *__get_cpu_features(void)
{
	return rl_glibc_cpu_features;
}
