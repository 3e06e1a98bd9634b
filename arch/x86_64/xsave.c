/* x86_64: how the lazy-binding path keeps the caller's vector registers.  Decided once, before any lazy call.
 *
 * For trampoline.S (rl_port_call_preserving), the whole contract:
 *   rl_port_xsave_size == 0      FXSAVE/FXRSTOR, 512 bytes aligned to 16
 *   rl_port_xsave_compact != 0   XSAVEC/XRSTOR, rl_port_xsave_size bytes aligned to 64
 *   otherwise                    XSAVE/XRSTOR, rl_port_xsave_size bytes aligned to 64
 * edx:eax must hold rl_port_xsave_mask for both the save and the restore.  Before either save the 64 header bytes at
 * offset 512 must be zero: XSAVE merges into XSTATE_BV, XSAVEC writes only the first 16 bytes, and XRSTOR faults on
 * stray bits in the rest.  The size is a multiple of 64, header and legacy region included.
 *
 * Kept: x87, SSE, AVX, MPX bounds, AVX-512 masks and registers, APX registers, each if the kernel enabled it.
 * Not kept: PKRU (a key may legitimately change meanwhile), AMX tiles (the psABI lets calls clobber them, and 8 KiB
 * more stack would break small signal stacks).  Intel SDM volume 1, chapter 13.
 */
#include "cpu.h"

#include "port.h"

enum {
	STATE_X87 = 1u << 0,
	STATE_SSE = 1u << 1,
	STATE_AVX = 1u << 2,
	STATE_BOUNDS = 1u << 3,
	STATE_OPMASK = 1u << 5,
	STATE_ZMM_HIGH = 1u << 6,
	STATE_ZMM_16_31 = 1u << 7,
	STATE_APX = 1u << 19,
	STATES_KEPT = STATE_X87 | STATE_SSE | STATE_AVX | STATE_BOUNDS | STATE_OPMASK | STATE_ZMM_HIGH | STATE_ZMM_16_31
		      | STATE_APX,
	LEGACY_AND_HEADER = 512 + 64,
	FEATURE_XSAVEC = 1u << 1, /* leaf 0xd.1, eax */
};

/* What the extended states occupy.  Every size is a multiple of 64 and the first state starts at a multiple of 64, so
 * the alignment flag of a compacted state never moves anything. */
static const struct {
	uint8_t state;
	uint16_t size;
} state_sizes[] = {
	{2, 256},  /* AVX: the upper halves of ymm0-15 */
	{3, 64},   /* MPX: bnd0-3 */
	{5, 64},   /* AVX-512: k0-7 */
	{6, 512},  /* AVX-512: the upper halves of zmm0-15 */
	{7, 1024}, /* AVX-512: zmm16-31 */
	{19, 128}, /* APX: r16-r31 */
};

uint32_t rl_port_xsave_size;
uint64_t rl_port_xsave_mask;
uint8_t rl_port_xsave_compact;

/* Asking leaf 0xd for each of five states costs five traps in a virtual machine to learn constants: the SDM fixes
 * the layout of every state, and only whether it exists varies. */
uint32_t rl_cpu_xsavec_size(const struct rl_cpu *cpu, uint64_t mask)
{
	uint32_t size = LEGACY_AND_HEADER;
	for (size_t i = 0; i < sizeof state_sizes / sizeof *state_sizes; i++) {
		uint64_t bit = (uint64_t)1 << state_sizes[i].state;
		if (mask & bit & cpu->state.eax)
			size += state_sizes[i].size;
	}
	return size;
}

void rl_port_xsave_choose(const struct rl_cpu *cpu)
{
	uint64_t mask = cpu->xcr0 & STATES_KEPT;
	rl_port_xsave_size = 0;
	rl_port_xsave_mask = 0;
	rl_port_xsave_compact = 0;
	if (mask == 0 || cpu->state.ebx == 0)
		return;
	rl_port_xsave_mask = mask;
	if (cpu->leaf[RL_CPU_LEAF_D_1].eax & FEATURE_XSAVEC) {
		rl_port_xsave_compact = 1;
		rl_port_xsave_size = rl_cpu_xsavec_size(cpu, mask);
	} else {
		/* The standard format has gaps; the size for everything enabled bounds any subset. */
		rl_port_xsave_size = (cpu->state.ebx + 63) & ~UINT32_C(63);
	}
}
