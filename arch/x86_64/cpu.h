/* x86_64: what the processor is.  Filled once at start-up, read-only afterwards.
 *
 * A hypervisor traps every CPUID instruction, so each leaf that the linker or a libc personality needs is executed at
 * most once and kept raw here; whoever wants cache sizes or feature words computes them from this record.
 * Follows Intel SDM volume 2A (CPUID) and volume 1 chapter 13 (XSAVE), AMD APM volume 3 appendix E.
 */
#ifndef RL_ARCH_X86_64_CPU_H
#define RL_ARCH_X86_64_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The four registers that one CPUID instruction returns. */
struct rl_cpuid {
	uint32_t eax, ebx, ecx, edx;
};

enum rl_cpu_vendor {
	RL_CPU_OTHER,
	RL_CPU_INTEL,
	RL_CPU_AMD,
	RL_CPU_HYGON,
	RL_CPU_ZHAOXIN, /* "CentaurHauls" too */
};

/* The leaves with feature bits; <leaf>_<subleaf>.  The order is that of glibc's table of features. */
enum rl_cpu_leaf {
	RL_CPU_LEAF_1,
	RL_CPU_LEAF_7_0,
	RL_CPU_LEAF_80000001,
	RL_CPU_LEAF_D_1,
	RL_CPU_LEAF_80000007,
	RL_CPU_LEAF_80000008,
	RL_CPU_LEAF_7_1,
	RL_CPU_LEAF_19,
	RL_CPU_LEAF_14_0,
	RL_CPU_LEAF_24_0,
	RL_CPU_LEAF_COUNT
};

enum {
	RL_CPU_CACHE_MAX = 8,    /* subleaves of leaf 4 or 0x8000001d that are read at most */
	RL_CPU_TOPOLOGY_MAX = 4, /* subleaves of leaf 0xb that are read at most */
};

/* One feature bit; reg counts eax, ebx, ecx, edx. */
struct rl_cpu_feature {
	uint8_t leaf, reg, bit;
};

/* A field that the processor does not have, or that was not worth an instruction, is 0: what CPUID would return. */
struct rl_cpu {
	enum rl_cpu_vendor vendor;
	uint32_t max_leaf, max_extended;  /* leaves 0 and 0x80000000; the second is 0 on unknown vendors */
	uint32_t family, model, stepping; /* 0 on unknown vendors; the extended model counts where the vendor says so */
	struct rl_cpuid leaf[RL_CPU_LEAF_COUNT];
	struct rl_cpuid state;                         /* leaf 0xd.0: XSAVE states and their size */
	struct rl_cpuid descriptors;                   /* leaf 2, Intel */
	struct rl_cpuid cache[RL_CPU_CACHE_MAX];       /* leaf 4 (Intel, Zhaoxin) or 0x8000001d (AMD, Hygon) */
	uint32_t cache_count;                          /* entries read, the terminating one included */
	struct rl_cpuid topology[RL_CPU_TOPOLOGY_MAX]; /* leaf 0xb, Intel and Zhaoxin */
	uint32_t topology_count;                       /* entries read, the terminating one included */
	struct rl_cpuid extended5, extended6;          /* leaves 0x80000005 and 6, AMD and Hygon */
	uint64_t xcr0;                                 /* states that the kernel saves; 0 without OSXSAVE */
	struct rl_cpuid usable[RL_CPU_LEAF_COUNT];     /* leaf without what the kernel does not save: for ISA levels */
	uint32_t cpuid_count;                          /* instructions executed to learn all this */
};

/* Where the answers come from; a test replays a recorded processor. */
typedef void rl_cpuid_reader(void *context, uint32_t leaf, uint32_t subleaf, struct rl_cpuid *out);
typedef uint64_t rl_xcr0_reader(void *context);

/* rl_cpu_probe without effect on this process, which chooses how rl_port_call_preserving saves registers (xsave.c). */
void rl_cpu_probe_from(struct rl_cpu *out, rl_cpuid_reader *cpuid, rl_xcr0_reader *xcr0, void *context);

/* A register of a leaf by its number in struct rl_cpu_feature. */
static inline uint32_t *rl_cpuid_reg(struct rl_cpuid *regs, unsigned int reg)
{
	switch (reg) {
	case 0:
		return &regs->eax;
	case 1:
		return &regs->ebx;
	case 2:
		return &regs->ecx;
	default:
		return &regs->edx;
	}
}

/* Find a feature by its name in the tunable glibc.cpu.hwcaps ("AVX2", "XSAVEC"...). */
bool rl_cpu_feature_find(const char *name, size_t length, struct rl_cpu_feature *out);

/* Stop using a feature.  Only the usable words change. */
void rl_cpu_feature_hide(struct rl_cpu *cpu, const struct rl_cpu_feature *feature);

/* Subdirectories of glibc-hwcaps whose code this processor runs, best first, NULL at the end. */
const char *const *rl_cpu_hwcaps(const struct rl_cpu *cpu);

/* The ISA level of the x86-64 psABI, 1 to 4; 0 when even the baseline cannot be proved.  usable is indexed by
 * enum rl_cpu_leaf. */
unsigned int rl_cpu_isa_level(const struct rl_cpuid *usable);

/* What $PLATFORM and R._dl_platform become ("haswell", "xeon_phi"), or NULL to keep AT_PLATFORM. */
const char *rl_cpu_platform(const struct rl_cpu *cpu);

/* Bytes of the compacted XSAVE area (legacy region and header included) for those states of mask that the
 * processor has.  Each state's size is fixed by the architecture; xsave.c says why no CPUID is spent on it. */
uint32_t rl_cpu_xsavec_size(const struct rl_cpu *cpu, uint64_t mask);

/* xsave.c: which instruction rl_port_call_preserving must use; see there.  With rl_port_xsave_size != 0:
 * nonzero selects XSAVEC, zero selects XSAVE. */
extern uint8_t rl_port_xsave_compact;

/* Set rl_port_xsave_size, _mask and _compact. */
void rl_port_xsave_choose(const struct rl_cpu *cpu);

#endif
