/* x86_64: the CPU probe.  Runs once, after self-relocation and before the first search for a file.
 *
 * It spends at most 16 CPUID instructions on AMD and 20 on Intel; a leaf that another leaf declares absent is not
 * asked.  Which levels of glibc-hwcaps are active, and $PLATFORM, follow glibc 2.36, quirks of single vendors included.
 * Intel SDM volume 2A (CPUID), AMD APM volume 3 appendix E, x86-64 psABI 1.0 section 3.1.1 (ISA levels).
 */
#include "../cpu.h"

#include <string.h>

/* A bit of a feature word. */
#define BIT(n) (UINT32_C(1) << (n))

enum {
	/* Leaf 1. */
	ECX_FMA = 12,
	ECX_MOVBE = 22,
	ECX_POPCNT = 23,
	ECX_XSAVE = 26,
	ECX_OSXSAVE = 27,
	ECX_AVX = 28,
	ECX_F16C = 29,
	EDX_HTT = 28,
	/* Leaf 7.0. */
	EBX_BMI1 = 3,
	EBX_AVX2 = 5,
	EBX_BMI2 = 8,
	EBX_AVX512F = 16,
	EBX_AVX512DQ = 17,
	EBX_AVX512IFMA = 21,
	EBX_TRACE = 25,
	EBX_AVX512PF = 26,
	EBX_AVX512ER = 27,
	EBX_AVX512CD = 28,
	EBX_AVX512BW = 30,
	EBX_AVX512VL = 31,
	ECX_KEYLOCKER = 23,
	/* Leaf 7.1. */
	EDX_AVX10 = 19,
	/* Leaf 0x80000001. */
	ECX_LZCNT = 5,
	ECX_XOP = 11,
	ECX_FMA4 = 16,
	/* Leaf 0xd.1. */
	EAX_XSAVEC = 1,
	/* XCR0. */
	XCR0_AVX = 0x06,    /* xmm and ymm */
	XCR0_AVX512 = 0xe0, /* k0-7, the upper halves of zmm0-15, zmm16-31 */
};

#define AVX512_BITS                                                                                                    \
	(BIT(EBX_AVX512F) | BIT(EBX_AVX512DQ) | BIT(EBX_AVX512IFMA) | BIT(EBX_AVX512PF) | BIT(EBX_AVX512ER)            \
	 | BIT(EBX_AVX512CD) | BIT(EBX_AVX512BW) | BIT(EBX_AVX512VL))

struct probe {
	struct rl_cpu *cpu;
	rl_cpuid_reader *read;
	void *context;
};

static void ask(struct probe *probe, uint32_t leaf, uint32_t subleaf, struct rl_cpuid *out)
{
	probe->cpu->cpuid_count++;
	probe->read(probe->context, leaf, subleaf, out);
}

static enum rl_cpu_vendor vendor_of(const struct rl_cpuid *leaf0)
{
	static const struct {
		uint32_t ebx, edx, ecx;
		enum rl_cpu_vendor vendor;
	} vendors[] = {
		{0x756e6547, 0x49656e69, 0x6c65746e, RL_CPU_INTEL},   /* GenuineIntel */
		{0x68747541, 0x69746e65, 0x444d4163, RL_CPU_AMD},     /* AuthenticAMD */
		{0x6f677948, 0x6e65476e, 0x656e6975, RL_CPU_HYGON},   /* HygonGenuine */
		{0x746e6543, 0x48727561, 0x736c7561, RL_CPU_ZHAOXIN}, /* CentaurHauls */
		{0x68532020, 0x68676e61, 0x20206961, RL_CPU_ZHAOXIN}, /* "  Shanghai  " */
	};
	for (size_t i = 0; i < sizeof vendors / sizeof *vendors; i++) {
		if (leaf0->ebx == vendors[i].ebx && leaf0->ecx == vendors[i].ecx && leaf0->edx == vendors[i].edx)
			return vendors[i].vendor;
	}
	return RL_CPU_OTHER;
}

/* Family 15 extends both numbers.  The others extend the model where the vendor defines it; on family 15 Zhaoxin's
 * rule adds it twice, as glibc does. */
static void read_signature(struct rl_cpu *cpu)
{
	uint32_t eax = cpu->leaf[RL_CPU_LEAF_1].eax;
	uint32_t extended_model = (eax >> 12) & 0xf0;
	if (cpu->vendor == RL_CPU_OTHER)
		return;
	cpu->family = (eax >> 8) & 0x0f;
	cpu->model = (eax >> 4) & 0x0f;
	cpu->stepping = eax & 0x0f;
	if (cpu->family == 0x0f) {
		cpu->family += (eax >> 20) & 0xff;
		cpu->model += extended_model;
	}
	if (cpu->vendor == RL_CPU_ZHAOXIN || (cpu->vendor == RL_CPU_INTEL && cpu->family == 6))
		cpu->model += extended_model;
}

static void read_basic_leaves(struct probe *probe)
{
	struct rl_cpu *cpu = probe->cpu;
	if (cpu->max_leaf >= 1)
		ask(probe, 1, 0, &cpu->leaf[RL_CPU_LEAF_1]);
	if (cpu->max_leaf >= 7) {
		struct rl_cpuid *leaf7 = &cpu->leaf[RL_CPU_LEAF_7_0];
		ask(probe, 7, 0, leaf7);
		if (leaf7->eax >= 1)
			ask(probe, 7, 1, &cpu->leaf[RL_CPU_LEAF_7_1]);
		if (cpu->max_leaf >= 0x14 && (leaf7->ebx & BIT(EBX_TRACE)))
			ask(probe, 0x14, 0, &cpu->leaf[RL_CPU_LEAF_14_0]);
		if (cpu->max_leaf >= 0x19 && (leaf7->ecx & BIT(ECX_KEYLOCKER)))
			ask(probe, 0x19, 0, &cpu->leaf[RL_CPU_LEAF_19]);
		if (cpu->max_leaf >= 0x24 && (cpu->leaf[RL_CPU_LEAF_7_1].edx & BIT(EDX_AVX10)))
			ask(probe, 0x24, 0, &cpu->leaf[RL_CPU_LEAF_24_0]);
	}
	if (cpu->max_leaf >= 0xd) {
		ask(probe, 0xd, 0, &cpu->state);
		ask(probe, 0xd, 1, &cpu->leaf[RL_CPU_LEAF_D_1]);
	}
}

static void read_extended_leaves(struct probe *probe)
{
	struct rl_cpu *cpu = probe->cpu;
	struct rl_cpuid limit;
	ask(probe, 0x80000000, 0, &limit);
	cpu->max_extended = limit.eax;
	if (limit.eax >= 0x80000001)
		ask(probe, 0x80000001, 0, &cpu->leaf[RL_CPU_LEAF_80000001]);
	if (limit.eax >= 0x80000007)
		ask(probe, 0x80000007, 0, &cpu->leaf[RL_CPU_LEAF_80000007]);
	if (limit.eax >= 0x80000008)
		ask(probe, 0x80000008, 0, &cpu->leaf[RL_CPU_LEAF_80000008]);
}

/* Leaf 4 lists one cache a subleaf and ends with type 0; leaf 0xb ends with an empty level, and only its first two
 * kinds of level (threads of a core, cores of a package) matter here. */
static void read_intel_caches(struct probe *probe)
{
	struct rl_cpu *cpu = probe->cpu;
	if (cpu->vendor == RL_CPU_INTEL && cpu->max_leaf >= 2)
		ask(probe, 2, 0, &cpu->descriptors);
	if (cpu->max_leaf >= 4) {
		while (cpu->cache_count < RL_CPU_CACHE_MAX) {
			struct rl_cpuid *cache = &cpu->cache[cpu->cache_count];
			ask(probe, 4, cpu->cache_count++, cache);
			if ((cache->eax & 0x1f) == 0)
				break;
		}
	}
	if (cpu->max_leaf >= 0xb && (cpu->leaf[RL_CPU_LEAF_1].edx & BIT(EDX_HTT))) {
		uint32_t kinds = 0;
		while (cpu->topology_count < RL_CPU_TOPOLOGY_MAX && (kinds & 6) != 6) {
			struct rl_cpuid *level = &cpu->topology[cpu->topology_count];
			ask(probe, 0xb, cpu->topology_count++, level);
			if ((level->ebx & 0xff) == 0 || (level->ecx & 0xff00) == 0)
				break;
			kinds |= BIT((level->ecx >> 8) & 0x1f);
		}
	}
}

static void read_amd_caches(struct probe *probe)
{
	struct rl_cpu *cpu = probe->cpu;
	if (cpu->max_extended >= 0x80000005)
		ask(probe, 0x80000005, 0, &cpu->extended5);
	if (cpu->max_extended >= 0x80000006)
		ask(probe, 0x80000006, 0, &cpu->extended6);
	if (cpu->max_extended >= 0x8000001d) {
		/* Always in the order L1d, L1i, L2, L3; nobody asks for the terminating entry. */
		for (; cpu->cache_count < 4; cpu->cache_count++)
			ask(probe, 0x8000001d, cpu->cache_count, &cpu->cache[cpu->cache_count]);
	}
}

/* Take away what needs ymm registers, and zmm registers with them. */
static void drop_avx(struct rl_cpuid *usable)
{
	usable[RL_CPU_LEAF_1].ecx &= ~(BIT(ECX_AVX) | BIT(ECX_FMA) | BIT(ECX_F16C));
	usable[RL_CPU_LEAF_7_0].ebx &= ~(BIT(EBX_AVX2) | AVX512_BITS);
	usable[RL_CPU_LEAF_80000001].ecx &= ~(BIT(ECX_XOP) | BIT(ECX_FMA4));
}

/* Older Zhaoxin cores split 256-bit operations, so glibc keeps to SSE there. */
static bool is_avx_slow(const struct rl_cpu *cpu)
{
	if (cpu->vendor != RL_CPU_ZHAOXIN)
		return false;
	return (cpu->family == 6 && (cpu->model == 0x0f || cpu->model == 0x19))
	       || (cpu->family == 7 && (cpu->model == 0x1b || cpu->model == 0x3b));
}

static void find_usable(struct rl_cpu *cpu)
{
	struct rl_cpuid *usable = cpu->usable;
	uint32_t zmm_bits = 0;
	/* glibc reads no leaf 1 from a vendor that it does not know, and so trusts it with nothing. */
	if (cpu->vendor == RL_CPU_OTHER)
		return;
	memcpy(usable, cpu->leaf, sizeof cpu->leaf);
	if (usable[RL_CPU_LEAF_1].ecx & BIT(ECX_OSXSAVE))
		usable[RL_CPU_LEAF_1].ecx |= BIT(ECX_XSAVE);
	if ((cpu->xcr0 & (XCR0_AVX | XCR0_AVX512)) == (XCR0_AVX | XCR0_AVX512)
	    && (usable[RL_CPU_LEAF_7_0].ebx & BIT(EBX_AVX512F)))
		zmm_bits = usable[RL_CPU_LEAF_7_0].ebx & AVX512_BITS;
	if ((cpu->xcr0 & XCR0_AVX) != XCR0_AVX || !(usable[RL_CPU_LEAF_1].ecx & BIT(ECX_AVX)))
		drop_avx(usable);
	usable[RL_CPU_LEAF_7_0].ebx = (usable[RL_CPU_LEAF_7_0].ebx & ~AVX512_BITS) | zmm_bits;
	if (is_avx_slow(cpu)) {
		usable[RL_CPU_LEAF_1].ecx &= ~BIT(ECX_AVX);
		usable[RL_CPU_LEAF_7_0].ebx &= ~BIT(EBX_AVX2);
	}
}

void rl_cpu_probe_from(struct rl_cpu *out, rl_cpuid_reader *cpuid, rl_xcr0_reader *xcr0, void *context)
{
	struct probe probe = {.cpu = out, .read = cpuid, .context = context};
	struct rl_cpuid leaf0;
	memset(out, 0, sizeof *out);
	ask(&probe, 0, 0, &leaf0);
	out->max_leaf = leaf0.eax;
	out->vendor = vendor_of(&leaf0);
	read_basic_leaves(&probe);
	read_signature(out);
	if (out->vendor != RL_CPU_OTHER)
		read_extended_leaves(&probe);
	if (out->vendor == RL_CPU_INTEL || out->vendor == RL_CPU_ZHAOXIN)
		read_intel_caches(&probe);
	else if (out->vendor != RL_CPU_OTHER)
		read_amd_caches(&probe);
	if (out->leaf[RL_CPU_LEAF_1].ecx & BIT(ECX_OSXSAVE))
		out->xcr0 = xcr0(context);
	find_usable(out);
}

static void execute_cpuid(void *context, uint32_t leaf, uint32_t subleaf, struct rl_cpuid *out)
{
	(void)context;
	__asm__ volatile("cpuid"
			 : "=a"(out->eax), "=b"(out->ebx), "=c"(out->ecx), "=d"(out->edx)
			 : "a"(leaf), "c"(subleaf));
}

static uint64_t execute_xgetbv(void *context)
{
	uint32_t low, high;
	(void)context;
	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return low | (uint64_t)high << 32;
}

void rl_cpu_probe(struct rl_cpu *out, const uint64_t *aux)
{
	(void)aux; /* AT_HWCAP is one leaf of CPUID */
	rl_cpu_probe_from(out, execute_cpuid, execute_xgetbv, NULL);
	rl_port_xsave_choose(out);
}

bool rl_cpu_feature_find(const char *name, size_t length, struct rl_cpu_feature *out)
{
	enum { EAX, EBX, ECX, EDX };
	static const struct {
		char name[9];
		struct rl_cpu_feature feature;
	} features[] = {
		{"AVX", {RL_CPU_LEAF_1, ECX, ECX_AVX}},
		{"CX8", {RL_CPU_LEAF_1, EDX, 8}},
		{"FMA", {RL_CPU_LEAF_1, ECX, ECX_FMA}},
		{"HTT", {RL_CPU_LEAF_1, EDX, EDX_HTT}},
		{"IBT", {RL_CPU_LEAF_7_0, EDX, 20}},
		{"RTM", {RL_CPU_LEAF_7_0, EBX, 11}},
		{"AVX2", {RL_CPU_LEAF_7_0, EBX, EBX_AVX2}},
		{"BMI1", {RL_CPU_LEAF_7_0, EBX, EBX_BMI1}},
		{"BMI2", {RL_CPU_LEAF_7_0, EBX, EBX_BMI2}},
		{"CMOV", {RL_CPU_LEAF_1, EDX, 15}},
		{"ERMS", {RL_CPU_LEAF_7_0, EBX, 9}},
		{"FMA4", {RL_CPU_LEAF_80000001, ECX, ECX_FMA4}},
		{"SSE2", {RL_CPU_LEAF_1, EDX, 26}},
		{"LZCNT", {RL_CPU_LEAF_80000001, ECX, ECX_LZCNT}},
		{"MOVBE", {RL_CPU_LEAF_1, ECX, ECX_MOVBE}},
		{"SHSTK", {RL_CPU_LEAF_7_0, ECX, 7}},
		{"SSSE3", {RL_CPU_LEAF_1, ECX, 9}},
		{"XSAVE", {RL_CPU_LEAF_1, ECX, ECX_XSAVE}},
		{"POPCNT", {RL_CPU_LEAF_1, ECX, ECX_POPCNT}},
		{"SSE4_1", {RL_CPU_LEAF_1, ECX, 19}},
		{"SSE4_2", {RL_CPU_LEAF_1, ECX, 20}},
		{"XSAVEC", {RL_CPU_LEAF_D_1, EAX, EAX_XSAVEC}},
		{"AVX512F", {RL_CPU_LEAF_7_0, EBX, EBX_AVX512F}},
		{"OSXSAVE", {RL_CPU_LEAF_1, ECX, ECX_OSXSAVE}},
		{"AVX512CD", {RL_CPU_LEAF_7_0, EBX, EBX_AVX512CD}},
		{"AVX512BW", {RL_CPU_LEAF_7_0, EBX, EBX_AVX512BW}},
		{"AVX512DQ", {RL_CPU_LEAF_7_0, EBX, EBX_AVX512DQ}},
		{"AVX512ER", {RL_CPU_LEAF_7_0, EBX, EBX_AVX512ER}},
		{"AVX512PF", {RL_CPU_LEAF_7_0, EBX, EBX_AVX512PF}},
		{"AVX512VL", {RL_CPU_LEAF_7_0, EBX, EBX_AVX512VL}},
	};
	for (size_t i = 0; i < sizeof features / sizeof *features; i++) {
		if (strlen(features[i].name) == length && memcmp(features[i].name, name, length) == 0) {
			*out = features[i].feature;
			return true;
		}
	}
	return false;
}

void rl_cpu_feature_hide(struct rl_cpu *cpu, const struct rl_cpu_feature *feature)
{
	struct rl_cpuid *usable = cpu->usable;
	*rl_cpuid_reg(&usable[feature->leaf], feature->reg) &= ~BIT(feature->bit);
	/* Without a way to save ymm registers nothing may use them. */
	if (!(usable[RL_CPU_LEAF_1].ecx & BIT(ECX_OSXSAVE))
	    || (!(usable[RL_CPU_LEAF_1].ecx & BIT(ECX_XSAVE)) && !(usable[RL_CPU_LEAF_D_1].eax & BIT(EAX_XSAVEC))))
		drop_avx(usable);
}

unsigned int rl_cpu_isa_level(const struct rl_cpuid *usable)
{
	static const struct {
		uint32_t leaf1_ecx, leaf1_edx, leaf7_ebx, extended1_ecx;
	} levels[] = {
		/* FPU, CX8, CMOV, MMX, FXSR, SSE, SSE2 */
		{.leaf1_edx = BIT(0) | BIT(8) | BIT(15) | BIT(23) | BIT(24) | BIT(25) | BIT(26)},
		/* SSE3, SSSE3, CMPXCHG16B, SSE4.1, SSE4.2, POPCNT; LAHF and SAHF */
		{.leaf1_ecx = BIT(0) | BIT(9) | BIT(13) | BIT(19) | BIT(20) | BIT(ECX_POPCNT), .extended1_ecx = BIT(0)},
		{.leaf1_ecx = BIT(ECX_FMA) | BIT(ECX_MOVBE) | BIT(ECX_AVX) | BIT(ECX_F16C),
		 .leaf7_ebx = BIT(EBX_BMI1) | BIT(EBX_AVX2) | BIT(EBX_BMI2),
		 .extended1_ecx = BIT(ECX_LZCNT)},
		{.leaf7_ebx = BIT(EBX_AVX512F) | BIT(EBX_AVX512DQ) | BIT(EBX_AVX512CD) | BIT(EBX_AVX512BW)
			      | BIT(EBX_AVX512VL)},
	};
	unsigned int level = 0;
	for (; level < sizeof levels / sizeof *levels; level++) {
		if ((levels[level].leaf1_ecx & ~usable[RL_CPU_LEAF_1].ecx)
		    || (levels[level].leaf1_edx & ~usable[RL_CPU_LEAF_1].edx)
		    || (levels[level].leaf7_ebx & ~usable[RL_CPU_LEAF_7_0].ebx)
		    || (levels[level].extended1_ecx & ~usable[RL_CPU_LEAF_80000001].ecx))
			break;
	}
	return level;
}

const char *const *rl_cpu_hwcaps(const struct rl_cpu *cpu)
{
	static const char *const names[] = {"x86-64-v4", "x86-64-v3", "x86-64-v2", NULL};
	unsigned int level = rl_cpu_isa_level(cpu->usable);
	return &names[level < 2 ? 3 : 4 - level];
}

const char *rl_cpu_platform(const struct rl_cpu *cpu)
{
	const uint32_t phi = BIT(EBX_AVX512CD) | BIT(EBX_AVX512ER) | BIT(EBX_AVX512PF);
	const uint32_t haswell1 = BIT(ECX_FMA) | BIT(ECX_MOVBE) | BIT(ECX_POPCNT);
	const uint32_t haswell7 = BIT(EBX_BMI1) | BIT(EBX_AVX2) | BIT(EBX_BMI2);
	if (cpu->vendor != RL_CPU_INTEL)
		return NULL;
	if ((cpu->usable[RL_CPU_LEAF_7_0].ebx & phi) == phi)
		return "xeon_phi";
	if ((cpu->usable[RL_CPU_LEAF_1].ecx & haswell1) == haswell1
	    && (cpu->usable[RL_CPU_LEAF_7_0].ebx & haswell7) == haswell7
	    && (cpu->usable[RL_CPU_LEAF_80000001].ecx & BIT(ECX_LZCNT)))
		return "haswell";
	return NULL;
}

struct rl_cpu_names rl_cpu_names(const struct rl_cpu *cpu)
{
	static const char *const features[] = {"sse2", "x86_64", "avx512_1"};
	struct rl_cpu_names names = {
		.platform = rl_cpu_platform(cpu),
		.hwcaps = rl_cpu_hwcaps(cpu),
		.features = features,
		.features_mask = ~(uint64_t)0,
		.platform_mask = (uint64_t)15 << 48,
		.isa_levels = (1u << rl_cpu_isa_level(cpu->usable)) - 1,
	};
	if (names.platform != NULL)
		names.platform_bit = (uint64_t)1 << (names.platform[0] == 'h' ? 50 : 51);
	return names;
}

/* The kernel's signal frame: 448 bytes of registers and return address, 15 to align them to 16, up to 48 to align the
 * XSAVE area to 64, that area, and a closing magic word. */
size_t rl_cpu_minsigstacksize(const struct rl_cpu *cpu)
{
	const size_t constant_of_old_kernels = 2048, room = 2048; /* room for the handler itself */
	if (cpu->vendor == RL_CPU_OTHER || cpu->max_leaf < 0xd || !(cpu->leaf[RL_CPU_LEAF_1].ecx & BIT(ECX_OSXSAVE)))
		return constant_of_old_kernels + room;
	return room + ((448 + 15 + 15) & ~15ul) + 48 + cpu->state.ebx + 4;
}
