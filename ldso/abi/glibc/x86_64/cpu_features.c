/* struct cpu_features as glibc's own linker leaves it, x86_64.  Runs once, before the first IFUNC resolver.
 *
 * The CPU probe has asked everything already; here is what each release makes of the answers: which features count as
 * usable, what the tunable glibc.cpu.hwcaps changes, and where the numbers go.  Preferences of models are in
 * cpu_prefer.c, cache sizes and thresholds in cpu_cache.c.  Control-flow enforcement is not offered: its bits stay 0.
 */
#include "cpu_view.h"

#include <string.h>

/* A bit of a feature word. */
#define BIT(n) (UINT32_C(1) << (n))

enum { EAX, EBX, ECX, EDX };

enum {
	ECX_XSAVE = 26, /* leaf 1 */
	ECX_OSXSAVE = 27,
	ECX_AVX = 28,
	EBX_RTM = 11, /* leaf 7.0 */
	EBX_AVX512F = 16,
	ECX_PKU = 3,
	ECX_OSPKE = 4,
	ECX_KEYLOCKER = 23,
	EDX_RTM_ALWAYS_ABORT = 11,
	EDX_AVX10 = 19, /* leaf 7.1 */
	EAX_XSAVEC = 1, /* leaf 0xd.1 */
	EBX_AESKLE = 0, /* leaf 0x19 */
	EBX_WIDE_KL = 2,
	EBX_AVX10_XMM = 16, /* leaf 0x24 */
	EBX_AVX10_YMM = 17,
	EBX_AVX10_ZMM = 18,
	ECX_FMA4 = 16, /* leaf 0x80000001 */
};

/* XCR0: what the kernel saves. */
enum {
	STATES_AVX = 0x06,
	STATES_AVX512 = 0xe0,
	STATES_AMX = 0x60000,
	STATES_APX = 0x80000,
	STATES_RESOLVE = 0xee, /* what glibc's lazy-binding entry keeps: all but x87 */
};

/* What must hold for a feature to be usable besides the processor's own bit. */
enum need { NEED_NOTHING, NEED_XSAVE, NEED_AVX, NEED_AVX512, NEED_AMX, NEED_APX, NEED_COUNT };

/* Bits that are copied from what the processor says to what is usable. */
static const struct {
	uint8_t leaf, reg, need, since; /* since 2.since */
	uint32_t bits;
} usable[] = {
	/* SSE3, PCLMULQDQ, SSSE3, CMPXCHG16B, SSE4.1, SSE4.2, MOVBE, POPCNT, AES, OSXSAVE, RDRAND */
	{RL_CPU_LEAF_1, ECX, NEED_NOTHING, 0,
	 BIT(0) | BIT(1) | BIT(9) | BIT(13) | BIT(19) | BIT(20) | BIT(22) | BIT(23) | BIT(25) | BIT(ECX_OSXSAVE)
		 | BIT(30)},
	/* TSC, CX8, CMOV, CLFSH, MMX, FXSR, SSE, SSE2, HTT */
	{RL_CPU_LEAF_1, EDX, NEED_NOTHING, 0,
	 BIT(4) | BIT(8) | BIT(15) | BIT(19) | BIT(23) | BIT(24) | BIT(25) | BIT(26) | BIT(28)},
	/* BMI1, HLE, BMI2, ERMS, RDSEED, ADX, CLFLUSHOPT, CLWB, SHA */
	{RL_CPU_LEAF_7_0, EBX, NEED_NOTHING, 0,
	 BIT(3) | BIT(4) | BIT(8) | BIT(9) | BIT(18) | BIT(19) | BIT(23) | BIT(24) | BIT(29)},
	/* PREFETCHWT1, OSPKE, WAITPKG, GFNI, RDPID, CLDEMOTE, MOVDIRI, MOVDIR64B */
	{RL_CPU_LEAF_7_0, ECX, NEED_NOTHING, 0,
	 BIT(0) | BIT(ECX_OSPKE) | BIT(5) | BIT(8) | BIT(22) | BIT(25) | BIT(27) | BIT(28)},
	/* FSRM, RTM_ALWAYS_ABORT, SERIALIZE, TSXLDTRK */
	{RL_CPU_LEAF_7_0, EDX, NEED_NOTHING, 0, BIT(4) | BIT(EDX_RTM_ALWAYS_ABORT) | BIT(14) | BIT(16)},
	/* LAHF, LZCNT, SSE4A, PREFETCHW, TBM; RDTSCP; WBNOINVD */
	{RL_CPU_LEAF_80000001, ECX, NEED_NOTHING, 0, BIT(0) | BIT(5) | BIT(6) | BIT(8) | BIT(21)},
	{RL_CPU_LEAF_80000001, EDX, NEED_NOTHING, 0, BIT(27)},
	{RL_CPU_LEAF_80000008, EBX, NEED_NOTHING, 0, BIT(9)},
	/* FZLRM, FSRS, FSRCS; RAO_INT, CMPCCXADD; PREFETCHI; PTWRITE */
	{RL_CPU_LEAF_7_1, EAX, NEED_NOTHING, 0, BIT(10) | BIT(11) | BIT(12)},
	{RL_CPU_LEAF_7_1, EAX, NEED_NOTHING, 38, BIT(3) | BIT(7)},
	{RL_CPU_LEAF_7_1, EDX, NEED_NOTHING, 38, BIT(14)},
	{RL_CPU_LEAF_14_0, EBX, NEED_NOTHING, 34, BIT(4)},
	/* XSAVEOPT, XSAVEC, XGETBV with ecx 1, XFD; AVX10 */
	{RL_CPU_LEAF_D_1, EAX, NEED_XSAVE, 0, BIT(0) | BIT(EAX_XSAVEC) | BIT(2) | BIT(4)},
	{RL_CPU_LEAF_7_1, EDX, NEED_XSAVE, 39, BIT(EDX_AVX10)},
	/* FMA, AVX, F16C; AVX2; VAES, VPCLMULQDQ; AVX_VNNI; XOP; AVX_IFMA; AVX_VNNI_INT8, AVX_NE_CONVERT */
	{RL_CPU_LEAF_1, ECX, NEED_AVX, 0, BIT(12) | BIT(ECX_AVX) | BIT(29)},
	{RL_CPU_LEAF_7_0, EBX, NEED_AVX, 0, BIT(5)},
	{RL_CPU_LEAF_7_0, ECX, NEED_AVX, 0, BIT(9) | BIT(10)},
	{RL_CPU_LEAF_7_1, EAX, NEED_AVX, 0, BIT(4)},
	{RL_CPU_LEAF_80000001, ECX, NEED_AVX, 0, BIT(11)},
	{RL_CPU_LEAF_7_1, EAX, NEED_AVX, 38, BIT(23)},
	{RL_CPU_LEAF_7_1, EDX, NEED_AVX, 38, BIT(4) | BIT(5)},
	/* F, DQ, IFMA, PF, ER, CD, BW, VL */
	{RL_CPU_LEAF_7_0, EBX, NEED_AVX512, 0,
	 BIT(EBX_AVX512F) | BIT(17) | BIT(21) | BIT(26) | BIT(27) | BIT(28) | BIT(30) | BIT(31)},
	/* VBMI, VBMI2, VNNI, BITALG, VPOPCNTDQ; 4VNNIW, 4FMAPS, VP2INTERSECT, FP16; BF16 */
	{RL_CPU_LEAF_7_0, ECX, NEED_AVX512, 0, BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14)},
	{RL_CPU_LEAF_7_0, EDX, NEED_AVX512, 0, BIT(2) | BIT(3) | BIT(8) | BIT(23)},
	{RL_CPU_LEAF_7_1, EAX, NEED_AVX512, 0, BIT(5)},
	/* AMX: BF16, TILE, INT8; FP16; COMPLEX.  APX. */
	{RL_CPU_LEAF_7_0, EDX, NEED_AMX, 0, BIT(22) | BIT(24) | BIT(25)},
	{RL_CPU_LEAF_7_1, EAX, NEED_AMX, 38, BIT(21)},
	{RL_CPU_LEAF_7_1, EDX, NEED_AMX, 38, BIT(8)},
	{RL_CPU_LEAF_7_1, EDX, NEED_APX, 38, BIT(21)},
};

static uint32_t reg_of(struct rl_cpuid *leaves, unsigned int leaf, unsigned int reg)
{
	return *rl_cpuid_reg(&leaves[leaf], reg);
}

/* The original reads no leaf 1 and no extended leaf on a vendor that it does not know. */
static void read_leaves(struct rl_glibc_cpu *view)
{
	memcpy(view->leaf, view->cpu->leaf, sizeof view->leaf);
	if (view->cpu->vendor == RL_CPU_OTHER)
		memset(&view->leaf[RL_CPU_LEAF_1], 0, sizeof view->leaf[RL_CPU_LEAF_1]);
	if (view->release < 239 || !(view->leaf[RL_CPU_LEAF_1].ecx & BIT(ECX_OSXSAVE)))
		memset(&view->leaf[RL_CPU_LEAF_24_0], 0, sizeof view->leaf[RL_CPU_LEAF_24_0]);
	if (view->release < 234)
		memset(&view->leaf[RL_CPU_LEAF_14_0], 0, sizeof view->leaf[RL_CPU_LEAF_14_0]);
}

static bool has_states(const struct rl_glibc_cpu *view, uint64_t states)
{
	return (view->leaf[RL_CPU_LEAF_1].ecx & BIT(ECX_OSXSAVE)) && (view->cpu->xcr0 & states) == states;
}

/* Features with conditions of their own. */
static void activate_special(struct rl_glibc_cpu *view)
{
	const struct rl_cpuid *leaf7 = &view->leaf[RL_CPU_LEAF_7_0];
	struct rl_cpuid *active7 = &view->active[RL_CPU_LEAF_7_0];
	if (!(leaf7->edx & BIT(EDX_RTM_ALWAYS_ABORT)))
		active7->ebx |= leaf7->ebx & BIT(EBX_RTM);
	if (leaf7->ecx & BIT(ECX_OSPKE))
		active7->ecx |= BIT(ECX_PKU);
	if (view->leaf[RL_CPU_LEAF_19].ebx & BIT(EBX_AESKLE)) {
		active7->ecx |= leaf7->ecx & BIT(ECX_KEYLOCKER);
		view->active[RL_CPU_LEAF_19].ebx |=
			BIT(EBX_AESKLE) | (view->leaf[RL_CPU_LEAF_19].ebx & BIT(EBX_WIDE_KL));
	}
	if (view->leaf[RL_CPU_LEAF_1].ecx & BIT(ECX_OSXSAVE))
		view->active[RL_CPU_LEAF_1].ecx |= BIT(ECX_XSAVE);
}

static void activate(struct rl_glibc_cpu *view)
{
	bool has_avx = has_states(view, STATES_AVX) && (view->leaf[RL_CPU_LEAF_1].ecx & BIT(ECX_AVX));
	bool has_zmm = has_states(view, STATES_AVX | STATES_AVX512);
	const bool met[NEED_COUNT] = {
		[NEED_NOTHING] = true,
		[NEED_XSAVE] = has_states(view, 0),
		[NEED_AVX] = has_avx,
		[NEED_AVX512] = has_zmm && (view->leaf[RL_CPU_LEAF_7_0].ebx & BIT(EBX_AVX512F)),
		[NEED_AMX] = has_states(view, STATES_AMX),
		[NEED_APX] = has_states(view, STATES_APX),
	};
	for (size_t i = 0; i < sizeof usable / sizeof *usable; i++) {
		if (met[usable[i].need] && view->release >= 200u + usable[i].since)
			*rl_cpuid_reg(&view->active[usable[i].leaf], usable[i].reg) |=
				reg_of(view->leaf, usable[i].leaf, usable[i].reg) & usable[i].bits;
	}
	if (view->active[RL_CPU_LEAF_7_1].edx & BIT(EDX_AVX10)) {
		uint32_t widths =
			BIT(EBX_AVX10_XMM) | (has_avx ? BIT(EBX_AVX10_YMM) : 0) | (has_zmm ? BIT(EBX_AVX10_ZMM) : 0);
		view->active[RL_CPU_LEAF_24_0].ebx |= view->leaf[RL_CPU_LEAF_24_0].ebx & widths;
	}
	activate_special(view);
}

/* Levels are judged before any preference or tunable changes what is active; the FPU bit is never made active. */
static void find_isa_levels(struct rl_glibc_cpu *view)
{
	struct rl_cpuid judged[RL_CPU_LEAF_COUNT];
	memcpy(judged, view->active, sizeof judged);
	judged[RL_CPU_LEAF_1].edx |= view->leaf[RL_CPU_LEAF_1].edx & BIT(0);
	view->isa_levels = BIT(rl_cpu_isa_level(judged)) - 1;
}

/* Room on the stack for glibc's lazy-binding entry: the state and the registers beside it, in multiples of 64.  Ours
 * has its own (xsave.c), but the fields are there to be looked at. */
static void measure_states(struct rl_glibc_cpu *view)
{
	uint32_t registers = view->release >= 238 ? 64 + 24 : 64;
	uint64_t states = view->release >= 238 ? STATES_RESOLVE | STATES_APX : STATES_RESOLVE;
	if (!has_states(view, 0) || (int32_t)view->cpu->max_leaf < 0xd || view->cpu->state.ebx == 0)
		return;
	view->xsave_state_full_size = (view->cpu->state.ebx + registers + 63) & ~UINT32_C(63);
	view->xsave_state_size = view->xsave_state_full_size;
	if (view->leaf[RL_CPU_LEAF_D_1].eax & BIT(EAX_XSAVEC))
		view->xsave_state_size = (rl_cpu_xsavec_size(view->cpu, states) + registers + 63) & ~UINT32_C(63);
}

/* Words of glibc.cpu.hwcaps that are preferences.  Some are accepted only with a feature that makes sense of them. */
static const struct {
	char name[27];
	uint8_t since;
	bool only_off;
	uint32_t preference;
	struct rl_cpu_feature need;
} preference_words[] = {
	{"Slow_BSF", 0, false, RL_PREFER_SLOW_BSF, {0}},
	{"I586", 0, true, RL_PREFER_I586, {0}},
	{"I686", 0, true, RL_PREFER_I686, {0}},
	{"Prefer_ERMS", 0, false, RL_PREFER_ERMS, {0}},
	{"Prefer_FSRM", 0, false, RL_PREFER_FSRM, {0}},
	{"Avoid_STOSB", 41, false, RL_PREFER_AVOID_STOSB, {0}},
	{"Slow_SSE4_2", 0, false, RL_PREFER_SLOW_SSE4_2, {RL_CPU_LEAF_1, ECX, 20}},
	{"Fast_Rep_String", 0, false, RL_PREFER_FAST_REP_STRING, {0}},
	{"Prefer_No_AVX512", 0, false, RL_PREFER_NO_AVX512, {RL_CPU_LEAF_7_0, EBX, EBX_AVX512F}},
	{"Fast_Copy_Backward", 0, false, RL_PREFER_FAST_COPY_BACKWARD, {0}},
	{"Fast_Unaligned_Load", 0, false, RL_PREFER_FAST_UNALIGNED_LOAD, {0}},
	{"Fast_Unaligned_Copy", 0, false, RL_PREFER_FAST_UNALIGNED_COPY, {0}},
	{"Prefer_No_VZEROUPPER", 0, false, RL_PREFER_NO_VZEROUPPER, {RL_CPU_LEAF_1, ECX, ECX_AVX}},
	{"AVX_Fast_Unaligned_Load", 0, false, RL_PREFER_AVX_FAST_UNALIGNED_LOAD, {RL_CPU_LEAF_1, ECX, ECX_AVX}},
	{"MathVec_Prefer_No_AVX512", 0, false, RL_PREFER_MATHVEC_NO_AVX512, {RL_CPU_LEAF_7_0, EBX, EBX_AVX512F}},
	{"Avoid_Non_Temporal_Memset", 39, false, RL_PREFER_AVOID_NON_TEMPORAL_MEMSET, {0}},
	{"Prefer_PMINUB_for_stringop", 0, false, RL_PREFER_PMINUB_FOR_STRINGOP, {RL_CPU_LEAF_1, EDX, 26}},
};

/* One word of glibc.cpu.hwcaps. */
struct word {
	const char *text;
	size_t length;
	bool is_off; /* it began with '-' */
};

/* Take the next word from the list; false at its end.  Empty words are passed over. */
static bool next_word(const char **list, const char *end, struct word *out)
{
	while (*list < end && **list == ',')
		++*list;
	if (*list >= end)
		return false;
	out->is_off = **list == '-';
	out->text = *list + out->is_off;
	while (*list < end && **list != ',')
		++*list;
	out->length = (size_t)(*list - out->text);
	return true;
}

static void apply_preference(struct rl_glibc_cpu *view, const struct word *word)
{
	for (size_t i = 0; i < sizeof preference_words / sizeof *preference_words; i++) {
		const struct rl_cpu_feature *need = &preference_words[i].need;
		if (strlen(preference_words[i].name) != word->length
		    || memcmp(preference_words[i].name, word->text, word->length) != 0
		    || view->release < 200u + preference_words[i].since)
			continue;
		if (word->is_off)
			view->preferred &= ~preference_words[i].preference;
		else if (!preference_words[i].only_off
			 && (need->bit == 0 || (reg_of(view->active, need->leaf, need->reg) & BIT(need->bit))))
			view->preferred |= preference_words[i].preference;
		return;
	}
}

static void apply_hwcaps(struct rl_glibc_cpu *view)
{
	size_t length = 0;
	const char *list = rl_tunables_text(view->tunables, "glibc.cpu.hwcaps", &length);
	struct rl_cpu_feature feature;
	struct word word;
	for (const char *at = list; list != NULL && next_word(&at, list + length, &word);) {
		if (!rl_cpu_feature_find(word.text, word.length, &feature)) {
			apply_preference(view, &word);
			continue;
		}
		if (!word.is_off)
			continue;
		*rl_cpuid_reg(&view->active[feature.leaf], feature.reg) &= ~BIT(feature.bit);
		if (feature.leaf == RL_CPU_LEAF_D_1)
			view->xsave_state_size = view->xsave_state_full_size;
	}
	if (view->release >= 238 && rl_tunables_number(view->tunables, "glibc.cpu.prefer_map_32bit_exec", 0) != 0)
		view->preferred |= RL_PREFER_MAP_32BIT_EXEC;
}

/* Without XSAVE nobody may use the registers that only it saves. */
static void drop_unsaved(struct rl_glibc_cpu *view)
{
	struct rl_cpuid *leaf1 = &view->active[RL_CPU_LEAF_1], *state = &view->active[RL_CPU_LEAF_D_1];
	if (view->release < 234)
		return;
	if (!(leaf1->ecx & BIT(ECX_OSXSAVE))) {
		leaf1->ecx &= ~BIT(ECX_XSAVE);
		state->eax &= ~(BIT(0) | BIT(EAX_XSAVEC) | BIT(2) | BIT(4));
	}
	if ((leaf1->ecx & BIT(ECX_XSAVE)) || (state->eax & BIT(EAX_XSAVEC)))
		return;
	view->xsave_state_size = 0;
	view->active[RL_CPU_LEAF_80000001].ecx &= ~BIT(ECX_FMA4);
	for (size_t i = 0; i < sizeof usable / sizeof *usable; i++) {
		if (usable[i].since == 0 && usable[i].need >= NEED_AVX)
			*rl_cpuid_reg(&view->active[usable[i].leaf], usable[i].reg) &= ~usable[i].bits;
	}
}

static void store32(unsigned char *base, uint16_t offset, uint32_t value)
{
	if (offset != RL_ABSENT)
		memcpy(base + offset, &value, sizeof value);
}

static void store64(unsigned char *base, uint16_t offset, uint64_t value)
{
	if (offset != RL_ABSENT)
		memcpy(base + offset, &value, sizeof value);
}

static void store_basic(const struct rl_glibc_layout *layout, const struct rl_cpu *cpu, unsigned char *base)
{
	static const uint8_t kinds[] = {
		[RL_CPU_INTEL] = 1, [RL_CPU_AMD] = 2, [RL_CPU_HYGON] = 2, [RL_CPU_ZHAOXIN] = 3, [RL_CPU_OTHER] = 4};
	uint16_t basic = layout->cpu_features.basic;
	uint32_t kind = kinds[cpu->vendor];
	if (layout->release >= 241 && cpu->vendor == RL_CPU_HYGON)
		kind = 4;
	else if (layout->release >= 241 && cpu->vendor == RL_CPU_OTHER)
		kind = 5;
	/* libc 2.31 asks the processor itself, at length, unless it believes that it does not know it. */
	if (layout->release < 232)
		kind = kinds[RL_CPU_OTHER];
	store32(base, basic, kind);
	store32(base, basic + 4, cpu->max_leaf);
	store32(base, basic + 8, cpu->family);
	store32(base, basic + 12, cpu->model);
	/* The original loses a Zhaoxin's stepping in a variable of the same name. */
	store32(base, basic + 16, cpu->vendor == RL_CPU_ZHAOXIN ? 0 : cpu->stepping);
}

static void store_features(const struct rl_glibc_layout *layout, const struct rl_glibc_cpu *view, unsigned char *base)
{
	const struct rl_glibc_cpu_features *at = &layout->cpu_features;
	uint32_t low = view->preferred & (RL_PREFER_MAP_32BIT_EXEC - 1);
	uint32_t rest = view->preferred & ~low & ~(uint32_t)RL_PREFER_MAP_32BIT_EXEC;
	for (unsigned int i = 0; i < at->features_count && i < RL_CPU_LEAF_COUNT; i++) {
		unsigned char *entry = base + at->features + 2 * sizeof(struct rl_cpuid) * i;
		memcpy(entry, &view->leaf[i], sizeof view->leaf[i]);
		memcpy(entry + sizeof view->leaf[i], &view->active[i], sizeof view->active[i]);
	}
	if (layout->preferred_kind == RL_GLIBC_PREFERRED_MAP32)
		store32(base, at->preferred, view->preferred);
	else if (layout->preferred_kind == RL_GLIBC_PREFERRED_PLAIN)
		store32(base, at->preferred, low | rest >> 1);
	store32(base, at->isa_1, view->isa_levels);
	store64(base, at->xsave_state_size, view->xsave_state_size);
	store32(base, at->xsave_state_full_size, view->xsave_state_full_size);
}

static void store_sizes(const struct rl_glibc_layout *layout, const struct rl_glibc_cpu *view, unsigned char *base)
{
	const struct rl_glibc_cpu_features *at = &layout->cpu_features;
	const struct rl_glibc_caches *caches = &view->caches;
	store64(base, at->data_cache_size, view->data_size);
	store64(base, at->shared_cache_size, view->shared_size);
	store64(base, at->non_temporal_threshold, view->non_temporal_threshold);
	store64(base, at->memset_non_temporal_threshold, view->memset_non_temporal_threshold);
	store64(base, at->rep_movsb_threshold, view->rep_movsb_threshold);
	store64(base, at->rep_movsb_stop_threshold, view->rep_movsb_stop_threshold);
	store64(base, at->rep_stosb_threshold, view->rep_stosb_threshold);
	store64(base, at->level1_icache_size, (uint64_t)caches->level1_code.size);
	store64(base, at->level1_icache_linesize, (uint64_t)caches->level1_code.line);
	store64(base, at->level1_dcache_size, (uint64_t)caches->level1_data.size);
	store64(base, at->level1_dcache_assoc, (uint64_t)caches->level1_data.ways);
	store64(base, at->level1_dcache_linesize, (uint64_t)caches->level1_data.line);
	store64(base, at->level2_cache_size, (uint64_t)caches->level2.size);
	store64(base, at->level2_cache_assoc, (uint64_t)caches->level2.ways);
	store64(base, at->level2_cache_linesize, (uint64_t)caches->level2.line);
	store64(base, at->level3_cache_size, (uint64_t)caches->level3.size);
	store64(base, at->level3_cache_assoc, (uint64_t)caches->level3.ways);
	store64(base, at->level3_cache_linesize, (uint64_t)caches->level3.line);
	store64(base, at->level4_cache_size, (uint64_t)caches->level4_size);
	/* Since 2.38 the divisor is kept too, in the last word. */
	if (layout->release >= 238 && at->level4_cache_size != RL_ABSENT && at->size == at->level4_cache_size + 16)
		store64(base, at->level4_cache_size + 8, view->non_temporal_divisor);
}

const void *rl_glibc_cpu_features;

void rl_glibc_cpu_features_fill(const struct rl_glibc_layout *layout, const struct rl_cpu *cpu,
				const struct rl_tunables *tunables, unsigned char *cpu_features)
{
	struct rl_glibc_cpu view;
	rl_glibc_cpu_features = cpu_features;
	memset(&view, 0, sizeof view);
	view.cpu = cpu;
	view.tunables = tunables;
	view.release = layout->release;
	view.has_memset_threshold = layout->cpu_features.memset_non_temporal_threshold != RL_ABSENT;
	read_leaves(&view);
	activate(&view);
	find_isa_levels(&view);
	measure_states(&view);
	rl_glibc_cpu_prefer(&view);
	rl_glibc_cpu_thresholds(&view);
	apply_hwcaps(&view);
	drop_unsaved(&view);
	store_basic(layout, cpu, cpu_features);
	store_features(layout, &view, cpu_features);
	store_sizes(layout, &view, cpu_features);
}

void rl_glibc_cpu_restrict(struct rl_cpu *cpu, const struct rl_tunables *tunables)
{
	size_t length = 0;
	const char *list = rl_tunables_text(tunables, "glibc.cpu.hwcaps", &length);
	struct rl_cpu_feature feature;
	struct word word;
	for (const char *at = list; list != NULL && next_word(&at, list + length, &word);) {
		if (word.is_off && rl_cpu_feature_find(word.text, word.length, &feature))
			rl_cpu_feature_hide(cpu, &feature);
	}
}

uint64_t rl_glibc_hwcap(const struct rl_cpu *cpu)
{
	enum { HWCAP_X86_64 = 2, HWCAP_AVX512_1 = 4 };
	const uint32_t has = BIT(17) | BIT(28) | BIT(30) | BIT(31), has_not = BIT(27); /* DQ, CD, BW, VL; ER */
	uint32_t word = cpu->usable[RL_CPU_LEAF_7_0].ebx;
	if (cpu->vendor == RL_CPU_INTEL && (word & has) == has && !(word & has_not))
		return HWCAP_X86_64 | HWCAP_AVX512_1;
	return HWCAP_X86_64;
}
