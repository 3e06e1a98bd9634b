/* What _rtld_global and _rtld_global_ro are filled from. */
#ifndef RL_ABI_GLIBC_GLOBALS_H
#define RL_ABI_GLIBC_GLOBALS_H

#include "glibc.h"

/* Auxiliary vector entries newer than some headers (linux/auxvec.h). */
enum {
	RL_AT_RSEQ_FEATURE_SIZE = 27,
	RL_AT_RSEQ_ALIGN = 28,
	RL_AT_HWCAP3 = 29,
	RL_AT_HWCAP4 = 30,
	RL_AT_MINSIGSTKSZ = 51,
};

/* What the CPU probe found that libc wants to know, beside struct cpu_features. */
struct rl_glibc_machine {
	uint64_t hwcap;          /* what getauxval(AT_HWCAP) answers */
	size_t min_signal_stack; /* for kernels that do not say AT_MINSIGSTKSZ */
	const char *platform;
};

/* Our functions in _rtld_global_ro. */
struct rl_glibc_entries {
	const void *debug_printf, *mcount, *lookup_symbol, *open, *close, *catch_error, *error_free, *tls_address_soft,
		*freeres, *find_object, *readonly_area, *dlfcn_hook;
};

void rl_glibc_globals_fill(struct rl_glibc *glibc, const struct rl_glibc_machine *machine,
			   const struct rl_glibc_entries *entries);

/* The fields that the layout of static TLS decides, and every object's place in it. */
void rl_glibc_globals_tls(struct rl_glibc *glibc);

#endif
