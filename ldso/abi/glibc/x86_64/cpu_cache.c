/* The processor's caches as glibc counts them, x86_64.  Pure functions of the CPU probe's record.
 *
 * memcpy's thresholds derive from these numbers, so oddities of the original are kept where a processor shows them:
 * a size that it cannot find is 0 for some vendors and -1 for others, and the share of a thread differs by release.
 * Intel SDM volume 2A (CPUID leaves 2, 4, 0xb); AMD APM volume 3 (0x80000005, 0x80000006, 0x80000008, 0x8000001d).
 */
#include "cpu_cache.h"

#include "cpu_view.h"

enum level {
	LEVEL1_CODE,
	LEVEL1_DATA,
	LEVEL2,
	LEVEL3,
	LEVEL4,
};

enum {
	KIND_DATA = 1, /* type of a cache in leaf 4 */
	KIND_CODE = 2,
	NO_LEVEL2_OR_3 = 0x40, /* descriptors of leaf 2 with a meaning of their own */
	LEVEL2_OR_3 = 0x49,
	ASK_LEAF_4 = 0xff,
};

static const struct rl_glibc_cache unknown = {-1, -1, -1};

/* Leaf 2 describes a cache by one byte.  Table 3-12 of the SDM, those entries that glibc knows; 0 KiB: not one. */
struct descriptor {
	uint8_t level, ways, line;
	uint16_t kib;
};

static const struct descriptor descriptors[256] = {
	[0x06] = {LEVEL1_CODE, 4, 32, 8},         [0x08] = {LEVEL1_CODE, 4, 32, 16},
	[0x09] = {LEVEL1_CODE, 4, 32, 32},        [0x0a] = {LEVEL1_DATA, 2, 32, 8},
	[0x0c] = {LEVEL1_DATA, 4, 32, 16},        [0x0d] = {LEVEL1_DATA, 4, 64, 16},
	[0x0e] = {LEVEL1_DATA, 6, 64, 24},        [0x21] = {LEVEL2, 8, 64, 256},
	[0x22] = {LEVEL3, 4, 64, 512},            [0x23] = {LEVEL3, 8, 64, 1024},
	[0x25] = {LEVEL3, 8, 64, 2048},           [0x29] = {LEVEL3, 8, 64, 4096},
	[0x2c] = {LEVEL1_DATA, 8, 64, 32},        [0x30] = {LEVEL1_CODE, 8, 64, 32},
	[0x39] = {LEVEL2, 4, 64, 128},            [0x3a] = {LEVEL2, 6, 64, 192},
	[0x3b] = {LEVEL2, 2, 64, 128},            [0x3c] = {LEVEL2, 4, 64, 256},
	[0x3d] = {LEVEL2, 6, 64, 384},            [0x3e] = {LEVEL2, 4, 64, 512},
	[0x3f] = {LEVEL2, 2, 64, 256},            [0x41] = {LEVEL2, 4, 32, 128},
	[0x42] = {LEVEL2, 4, 32, 256},            [0x43] = {LEVEL2, 4, 32, 512},
	[0x44] = {LEVEL2, 4, 32, 1024},           [0x45] = {LEVEL2, 4, 32, 2048},
	[0x46] = {LEVEL3, 4, 64, 4096},           [0x47] = {LEVEL3, 8, 64, 8192},
	[0x48] = {LEVEL2, 12, 64, 3072},          [0x49] = {LEVEL2, 16, 64, 4096},
	[0x4a] = {LEVEL3, 12, 64, 6144},          [0x4b] = {LEVEL3, 16, 64, 8192},
	[0x4c] = {LEVEL3, 12, 64, 12288},         [0x4d] = {LEVEL3, 16, 64, 16384},
	[0x4e] = {LEVEL2, 24, 64, 6144},          [0x60] = {LEVEL1_DATA, 8, 64, 16},
	[0x66] = {LEVEL1_DATA, 4, 64, 8},         [0x67] = {LEVEL1_DATA, 4, 64, 16},
	[0x68] = {LEVEL1_DATA, 4, 64, 32},        [0x78] = {LEVEL2, 8, 64, 1024},
	[0x79] = {LEVEL2, 8, 64, 128},            [0x7a] = {LEVEL2, 8, 64, 256},
	[0x7b] = {LEVEL2, 8, 64, 512},            [0x7c] = {LEVEL2, 8, 64, 1024},
	[0x7d] = {LEVEL2, 8, 64, 2048},           [0x7f] = {LEVEL2, 2, 64, 512},
	[0x80] = {LEVEL2, 8, 64, 512},            [0x82] = {LEVEL2, 8, 32, 256},
	[0x83] = {LEVEL2, 8, 32, 512},            [0x84] = {LEVEL2, 8, 32, 1024},
	[0x85] = {LEVEL2, 8, 32, 2048},           [0x86] = {LEVEL2, 4, 64, 512},
	[0x87] = {LEVEL2, 8, 64, 1024},           [0xd0] = {LEVEL3, 4, 64, 512},
	[0xd1] = {LEVEL3, 4, 64, 1024},           [0xd2] = {LEVEL3, 4, 64, 2048},
	[0xd6] = {LEVEL3, 8, 64, 1024},           [0xd7] = {LEVEL3, 8, 64, 2048},
	[0xd8] = {LEVEL3, 8, 64, 4096},           [0xdc] = {LEVEL3, 12, 64, 2048},
	[0xdd] = {LEVEL3, 12, 64, 4096},          [0xde] = {LEVEL3, 12, 64, 8192},
	[0xe2] = {LEVEL3, 16, 64, 2048},          [0xe3] = {LEVEL3, 16, 64, 4096},
	[0xe4] = {LEVEL3, 16, 64, 8192},          [0xea] = {LEVEL3, 24, 64, 12288},
	[0xeb] = {LEVEL3, 24, 64, 18432},         [0xec] = {LEVEL3, 24, 64, 24576},
};

static bool is_level(const struct rl_cpuid *entry, enum level level)
{
	uint32_t kind = entry->eax & 0x1f, number = (entry->eax >> 5) & 7;
	if (level == LEVEL1_CODE || level == LEVEL1_DATA)
		return number == 1 && kind == (level == LEVEL1_CODE ? KIND_CODE : KIND_DATA);
	return number == (uint32_t)level;
}

/* A cache from the list of leaf 4; missing if it is not there.  The product is one of 32 bits in the original. */
static struct rl_glibc_cache from_leaf4(const struct rl_cpu *cpu, enum level level, struct rl_glibc_cache missing)
{
	for (uint32_t i = 0; i < cpu->cache_count && (cpu->cache[i].eax & 0x1f) != 0; i++) {
		const struct rl_cpuid *entry = &cpu->cache[i];
		uint32_t ways = (entry->ebx >> 22) + 1, line = (entry->ebx & 0xfff) + 1;
		uint32_t partitions = ((entry->ebx >> 12) & 0x3ff) + 1;
		if (is_level(entry, level))
			return (struct rl_glibc_cache){ways * partitions * line * (entry->ecx + 1), ways, line};
	}
	return missing;
}

/* Look for a level among the four descriptors of one register.  Size 0 means: go on with the next register. */
static struct rl_glibc_cache from_descriptors(const struct rl_cpu *cpu, unsigned int release, enum level level,
					      uint32_t bytes, bool *no_level2_or_3)
{
	const struct rl_glibc_cache none = {0, 0, 0};
	if (bytes & 0x80000000)
		return none;
	for (; bytes != 0; bytes >>= 8) {
		uint8_t byte = bytes & 0xff;
		if (byte == ASK_LEAF_4)
			return from_leaf4(cpu, level, release >= 234 ? unknown : none);
		if (byte == NO_LEVEL2_OR_3) {
			*no_level2_or_3 = true;
			if (level == LEVEL3)
				break;
			continue;
		}
		/* On this one model the byte means the third level. */
		if (byte == LEVEL2_OR_3 && level == LEVEL3 && cpu->family == 15 && cpu->model == 6)
			level = LEVEL2;
		const struct descriptor *found = &descriptors[byte];
		if (found->kib != 0 && found->level == level)
			return (struct rl_glibc_cache){found->kib * 1024L, found->ways, found->line};
	}
	return none;
}

static struct rl_glibc_cache intel_cache(const struct rl_cpu *cpu, unsigned int release, enum level level)
{
	const uint32_t words[] = {cpu->descriptors.eax & ~UINT32_C(0xff), cpu->descriptors.ebx, cpu->descriptors.ecx,
				  cpu->descriptors.edx};
	struct rl_glibc_cache found = {0, 0, 0};
	bool no_level2_or_3 = false;
	if ((int32_t)cpu->max_leaf < 2)
		return unknown;
	/* The low byte is 1 on every processor whose leaf 2 means anything. */
	if ((cpu->descriptors.eax & 0xff) != 1)
		return from_descriptors(cpu, release, level, ASK_LEAF_4, &no_level2_or_3);
	for (size_t i = 0; i < sizeof words / sizeof *words && found.size == 0; i++)
		found = from_descriptors(cpu, release, level, words[i], &no_level2_or_3);
	if (found.size == 0 && no_level2_or_3 && (level == LEVEL2 || level == LEVEL3))
		return unknown;
	return found;
}

/* The associativity code of leaf 0x80000006. */
static long amd_ways(uint32_t reg, long size)
{
	static const uint8_t ways[16] = {
		[1] = 1, [2] = 2, [4] = 4, [6] = 8, [8] = 16, [10] = 32, [11] = 48, [12] = 64, [13] = 96, [14] = 128};
	uint32_t code = (reg >> 12) & 0xf;
	if (code == 15)
		return reg & 0xff ? size / (long)(reg & 0xff) : 0;
	return ways[code];
}

/* Leaves 0x80000005 and 0x80000006.  A fully associative first level shows its size as ways, as in the original. */
static struct rl_glibc_cache amd_old_cache(const struct rl_cpu *cpu, enum level level)
{
	struct rl_glibc_cache found = {0, 0, 0};
	uint32_t reg;
	if (level == LEVEL1_CODE || level == LEVEL1_DATA) {
		reg = level == LEVEL1_CODE ? cpu->extended5.edx : cpu->extended5.ecx;
		found.size = (reg >> 14) & 0x3fc00;
		found.ways = ((reg >> 16) & 0xff) == 0xff ? found.size : (reg >> 16) & 0xff;
		found.line = reg & 0xff;
		return found;
	}
	reg = level == LEVEL2 ? cpu->extended6.ecx : cpu->extended6.edx;
	long size = level == LEVEL2 ? (long)((reg >> 6) & 0x3fffc00) : (long)((reg & 0x3ffc0000) << 1);
	found.ways = amd_ways(reg, size);
	if (reg & 0xf000) {
		found.size = size;
		found.line = reg & 0xff;
	}
	return found;
}

static uint32_t threads_per_complex(const struct rl_cpu *cpu)
{
	return ((cpu->cache[3].eax >> 14) & 0xfff) + 1;
}

static uint32_t logical_processors(const struct rl_cpu *cpu)
{
	return (cpu->leaf[RL_CPU_LEAF_1].ebx >> 16) & 0xff;
}

static bool has_hyperthreading(const struct rl_cpu *cpu)
{
	return cpu->leaf[RL_CPU_LEAF_1].edx & (UINT32_C(1) << 28);
}

/* Since 2.37 the third level of old processors is what a thread, or a core complex, gets of it. */
static long amd_old_share(const struct rl_cpu *cpu, long total)
{
	uint32_t threads = 0;
	if (cpu->max_extended >= 0x80000008)
		threads = (cpu->leaf[RL_CPU_LEAF_80000008].ecx & 0xff) + 1;
	else if (has_hyperthreading(cpu))
		threads = logical_processors(cpu);
	long share = threads > 0 ? total / threads : 0;
	return cpu->family >= 0x17 ? share * threads_per_complex(cpu) : share;
}

/* always: 0x8000001d even where it says nothing, which is how Hygon's own code reads it. */
static struct rl_glibc_cache amd_cache(const struct rl_cpu *cpu, enum level level, bool always)
{
	static const uint8_t subleaf[] = {[LEVEL1_CODE] = 1, [LEVEL1_DATA] = 0, [LEVEL2] = 2, [LEVEL3] = 3};
	const struct rl_cpuid *entry = &cpu->cache[subleaf[level]];
	if (entry->ecx == 0 && !always) {
		struct rl_glibc_cache old = amd_old_cache(cpu, level);
		if (level == LEVEL3)
			old.size = old.size ? amd_old_share(cpu, old.size) : 0;
		return old;
	}
	uint32_t ways = ((entry->ebx >> 22) & 0x3ff) + 1, line = (entry->ebx & 0xfff) + 1;
	return (struct rl_glibc_cache){ways * line * (entry->ecx + 1), ways, line};
}

/* Until 2.36: divide the third level by the threads, then give a Zen core complex its part. */
static void share_amd_old(const struct rl_cpu *cpu, struct rl_glibc_caches *out)
{
	uint32_t threads = 0;
	if (out->shared <= 0) {
		out->shared = out->shared_per_thread = out->level2.size;
		return;
	}
	if (cpu->max_extended >= 0x80000008)
		threads = UINT32_C(1) << ((cpu->leaf[RL_CPU_LEAF_80000008].ecx >> 12) & 0xf);
	if ((threads == 0 || cpu->family >= 0x17) && has_hyperthreading(cpu))
		threads = logical_processors(cpu);
	if (threads > 0)
		out->shared_per_thread /= threads;
	if (cpu->family >= 0x17) {
		out->shared_per_thread *= threads_per_complex(cpu);
	} else {
		out->shared += out->level2.size;
		out->shared_per_thread += out->level2.size;
	}
}

static void share_amd(const struct rl_cpu *cpu, struct rl_glibc_caches *out)
{
	if (out->shared <= 0)
		out->shared = out->level2.size;
	else if (cpu->family < 0x17)
		out->shared += out->level2.size;
	out->shared_per_thread = out->shared;
}

/* Threads that share a cache: leaf 4 gives the room for their numbers, leaf 0xb how many there are. */
struct sharing {
	int level2, level3; /* -1: not looked for */
	bool is_inclusive;
	bool has_list; /* leaf 4 had what was looked for */
};

static struct sharing read_sharing(const struct rl_cpu *cpu, bool has_level3)
{
	struct sharing sharing = {0, has_level3 ? 0 : -1, true, true};
	bool want2 = true, want3 = has_level3;
	for (uint32_t i = 0; want2 || want3; i++) {
		/* A Pentium D ends its list early; anything else of the kind is treated alike. */
		if (i >= cpu->cache_count || (cpu->cache[i].eax & 0x1f) == 0) {
			sharing.has_list = false;
			break;
		}
		uint32_t level = (cpu->cache[i].eax >> 5) & 7;
		int room = (cpu->cache[i].eax >> 14) & 0x3ff;
		if (level == 2 && want2) {
			sharing.level2 = room;
			want2 = false;
		} else if (level == 3 && want3) {
			sharing.level3 = room;
			sharing.is_inclusive = (cpu->cache[i].edx & 2) != 0;
			want3 = false;
		}
	}
	return sharing;
}

/* What is left of a count of threads after masking it to the room for their numbers. */
static int mask_threads(int count, int room)
{
	int width = 32 - __builtin_clz((unsigned int)room);
	return (count - 1) & (int)~(~UINT32_C(0) << (width & 31));
}

static void count_threads(const struct rl_cpu *cpu, bool has_level3, struct sharing *sharing)
{
	bool want_smt = sharing->level2 > 0 && has_level3;
	bool want_core = sharing->level3 > 0 || (sharing->level2 > 0 && !has_level3);
	int *core = has_level3 ? &sharing->level3 : &sharing->level2;
	for (uint32_t i = 0; (want_smt || want_core) && i < cpu->topology_count; i++) {
		int count = cpu->topology[i].ebx & 0xff;
		uint32_t kind = (cpu->topology[i].ecx >> 8) & 0xff;
		if (count == 0 || kind == 0)
			break;
		if (kind == 1 && want_smt) {
			sharing->level2 = mask_threads(count, sharing->level2);
			want_smt = false;
		} else if (kind == 2 && want_core) {
			*core = mask_threads(count, *core);
			want_core = false;
		}
	}
}

/* Silvermont shares its second level between two cores, whatever leaf 0xb says. */
static bool is_silvermont(const struct rl_cpu *cpu)
{
	return cpu->vendor == RL_CPU_INTEL && cpu->family == 6
	       && (cpu->model == 0x37 || cpu->model == 0x4a || cpu->model == 0x4d || cpu->model == 0x5a
		   || cpu->model == 0x5d);
}

static void share_intel(const struct rl_cpu *cpu, struct rl_glibc_caches *out)
{
	struct sharing sharing = {0, 0, true, false};
	bool has_level3 = out->shared > 0;
	uint32_t threads = 0;
	if (!has_level3)
		out->shared = out->shared_per_thread = out->level2.size;
	if (has_hyperthreading(cpu)) {
		if ((int32_t)cpu->max_leaf >= 4)
			sharing = read_sharing(cpu, has_level3);
		if (sharing.has_list) {
			if ((int32_t)cpu->max_leaf >= 11 && !(cpu->vendor == RL_CPU_ZHAOXIN && cpu->family == 6))
				count_threads(cpu, has_level3, &sharing);
			sharing.level2 += sharing.level2 > 0;
			sharing.level3 += sharing.level3 > 0;
			threads = (uint32_t)(has_level3 ? sharing.level3 : sharing.level2);
			if (!has_level3 && threads > 2 && is_silvermont(cpu))
				threads = 2;
		} else {
			threads = logical_processors(cpu);
		}
		if (out->shared_per_thread > 0 && threads > 0)
			out->shared_per_thread /= threads;
	}
	if (!sharing.is_inclusive) {
		out->shared_per_thread += sharing.level2 > 0 ? out->level2.size / sharing.level2 : out->level2.size;
		out->shared += out->level2.size;
	}
}

void rl_glibc_caches_compute(const struct rl_cpu *cpu, unsigned int release, struct rl_glibc_caches *out)
{
	struct rl_glibc_cache *const levels[] = {&out->level1_code, &out->level1_data, &out->level2, &out->level3};
	const struct rl_glibc_cache none = {0, 0, 0};
	bool is_hygon = cpu->vendor == RL_CPU_HYGON && release >= 241;
	bool is_amd = cpu->vendor == RL_CPU_AMD || (cpu->vendor == RL_CPU_HYGON && !is_hygon);
	for (enum level level = LEVEL1_CODE; level <= LEVEL3; level++) {
		if (cpu->vendor == RL_CPU_INTEL)
			*levels[level] = intel_cache(cpu, release, level);
		else if (cpu->vendor == RL_CPU_ZHAOXIN)
			*levels[level] = from_leaf4(cpu, level, none);
		else if (is_amd && release <= 236)
			*levels[level] = amd_old_cache(cpu, level);
		else if (is_amd || is_hygon)
			*levels[level] = amd_cache(cpu, level, is_hygon);
		else
			*levels[level] = unknown;
	}
	out->level4_size = -1;
	if (cpu->vendor == RL_CPU_INTEL)
		out->level4_size = intel_cache(cpu, release, LEVEL4).size;
	else if (is_amd && release >= 237)
		out->level4_size = 0;
	out->shared = out->shared_per_thread = out->level3.size;
	if (cpu->vendor == RL_CPU_INTEL || cpu->vendor == RL_CPU_ZHAOXIN)
		share_intel(cpu, out);
	else if (is_amd && release <= 236)
		share_amd_old(cpu, out);
	else if (is_amd)
		share_amd(cpu, out);
}

/* What the environment says, or 0, which none of these numbers may be. */
static uint64_t tuned(const struct rl_glibc_cpu *view, const char *name)
{
	int64_t number = 0;
	return rl_tunables_set_number(view->tunables, name, &number) ? (uint64_t)number : 0;
}

static bool is_amd(const struct rl_glibc_cpu *view)
{
	return view->cpu->vendor == RL_CPU_AMD || (view->cpu->vendor == RL_CPU_HYGON && view->release < 241);
}

/* How large a copy must be before it bypasses the caches. */
static uint64_t choose_non_temporal(const struct rl_glibc_cpu *view, uint64_t low, uint64_t high)
{
	const struct rl_glibc_caches *caches = &view->caches;
	bool has_erms = view->active[RL_CPU_LEAF_7_0].ebx & (UINT32_C(1) << 9);
	uint64_t share = (uint64_t)(caches->shared_per_thread * 3 / 4);
	/* The division is one of signed numbers until 2.37, which shows when the size is not known. */
	uint64_t threshold = view->release >= 238 ? (uint64_t)caches->shared / view->non_temporal_divisor
						  : (uint64_t)(caches->shared / 4);
	if (threshold < share)
		threshold = share;
	/* Without fast string instructions a large copy would push everything else out. */
	if (!has_erms && !(view->release >= 240 && view->cpu->vendor == RL_CPU_ZHAOXIN))
		threshold = share;
	/* 2.33 lacks these limits, to its harm where the caches are unknown. */
	if (threshold < low)
		return view->release >= 238 ? UINT64_C(64) << 20 : low;
	return threshold > high ? high : threshold;
}

/* REP MOVSB: its start-up pays off later the wider the alternative's registers are. */
static uint64_t choose_rep_movsb(const struct rl_glibc_cpu *view, uint64_t *out_low)
{
	uint64_t vector = 16;
	if ((view->active[RL_CPU_LEAF_7_0].ebx & (UINT32_C(1) << 16)) && !(view->preferred & RL_PREFER_NO_AVX512))
		vector = 64;
	else if (view->preferred & RL_PREFER_AVX_FAST_UNALIGNED_LOAD)
		vector = 32;
	*out_low = vector * 8;
	if (view->release >= 239 && is_amd(view))
		return view->non_temporal_threshold;
	if (view->active[RL_CPU_LEAF_7_0].edx & (UINT32_C(1) << 4)) /* fast short REP MOVSB */
		return 2112;
	return vector == 16 ? 2048 : 4096 * (vector / 16);
}

static bool is_within(uint64_t value, uint64_t low, uint64_t high)
{
	return value > low && value <= high;
}

static void choose_rep_stosb(struct rl_glibc_cpu *view)
{
	const uint64_t usual = 2048;
	uint64_t wanted = tuned(view, "glibc.cpu.x86_rep_stosb_threshold");
	view->rep_stosb_threshold = wanted ? wanted : usual;
	if (view->release >= 239 && is_amd(view) && wanted == 0)
		view->rep_stosb_threshold = UINT64_MAX;
	if (view->preferred & RL_PREFER_AVOID_STOSB)
		view->rep_stosb_threshold = view->memset_non_temporal_threshold;
}

void rl_glibc_cpu_thresholds(struct rl_glibc_cpu *view)
{
	const uint64_t low = 0x4040, high = UINT64_MAX >> 4; /* what the string functions can bear */
	uint64_t wanted, low_movsb;
	rl_glibc_caches_compute(view->cpu, view->release, &view->caches);
	view->non_temporal_threshold = choose_non_temporal(view, low, high);
	view->rep_movsb_threshold = choose_rep_movsb(view, &low_movsb);
	wanted = tuned(view, "glibc.cpu.x86_data_cache_size");
	view->data_size = wanted ? wanted : (uint64_t)view->caches.level1_data.size;
	wanted = tuned(view, "glibc.cpu.x86_shared_cache_size");
	view->shared_size = wanted ? wanted : (uint64_t)view->caches.shared;
	view->memset_non_temporal_threshold =
		view->preferred & RL_PREFER_AVOID_NON_TEMPORAL_MEMSET ? UINT64_MAX : view->non_temporal_threshold;
	wanted = tuned(view, "glibc.cpu.x86_non_temporal_threshold");
	if (view->release >= 234 ? is_within(wanted, low, high) : wanted != 0)
		view->non_temporal_threshold = wanted;
	wanted = tuned(view, "glibc.cpu.x86_memset_non_temporal_threshold");
	if (is_within(wanted, low, high))
		view->memset_non_temporal_threshold = wanted;
	wanted = tuned(view, "glibc.cpu.x86_rep_movsb_threshold");
	if (wanted > low_movsb)
		view->rep_movsb_threshold = wanted;
	choose_rep_stosb(view);
	view->rep_movsb_stop_threshold = is_amd(view) && view->release <= 238 ? (uint64_t)view->caches.level2.size
									      : view->non_temporal_threshold;
}
