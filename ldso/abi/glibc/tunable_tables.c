/* Made by tools/tunable-tables.py from tools/tunable-tables.txt; change these, not this file.
 *
 * Each distinct tunable is stored once; a list of a release is a run of indices into them, by tunable id.
 */
#include "tunables.h"

#include <elf.h>

const struct rl_tunable rl_tunable_rows[] = {
	{ "rtld.nns", "", RL_TUNABLE_SIZE, RL_TUNABLE_ERASE, 4, 1, 16 },
	{ "elision.skip_lock_after_retries", "", RL_TUNABLE_INT32, RL_TUNABLE_ERASE, 3, -2147483648, 2147483647 },
	{ "malloc.trim_threshold", "MALLOC_TRIM_THRESHOLD_", RL_TUNABLE_SIZE, RL_TUNABLE_IGNORE, 0, 0, -1 },
	{ "malloc.perturb", "MALLOC_PERTURB_", RL_TUNABLE_INT32, RL_TUNABLE_IGNORE, 0, 0, 255 },
	{ "cpu.x86_shared_cache_size", "", RL_TUNABLE_SIZE, RL_TUNABLE_ERASE, 0, 0, -1 },
	{ "elision.tries", "", RL_TUNABLE_INT32, RL_TUNABLE_ERASE, 3, -2147483648, 2147483647 },
	{ "elision.enable", "", RL_TUNABLE_INT32, RL_TUNABLE_ERASE, 0, 0, 1 },
	{ "malloc.mxfast", "", RL_TUNABLE_SIZE, RL_TUNABLE_IGNORE, 0, 0, -1 },
	{ "elision.skip_lock_busy", "", RL_TUNABLE_INT32, RL_TUNABLE_ERASE, 3, -2147483648, 2147483647 },
	{ "malloc.top_pad", "MALLOC_TOP_PAD_", RL_TUNABLE_SIZE, RL_TUNABLE_IGNORE, 0, 0, -1 },
	{ "cpu.x86_non_temporal_threshold", "", RL_TUNABLE_SIZE, RL_TUNABLE_ERASE, 0, 0, -1 },
	{ "cpu.x86_shstk", "", RL_TUNABLE_STRING, RL_TUNABLE_ERASE, 0, 0, 0 },
	{ "cpu.hwcap_mask", "LD_HWCAP_MASK", RL_TUNABLE_UINT64, RL_TUNABLE_ERASE, 6, 0, -1 },
	{ "malloc.mmap_max", "MALLOC_MMAP_MAX_", RL_TUNABLE_INT32, RL_TUNABLE_IGNORE, 0, -2147483648, 2147483647 },
	{ "elision.skip_trylock_internal_abort", "", RL_TUNABLE_INT32, RL_TUNABLE_ERASE, 3, -2147483648, 2147483647 },
	{ "malloc.tcache_unsorted_limit", "", RL_TUNABLE_SIZE, RL_TUNABLE_ERASE, 0, 0, -1 },
	{ "cpu.x86_ibt", "", RL_TUNABLE_STRING, RL_TUNABLE_ERASE, 0, 0, 0 },
	{ "cpu.hwcaps", "", RL_TUNABLE_STRING, RL_TUNABLE_ERASE, 0, 0, 0 },
	{ "elision.skip_lock_internal_abort", "", RL_TUNABLE_INT32, RL_TUNABLE_ERASE, 3, -2147483648, 2147483647 },
	{ "malloc.arena_max", "MALLOC_ARENA_MAX", RL_TUNABLE_SIZE, RL_TUNABLE_IGNORE, 0, 1, -1 },
	{ "malloc.mmap_threshold", "MALLOC_MMAP_THRESHOLD_", RL_TUNABLE_SIZE, RL_TUNABLE_IGNORE, 0, 0, -1 },
	{ "cpu.x86_data_cache_size", "", RL_TUNABLE_SIZE, RL_TUNABLE_ERASE, 0, 0, -1 },
	{ "malloc.tcache_count", "", RL_TUNABLE_SIZE, RL_TUNABLE_ERASE, 0, 0, -1 },
	{ "malloc.arena_test", "MALLOC_ARENA_TEST", RL_TUNABLE_SIZE, RL_TUNABLE_IGNORE, 0, 1, -1 },
	{ "pthread.mutex_spin_count", "", RL_TUNABLE_INT32, RL_TUNABLE_ERASE, 100, 0, 32767 },
	{ "rtld.optional_static_tls", "", RL_TUNABLE_SIZE, RL_TUNABLE_ERASE, 512, 0, -1 },
	{ "malloc.tcache_max", "", RL_TUNABLE_SIZE, RL_TUNABLE_ERASE, 0, 0, -1 },
	{ "malloc.check", "MALLOC_CHECK_", RL_TUNABLE_INT32, RL_TUNABLE_ERASE, 0, 0, 3 },
	{ "cpu.x86_rep_movsb_threshold", "", RL_TUNABLE_SIZE, RL_TUNABLE_ERASE, 2048, 1, -1 },
	{ "cpu.x86_rep_stosb_threshold", "", RL_TUNABLE_SIZE, RL_TUNABLE_ERASE, 2048, 1, -1 },
	{ "elision.skip_lock_after_retries", "", RL_TUNABLE_INT32, RL_TUNABLE_ERASE, 3, 0, 2147483647 },
	{ "mem.tagging", "", RL_TUNABLE_INT32, RL_TUNABLE_IGNORE, 0, 0, 255 },
	{ "elision.tries", "", RL_TUNABLE_INT32, RL_TUNABLE_ERASE, 3, 0, 2147483647 },
	{ "cpu.x86_rep_movsb_threshold", "", RL_TUNABLE_SIZE, RL_TUNABLE_ERASE, 0, 1, -1 },
	{ "elision.skip_lock_busy", "", RL_TUNABLE_INT32, RL_TUNABLE_ERASE, 3, 0, 2147483647 },
	{ "malloc.mmap_max", "MALLOC_MMAP_MAX_", RL_TUNABLE_INT32, RL_TUNABLE_IGNORE, 0, 0, 2147483647 },
	{ "elision.skip_trylock_internal_abort", "", RL_TUNABLE_INT32, RL_TUNABLE_ERASE, 3, 0, 2147483647 },
	{ "elision.skip_lock_internal_abort", "", RL_TUNABLE_INT32, RL_TUNABLE_ERASE, 3, 0, 2147483647 },
	{ "pthread.stack_cache_size", "", RL_TUNABLE_SIZE, RL_TUNABLE_ERASE, 41943040, 0, -1 },
	{ "gmon.minarcs", "", RL_TUNABLE_INT32, RL_TUNABLE_ERASE, 50, 50, 2147483647 },
	{ "gmon.maxarcs", "", RL_TUNABLE_INT32, RL_TUNABLE_ERASE, 1048576, 50, 2147483647 },
	{ "pthread.rseq", "", RL_TUNABLE_INT32, RL_TUNABLE_ERASE, 1, 0, 1 },
	{ "malloc.hugetlb", "", RL_TUNABLE_SIZE, RL_TUNABLE_ERASE, 0, 0, -1 },
	{ "rtld.dynamic_sort", "", RL_TUNABLE_INT32, RL_TUNABLE_ERASE, 2, 1, 2 },
	{ "malloc.top_pad", "MALLOC_TOP_PAD_", RL_TUNABLE_SIZE, RL_TUNABLE_IGNORE, 131072, 0, -1 },
	{ "cpu.prefer_map_32bit_exec", "LD_PREFER_MAP_32BIT_EXEC", RL_TUNABLE_INT32, RL_TUNABLE_IGNORE, 0, 0, 1 },
	{ "pthread.stack_hugetlb", "", RL_TUNABLE_INT32, RL_TUNABLE_ERASE, 1, 0, 1 },
	{ "cpu.plt_rewrite", "", RL_TUNABLE_INT32, RL_TUNABLE_ERASE, 0, 0, 2 },
	{ "mem.decorate_maps", "", RL_TUNABLE_INT32, RL_TUNABLE_ERASE, 0, 0, 1 },
	{ "cpu.x86_memset_non_temporal_threshold", "", RL_TUNABLE_SIZE, RL_TUNABLE_ERASE, 0, 0, -1 },
	{ "rtld.enable_secure", "", RL_TUNABLE_INT32, RL_TUNABLE_ERASE, 0, 0, 1 },
	{ "rtld.execstack", "", RL_TUNABLE_INT32, RL_TUNABLE_ERASE, 1, 0, 2 },
	{ "cpu.name", "", RL_TUNABLE_STRING, RL_TUNABLE_ERASE, 0, 0, 0 },
	{ "cpu.hwcap_mask", "LD_HWCAP_MASK", RL_TUNABLE_UINT64, RL_TUNABLE_ERASE, 256, 0, -1 },
	{ "cpu.aarch64_gcs", "", RL_TUNABLE_UINT64, RL_TUNABLE_ERASE, 0, 0, 3 },
	{ "cpu.hwcap_mask", "LD_HWCAP_MASK", RL_TUNABLE_UINT64, RL_TUNABLE_ERASE, 0, 0, -1 },
};

const uint8_t rl_tunable_ids[] = {
	/* 2.31 x86_64: Debian */
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23,
	24, 25, 26, 27,
	/* 2.31 x86_64: stable branch */
	1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
	26, 27,
	/* 2.32 x86_64: stable branch */
	0, 1, 2, 3, 4, 5, 6, 28, 7, 8, 9, 29, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
	22, 23, 24, 25, 26, 27,
	/* 2.33 x86_64: stable branch */
	0, 30, 2, 3, 4, 31, 32, 6, 33, 7, 34, 9, 29, 10, 11, 12, 35, 36, 15, 16, 17, 37, 19, 20,
	21, 22, 23, 24, 25, 26, 27,
	/* 2.34 x86_64: release */
	0, 30, 2, 3, 4, 31, 32, 6, 33, 7, 34, 9, 29, 10, 11, 38, 12, 35, 36, 15, 16, 17, 37, 19,
	20, 21, 22, 23, 24, 25, 26, 27,
	/* 2.34 x86_64: stable branch */
	0, 30, 2, 3, 4, 31, 32, 6, 33, 7, 34, 9, 29, 10, 11, 38, 39, 12, 35, 36, 15, 16, 17, 37,
	19, 20, 21, 22, 23, 24, 40, 25, 26, 27,
	/* 2.35 x86_64: release */
	0, 30, 2, 3, 4, 41, 31, 32, 6, 42, 33, 7, 43, 34, 9, 29, 10, 11, 38, 12, 35, 36, 15, 16,
	17, 37, 19, 20, 21, 22, 23, 24, 25, 26, 27,
	/* 2.35 x86_64: stable branch */
	0, 30, 2, 3, 4, 41, 31, 32, 6, 42, 33, 7, 43, 34, 9, 29, 10, 11, 38, 39, 12, 35, 36, 15,
	16, 17, 37, 19, 20, 21, 22, 23, 24, 40, 25, 26, 27,
	/* 2.36 x86_64: Debian, stable branch */
	0, 30, 2, 3, 4, 41, 31, 32, 6, 42, 33, 7, 43, 34, 9, 29, 10, 11, 38, 39, 12, 35, 36, 15,
	16, 17, 37, 19, 20, 21, 22, 23, 24, 40, 25, 26, 27,
	/* 2.36 x86_64: release */
	0, 30, 2, 3, 4, 41, 31, 32, 6, 42, 33, 7, 43, 34, 9, 29, 10, 11, 38, 12, 35, 36, 15, 16,
	17, 37, 19, 20, 21, 22, 23, 24, 25, 26, 27,
	/* 2.37 x86_64: release */
	0, 30, 2, 3, 4, 41, 31, 32, 6, 42, 33, 7, 43, 34, 44, 29, 10, 11, 38, 12, 35, 36, 15, 16,
	17, 37, 19, 20, 21, 22, 23, 24, 25, 26, 27,
	/* 2.37 x86_64: stable branch */
	0, 30, 2, 3, 4, 41, 31, 32, 6, 42, 33, 7, 43, 34, 44, 29, 10, 11, 38, 39, 12, 35, 36, 15,
	16, 17, 37, 19, 20, 21, 22, 23, 24, 40, 25, 26, 27,
	/* 2.38 x86_64: release, stable branch */
	7, 20, 26, 24, 33, 15, 32, 10, 21, 4, 36, 43, 35, 45, 2, 30, 25, 12, 16, 38, 0, 23, 42, 29,
	3, 22, 6, 11, 40, 27, 39, 44, 46, 31, 17, 37, 19, 34, 41,
	/* 2.39 x86_64: release */
	7, 20, 26, 24, 33, 15, 32, 10, 21, 4, 36, 43, 35, 45, 2, 30, 47, 25, 48, 12, 16, 38, 0, 23,
	42, 29, 3, 22, 6, 11, 40, 27, 39, 44, 46, 31, 17, 37, 19, 34, 41,
	/* 2.39 x86_64: stable branch */
	7, 20, 26, 24, 33, 15, 32, 10, 21, 4, 36, 43, 35, 45, 2, 30, 47, 25, 48, 12, 16, 38, 0, 23,
	42, 29, 3, 22, 6, 11, 40, 27, 39, 44, 49, 46, 31, 17, 37, 19, 34, 41,
	/* 2.40 x86_64: release, stable branch */
	17, 47, 45, 21, 16, 49, 10, 33, 29, 4, 11, 6, 30, 34, 37, 36, 32, 40, 39, 19, 23, 27, 42, 35,
	20, 7, 3, 22, 26, 15, 44, 2, 48, 31, 24, 41, 38, 46, 43, 50, 0, 25,
	/* 2.41 x86_64: Debian, stable branch */
	17, 47, 45, 21, 16, 49, 10, 33, 29, 4, 11, 6, 30, 34, 37, 36, 32, 40, 39, 19, 23, 27, 42, 35,
	20, 7, 3, 22, 26, 15, 44, 2, 48, 31, 24, 41, 38, 46, 43, 50, 51, 0, 25,
	/* 2.42 x86_64: release, stable branch */
	17, 47, 45, 21, 16, 49, 10, 33, 29, 4, 11, 6, 30, 34, 37, 36, 32, 40, 39, 19, 23, 27, 42, 35,
	20, 7, 3, 22, 26, 15, 44, 2, 48, 31, 24, 41, 38, 46, 43, 50, 51, 0, 25,
	/* 2.43 x86_64: Debian */
	17, 47, 45, 21, 16, 49, 10, 33, 29, 4, 11, 40, 39, 19, 23, 27, 42, 35, 20, 7, 3, 22, 26, 15,
	44, 2, 48, 31, 24, 41, 38, 46, 43, 50, 51, 0, 25,
	/* 2.36 aarch64: Debian */
	0, 30, 2, 3, 41, 52, 31, 32, 6, 42, 7, 43, 34, 9, 38, 39, 53, 35, 36, 15, 37, 19, 20, 22,
	23, 24, 40, 25, 26, 27,
	/* 2.41 aarch64: Debian */
	54, 52, 6, 30, 34, 37, 36, 32, 40, 39, 19, 23, 27, 42, 35, 20, 7, 3, 22, 26, 15, 44, 2, 48,
	31, 24, 41, 38, 46, 43, 50, 51, 0, 25,
	/* 2.36 riscv64: release, Debian */
	0, 30, 2, 3, 41, 31, 32, 6, 42, 7, 43, 34, 9, 38, 55, 35, 36, 15, 37, 19, 20, 22, 23, 24,
	25, 26, 27,
	/* 2.36 riscv64: stable branch */
	0, 30, 2, 3, 41, 31, 32, 6, 42, 7, 43, 34, 9, 38, 39, 55, 35, 36, 15, 37, 19, 20, 22, 23,
	24, 40, 25, 26, 27,
	/* 2.41 riscv64: stable branch */
	6, 30, 34, 37, 36, 32, 40, 39, 19, 23, 27, 42, 35, 20, 7, 3, 22, 26, 15, 44, 2, 48, 31, 24,
	41, 38, 46, 43, 50, 51, 0, 25,
	/* 2.43 riscv64: Debian */
	40, 39, 19, 23, 27, 42, 35, 20, 7, 3, 22, 26, 15, 44, 2, 48, 31, 24, 41, 38, 46, 43, 50, 51,
	0, 25,
};

const struct rl_tunable_list rl_tunable_lists[] = {
	{ 231, EM_X86_64, 28, 0 }, /* Debian */
	{ 231, EM_X86_64, 26, 28 }, /* stable branch */
	{ 232, EM_X86_64, 30, 54 }, /* stable branch */
	{ 233, EM_X86_64, 31, 84 }, /* stable branch */
	{ 234, EM_X86_64, 32, 115 }, /* release */
	{ 234, EM_X86_64, 34, 147 }, /* stable branch */
	{ 235, EM_X86_64, 35, 181 }, /* release */
	{ 235, EM_X86_64, 37, 216 }, /* stable branch */
	{ 236, EM_X86_64, 37, 253 }, /* Debian, stable branch */
	{ 236, EM_X86_64, 35, 290 }, /* release */
	{ 237, EM_X86_64, 35, 325 }, /* release */
	{ 237, EM_X86_64, 37, 360 }, /* stable branch */
	{ 238, EM_X86_64, 39, 397 }, /* release, stable branch */
	{ 239, EM_X86_64, 41, 436 }, /* release */
	{ 239, EM_X86_64, 42, 477 }, /* stable branch */
	{ 240, EM_X86_64, 42, 519 }, /* release, stable branch */
	{ 241, EM_X86_64, 43, 561 }, /* Debian, stable branch */
	{ 242, EM_X86_64, 43, 604 }, /* release, stable branch */
	{ 243, EM_X86_64, 37, 647 }, /* Debian */
	{ 236, EM_AARCH64, 30, 684 }, /* Debian */
	{ 241, EM_AARCH64, 34, 714 }, /* Debian */
	{ 236, EM_RISCV, 27, 748 }, /* release, Debian */
	{ 236, EM_RISCV, 29, 775 }, /* stable branch */
	{ 241, EM_RISCV, 32, 804 }, /* stable branch */
	{ 243, EM_RISCV, 26, 836 }, /* Debian */
};

const size_t rl_tunable_lists_count = sizeof rl_tunable_lists / sizeof *rl_tunable_lists;
