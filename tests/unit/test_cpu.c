/* The CPU probe, and struct cpu_features against the host's own linker and against recorded processors. */
#define _GNU_SOURCE /* dlvsym, dladdr1 */

#include "../../arch/port.h"
#include "../../ldso/abi/glibc/cpu_features.h"
#include "recorded_cpus.h"
#include "check.h"

#include <dlfcn.h>
#include <elf.h>
#include <gnu/libc-version.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

extern char **environ;

static char *no_environment[] = {NULL};

/* The first layout of a release; size is that of _rtld_global_ro, or 0 for any. */
static const struct rl_glibc_layout *layout_of(unsigned int release, size_t size)
{
	for (size_t i = 0; i < rl_glibc_layouts_count; i++) {
		const struct rl_glibc_layout *layout = &rl_glibc_layouts[i];
		if (layout->release == release && layout->machine == RL_PORT_MACHINE
		    && (size == 0 || layout->global_ro.size == size))
			return layout;
	}
	return NULL;
}

/* This very process was set up by the host's linker: its structure must be what we compute, byte for byte. */
static void host_check(void)
{
	unsigned int major = 0, minor = 0;
	const unsigned char *host = dlvsym(RTLD_DEFAULT, "_rtld_global_ro", "GLIBC_PRIVATE");
	const ElfW(Sym) *symbol = NULL;
	Dl_info info;
	if (host == NULL || dladdr1(host, &info, (void **)&symbol, RTLD_DL_SYMENT) == 0 || symbol == NULL
	    || sscanf(gnu_get_libc_version(), "%u.%u", &major, &minor) != 2)
		return;
	const struct rl_glibc_layout *layout = layout_of(major * 100 + minor, symbol->st_size);
	if (layout == NULL || layout->release < 234) {
		printf("the host's glibc has no layout to compare with\n");
		return;
	}
	struct rl_cpu cpu;
	struct rl_tunables tunables;
	size_t size = layout->cpu_features.size;
	unsigned char *ours = calloc(1, size);
	rl_cpu_probe(&cpu, NULL);
	rl_tunables_start(&tunables, layout->release, environ, false);
	rl_glibc_cpu_features_fill(layout, &cpu, &tunables, ours);
	host += layout->global_ro.dl_cpu_features;
	for (size_t i = 0; i < size; i++) {
		/* The number of the core that answered leaf 1. */
		if (i == layout->cpu_features.features + offsetof(struct rl_cpuid, ebx) + 3u || ours[i] == host[i])
			continue;
		fprintf(stderr, "cpu_features[%zu] is %#x, the host's linker has %#x\n", i, ours[i], host[i]);
		check_failures++;
		break;
	}
	rl_glibc_cpu_restrict(&cpu, &tunables);
	CHECK(rl_glibc_hwcap(&cpu) == getauxval(AT_HWCAP));
	CHECK(cpu.cpuid_count <= 20);
	free(ours);
}

static void replay(void *context, uint32_t leaf, uint32_t subleaf, struct rl_cpuid *out)
{
	const struct recorded_cpu *recorded = context;
	static struct recorded_leaf asked[32];
	static const void *last;
	static size_t count;
	memset(out, 0, sizeof *out);
	for (size_t i = 0; i < sizeof recorded->leaves / sizeof *recorded->leaves; i++) {
		const struct recorded_leaf *answer = &recorded->leaves[i];
		if (answer->leaf != leaf || answer->subleaf != subleaf)
			continue;
		*out = (struct rl_cpuid){answer->eax, answer->ebx, answer->ecx, answer->edx};
		break;
	}
	/* No leaf is asked twice. */
	count = leaf == 0 || last != context ? 0 : count;
	last = context;
	for (size_t i = 0; i < count; i++)
		CHECK(asked[i].leaf != leaf || asked[i].subleaf != subleaf);
	asked[count++] = (struct recorded_leaf){.leaf = leaf, .subleaf = subleaf};
}

static uint64_t replay_xcr0(void *context)
{
	(void)context;
	return RECORDED_XCR0;
}

static void load(const struct recorded_cpu *recorded, struct rl_cpu *out)
{
	rl_cpu_probe_from(out, replay, replay_xcr0, (void *)(uintptr_t)recorded);
}

static uint32_t word_at(const unsigned char *base, size_t offset)
{
	uint32_t word;
	memcpy(&word, base + offset, sizeof word);
	return word;
}

static uint64_t number_at(const unsigned char *base, size_t offset)
{
	uint64_t number;
	memcpy(&number, base + offset, sizeof number);
	return number;
}

static void recorded_check(const struct recorded_cpu *recorded)
{
	const struct rl_glibc_layout *layout = layout_of(236, 0);
	const struct rl_glibc_cpu_features *at = &layout->cpu_features;
	struct rl_cpu cpu;
	struct rl_tunables tunables;
	int before = check_failures;
	unsigned char *ours = calloc(1, at->size);
	load(recorded, &cpu);
	rl_tunables_start(&tunables, 236, no_environment, false);
	rl_glibc_cpu_features_fill(layout, &cpu, &tunables, ours);
	for (size_t i = 0; i < 5; i++)
		CHECK(word_at(ours, at->basic + 4 * i) == recorded->basic[i]);
	for (size_t i = 0; i < 36; i++)
		CHECK(word_at(ours, at->features + 32 * (i / 4) + 16 + 4 * (i % 4)) == recorded->active[i / 4][i % 4]);
	CHECK(word_at(ours, at->preferred) == recorded->preferred);
	CHECK(word_at(ours, at->isa_1) == recorded->isa_1);
	for (size_t i = 0; i < 20; i++)
		CHECK(number_at(ours, at->xsave_state_size + 8 * i) == recorded->numbers[i]);
	CHECK(cpu.cpuid_count <= 20);
	if (check_failures != before)
		fprintf(stderr, "... on %s\n", recorded->name);
	free(ours);
}

/* Every layout on every processor: nothing outside the structure, and numbers that libc's memcpy can live with. */
static void releases_check(const struct recorded_cpu *recorded)
{
	struct rl_cpu cpu;
	struct rl_tunables tunables;
	load(recorded, &cpu);
	for (size_t i = 0; i < rl_glibc_layouts_count; i++) {
		const struct rl_glibc_layout *layout = &rl_glibc_layouts[i];
		const struct rl_glibc_cpu_features *at = &layout->cpu_features;
		if (layout->machine != RL_PORT_MACHINE)
			continue;
		unsigned char *ours = calloc(1, at->size);
		rl_tunables_start(&tunables, layout->release, no_environment, false);
		rl_glibc_cpu_features_fill(layout, &cpu, &tunables, ours);
		CHECK(word_at(ours, at->basic) != 0);
		CHECK(number_at(ours, at->non_temporal_threshold) >= 0x4040);
		CHECK(number_at(ours, at->non_temporal_threshold) <= UINT64_MAX >> 4);
		CHECK(at->rep_movsb_threshold == RL_ABSENT || number_at(ours, at->rep_movsb_threshold) > 512);
		CHECK(at->rep_stosb_threshold == RL_ABSENT || number_at(ours, at->rep_stosb_threshold) >= 2048);
		if (at->memset_non_temporal_threshold != RL_ABSENT)
			CHECK(number_at(ours, at->memset_non_temporal_threshold) >= 0x4040);
		free(ours);
	}
}

static const struct recorded_cpu *recorded_named(const char *name)
{
	for (size_t i = 0; i < sizeof recorded_cpus / sizeof *recorded_cpus; i++) {
		if (strcmp(recorded_cpus[i].name, name) == 0)
			return &recorded_cpus[i];
	}
	abort();
}

static bool is_text(const char *text, const char *expected)
{
	return text != NULL && expected != NULL ? strcmp(text, expected) == 0 : text == expected;
}

static void levels_check(void)
{
	struct rl_cpu cpu;
	struct rl_tunables tunables;
	char *envp[] = {"GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX512F,,nonsense,-", NULL};
	load(recorded_named("Skylake, server"), &cpu);
	CHECK(is_text(rl_cpu_hwcaps(&cpu)[0], "x86-64-v4") && is_text(rl_cpu_hwcaps(&cpu)[2], "x86-64-v2"));
	CHECK(rl_cpu_hwcaps(&cpu)[3] == NULL && is_text(rl_cpu_platform(&cpu), "haswell") && rl_glibc_hwcap(&cpu) == 6);
	rl_tunables_start(&tunables, 236, envp, false);
	rl_glibc_cpu_restrict(&cpu, &tunables);
	CHECK(is_text(rl_cpu_hwcaps(&cpu)[0], "x86-64-v3") && rl_glibc_hwcap(&cpu) == 6);
	envp[0] = "GLIBC_TUNABLES=glibc.cpu.hwcaps=-XSAVE,-XSAVEC";
	rl_tunables_start(&tunables, 236, envp, false);
	rl_glibc_cpu_restrict(&cpu, &tunables);
	CHECK(is_text(rl_cpu_hwcaps(&cpu)[0], "x86-64-v2") && rl_glibc_hwcap(&cpu) == 2
	      && rl_cpu_platform(&cpu) == NULL);

	load(recorded_named("Zen 4"), &cpu);
	CHECK(is_text(rl_cpu_hwcaps(&cpu)[0], "x86-64-v4") && rl_cpu_platform(&cpu) == NULL
	      && rl_glibc_hwcap(&cpu) == 2);
	load(recorded_named("Zhaoxin"), &cpu);
	CHECK(is_text(rl_cpu_hwcaps(&cpu)[0], "x86-64-v2"));
	load(recorded_named("a vendor nobody knows"), &cpu);
	CHECK(rl_cpu_hwcaps(&cpu)[0] == NULL && rl_cpu_minsigstacksize(&cpu) == 2048 + 2048);
	load(recorded_named("Haswell, broken transactions"), &cpu);
	CHECK(is_text(rl_cpu_platform(&cpu), "haswell") && rl_cpu_minsigstacksize(&cpu) == 2048 + 464 + 48 + 0x340 + 4);
}

static void state_check(void)
{
	struct rl_cpu cpu;
	load(recorded_named("Skylake, server"), &cpu);
	rl_port_xsave_choose(&cpu);
	CHECK(rl_port_xsave_compact == 1 && rl_port_xsave_mask == 0xe7 && rl_port_xsave_size == 2432);
	load(recorded_named("Haswell, broken transactions"), &cpu);
	cpu.xcr0 = 7;
	rl_port_xsave_choose(&cpu);
	CHECK(rl_port_xsave_compact == 0 && rl_port_xsave_mask == 7 && rl_port_xsave_size == 832);
	load(recorded_named("Penryn, caches by descriptor"), &cpu);
	rl_port_xsave_choose(&cpu);
	CHECK(rl_port_xsave_size == 0);
	/* The real one: the size is a multiple of 64 and holds what XSAVEC writes. */
	rl_cpu_probe(&cpu, NULL);
	CHECK(rl_port_xsave_size % 64 == 0 && (rl_port_xsave_size == 0 || rl_port_xsave_size >= 576));
	CHECK((rl_port_xsave_mask & ~cpu.xcr0) == 0 && rl_port_xsave_size <= ((cpu.state.ebx + 63) & ~63u));
	/* Leaf 0xd tells the sizes that the code holds for constants. */
	for (uint32_t state = 2; rl_port_xsave_compact && state < 20; state++) {
		uint32_t eax, ebx, ecx, edx;
		if (!(rl_port_xsave_mask >> state & 1))
			continue;
		__asm__ volatile("cpuid" : "=a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx) : "a"(0xd), "c"(state));
		CHECK(rl_cpu_xsavec_size(&cpu, (uint64_t)1 << state) == 576 + eax);
	}
}

int main(void)
{
	host_check();
	for (size_t i = 0; i < sizeof recorded_cpus / sizeof *recorded_cpus; i++) {
		recorded_check(&recorded_cpus[i]);
		releases_check(&recorded_cpus[i]);
	}
	levels_check();
	state_check();
	return check_result();
}
