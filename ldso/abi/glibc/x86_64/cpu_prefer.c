/* What glibc prefers on a model, x86_64: bits of cpu_features.preferred, and features it does not trust.
 *
 * Facts about single models, kept as tables; they follow the stable branch of each release.
 */
#include "cpu_view.h"

/* A bit of a feature word. */
#define BIT(n) (UINT32_C(1) << (n))

enum {
	ECX_AVX = 28, /* leaf 1 */
	EDX_CX8 = 8,
	EDX_CMOV = 15,
	EBX_HLE = 4, /* leaf 7.0 */
	EBX_AVX2 = 5,
	EBX_ERMS = 9,
	EBX_RTM = 11,
	EBX_AVX512ER = 27,
	EDX_FSRM = 4,
	EDX_RTM_ALWAYS_ABORT = 11,
	EAX_AVX_VNNI = 4, /* leaf 7.1 */
	ECX_FMA4 = 16,    /* leaf 0x80000001 */
	KIND_MODERN = RL_PREFER_FAST_REP_STRING | RL_PREFER_FAST_UNALIGNED_LOAD | RL_PREFER_FAST_UNALIGNED_COPY
		      | RL_PREFER_PMINUB_FOR_STRINGOP,
	KIND_SMALL = RL_PREFER_FAST_UNALIGNED_LOAD | RL_PREFER_FAST_UNALIGNED_COPY | RL_PREFER_PMINUB_FOR_STRINGOP
		     | RL_PREFER_SLOW_SSE4_2,
	KIND_TREMONT = KIND_SMALL | RL_PREFER_FAST_REP_STRING,
};

/* Models of family 6 whose preferences do not follow from AVX alone. */
static const struct {
	uint8_t model;
	uint16_t since;
	uint32_t preferred;
} tuned_models[] = {
	{0x1c, 0, RL_PREFER_SLOW_BSF},   {0x26, 0, RL_PREFER_SLOW_BSF},   /* Bonnell */
	{0x27, 238, RL_PREFER_SLOW_BSF}, {0x35, 238, RL_PREFER_SLOW_BSF}, /* Saltwell, its shrink */
	{0x36, 238, RL_PREFER_SLOW_BSF}, {0x37, 0, KIND_SMALL},           {0x4a, 0, KIND_SMALL},
	{0x4d, 0, KIND_SMALL}, /* Silvermont */
	{0x5d, 0, KIND_SMALL},           {0x4c, 0, KIND_SMALL},           {0x5a, 0, KIND_SMALL},
	{0x75, 0, KIND_SMALL},                                                                   /* Airmont */
	{0x5c, 0, KIND_SMALL},           {0x5f, 0, KIND_SMALL},           {0x7a, 0, KIND_SMALL}, /* Goldmont */
	{0x57, 0, KIND_SMALL},                                                                   /* Knights Landing */
	{0x86, 0, KIND_TREMONT},         {0x96, 0, KIND_TREMONT},         {0x9c, 0, KIND_TREMONT},
	{0x1a, 0, KIND_MODERN},          {0x1e, 0, KIND_MODERN},          {0x1f, 0, KIND_MODERN}, /* Nehalem */
	{0x2e, 0, KIND_MODERN},          {0x25, 0, KIND_MODERN},          {0x2c, 0, KIND_MODERN},
	{0x2f, 0, KIND_MODERN}, /* Westmere */
};

/* Since 2.38: large cores of family 6 in order of age.  Up to Broadwell an eighth of the last cache is the limit for
 * stores that bypass it, later half; on all others a quarter. */
static const uint8_t models_of_an_eighth[] = {
	0x1a, 0x1e, 0x1f, 0x2e, 0x25, 0x2c, 0x2f, 0x2a, 0x2d, 0x3a,
	0x3e, 0x3c, 0x3f, 0x45, 0x46, 0x3d, 0x47, 0x4f, 0x56,
};
static const uint8_t models_of_half[] = {
	0x4e, 0x5e, 0x8e, 0x9e, 0xa5, 0xa6, 0x55, 0x66, 0x6a, 0x6c, 0x7d, 0x7e, 0x9d, 0x8c, 0x8d, 0xa7,
	0x8f, 0xb7, 0xba, 0xbf, 0xcf, 0xaa, 0xac, 0xbd, 0xc6, 0xad, 0xae, 0x8a, 0x97, 0x9a, 0xbe,
};
static const uint8_t models_of_half_since_239[] = {0xb5, 0xc5, 0xcc, 0xd5};

static bool is_one_of(uint32_t model, const uint8_t *models, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (models[i] == model)
			return true;
	}
	return false;
}

#define IS_ONE_OF(model, models) is_one_of(model, models, sizeof(models))

/* Since 2.39 families 18 and 19 continue family 6. */
static bool is_half_by_family(const struct rl_glibc_cpu *view)
{
	const struct rl_cpu *cpu = view->cpu;
	return view->release >= 239
	       && ((cpu->family == 18 && (cpu->model == 1 || cpu->model == 3))
		   || (cpu->family == 19 && cpu->model == 1));
}

static void divide_intel(struct rl_glibc_cpu *view)
{
	uint32_t model = view->cpu->model;
	if (view->cpu->family != 6) {
		if (is_half_by_family(view))
			view->non_temporal_divisor = 2;
		return;
	}
	if (IS_ONE_OF(model, models_of_an_eighth))
		view->non_temporal_divisor = 8;
	else if (IS_ONE_OF(model, models_of_half)
		 || (view->release >= 239 && IS_ONE_OF(model, models_of_half_since_239)))
		view->non_temporal_divisor = 2;
	/* The mesh of Skylake servers makes such stores slow. */
	if (view->has_memset_threshold && (model == 0x55 || model == 0x66))
		view->preferred |= RL_PREFER_AVOID_NON_TEMPORAL_MEMSET;
}

/* Transactional memory that is broken or that microcode aborts. */
static void distrust_tsx(struct rl_glibc_cpu *view)
{
	struct rl_cpuid *active = &view->active[RL_CPU_LEAF_7_0];
	uint32_t model = view->cpu->model, stepping = view->cpu->stepping;
	switch (model) {
	case 0x55: /* Skylake servers; later steppings are other cores */
		if (stepping > 5)
			return;
		break;
	case 0x8e: /* Kaby Lake and what came of it */
	case 0x9e:
		if (stepping > 0xc)
			return;
		break;
	case 0x4e: /* Skylake */
	case 0x5e:
		break;
	case 0x3f: /* Haswell; the last servers of that name have it working */
		if (stepping >= 4)
			return;
		active->ebx &= ~BIT(EBX_RTM);
		return;
	case 0x3c:
	case 0x45:
	case 0x46:
		active->ebx &= ~BIT(EBX_RTM);
		return;
	default:
		return;
	}
	active->ebx &= ~(BIT(EBX_HLE) | BIT(EBX_RTM));
	active->edx |= BIT(EDX_RTM_ALWAYS_ABORT);
}

static void tune_intel_model(struct rl_glibc_cpu *view)
{
	if (view->cpu->family == 6) {
		for (size_t i = 0; i < sizeof tuned_models / sizeof *tuned_models; i++) {
			if (tuned_models[i].model == view->cpu->model && tuned_models[i].since <= view->release) {
				view->preferred |= tuned_models[i].preferred;
				return;
			}
		}
	} else if (view->release < 239) {
		return;
	}
	if (view->leaf[RL_CPU_LEAF_1].ecx & BIT(ECX_AVX))
		view->preferred |= KIND_MODERN;
}

static void prefer_intel(struct rl_glibc_cpu *view)
{
	const struct rl_cpuid *leaf7 = &view->leaf[RL_CPU_LEAF_7_0];
	tune_intel_model(view);
	if (view->cpu->family == 6)
		distrust_tsx(view);
	if (view->release >= 238)
		divide_intel(view);
	if (leaf7->ebx & BIT(EBX_AVX512ER)) {
		view->preferred |= RL_PREFER_NO_VZEROUPPER;
	} else {
		/* Cores without AVX-VNNI lower their clock for zmm registers. */
		if (!(view->leaf[RL_CPU_LEAF_7_1].eax & BIT(EAX_AVX_VNNI)))
			view->preferred |= RL_PREFER_NO_AVX512;
		/* VZEROUPPER aborts a transaction. */
		if (view->active[RL_CPU_LEAF_7_0].ebx & BIT(EBX_RTM))
			view->preferred |= RL_PREFER_NO_VZEROUPPER;
	}
	if (leaf7->edx & BIT(EDX_FSRM))
		view->preferred |= RL_PREFER_AVOID_SHORT_REP_MOVSB;
}

static void prefer_amd(struct rl_glibc_cpu *view)
{
	const struct rl_cpu *cpu = view->cpu;
	if (view->active[RL_CPU_LEAF_1].ecx & BIT(ECX_AVX))
		view->active[RL_CPU_LEAF_80000001].ecx |= view->leaf[RL_CPU_LEAF_80000001].ecx & BIT(ECX_FMA4);
	/* Excavator. */
	if (cpu->family == 0x15 && cpu->model >= 0x60 && cpu->model <= 0x7f) {
		view->preferred |= RL_PREFER_FAST_UNALIGNED_LOAD | RL_PREFER_FAST_COPY_BACKWARD;
		view->preferred &= ~RL_PREFER_AVX_FAST_UNALIGNED_LOAD;
	}
}

static void prefer_hygon(struct rl_glibc_cpu *view)
{
	if (view->release < 243)
		return;
	if (view->cpu->model < 4)
		view->preferred &= ~RL_PREFER_AVX_FAST_UNALIGNED_LOAD;
	else if (view->cpu->model == 7)
		view->preferred |= RL_PREFER_NO_AVX512;
}

static void prefer_zhaoxin(struct rl_glibc_cpu *view)
{
	uint32_t family = view->cpu->family, model = view->cpu->model;
	bool is_oldest = family == 6 && (model == 0x0f || model == 0x19);
	bool is_old = family == 7 && (model == 0x1b || model == 0x3b);
	bool is_new = view->release >= 240 && family == 7 && (model == 0x5b || model == 0x6b);
	if (is_oldest || is_old) {
		view->active[RL_CPU_LEAF_1].ecx &= ~BIT(ECX_AVX);
		view->active[RL_CPU_LEAF_7_0].ebx &= ~BIT(EBX_AVX2);
	}
	if (is_oldest || (is_old && model == 0x1b))
		view->preferred |= RL_PREFER_SLOW_SSE4_2;
	if (is_oldest || is_old || is_new)
		view->preferred &= ~RL_PREFER_AVX_FAST_UNALIGNED_LOAD;
	if (is_new) {
		view->preferred |= RL_PREFER_NO_VZEROUPPER | RL_PREFER_FAST_UNALIGNED_LOAD;
		if (model == 0x5b)
			view->non_temporal_divisor = 2;
	}
}

void rl_glibc_cpu_prefer(struct rl_glibc_cpu *view)
{
	enum rl_cpu_vendor vendor = view->cpu->vendor;
	bool is_zhaoxin_or_other = vendor == RL_CPU_ZHAOXIN || vendor == RL_CPU_OTHER;
	view->non_temporal_divisor = 4;
	if (view->active[RL_CPU_LEAF_7_0].ebx & BIT(EBX_AVX2))
		view->preferred |= RL_PREFER_AVX_FAST_UNALIGNED_LOAD;
	if (view->has_memset_threshold && is_zhaoxin_or_other)
		view->preferred |= RL_PREFER_AVOID_NON_TEMPORAL_MEMSET;
	if (vendor == RL_CPU_INTEL)
		prefer_intel(view);
	else if (vendor == RL_CPU_AMD || (vendor == RL_CPU_HYGON && view->release < 241))
		prefer_amd(view);
	else if (vendor == RL_CPU_HYGON)
		prefer_hygon(view);
	else if (vendor == RL_CPU_ZHAOXIN)
		prefer_zhaoxin(view);
	if (view->leaf[RL_CPU_LEAF_1].edx & BIT(EDX_CX8))
		view->preferred |= RL_PREFER_I586;
	if (view->leaf[RL_CPU_LEAF_1].edx & BIT(EDX_CMOV))
		view->preferred |= RL_PREFER_I686;
	if (view->release >= 241 && !(view->active[RL_CPU_LEAF_7_0].ebx & BIT(EBX_ERMS)))
		view->preferred |= RL_PREFER_AVOID_STOSB;
}
