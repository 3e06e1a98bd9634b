/* aarch64: names, numbers and inline leaves.  Follows the AArch64 psABI (AAELF64 2022Q3) and ELF TLS (variant I). */
#ifndef RL_ARCH_AARCH64_PORT_H
#define RL_ARCH_AARCH64_PORT_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#include "syscall.h"

/* Identity of files this port runs. */
#define RL_PORT_NAME "aarch64"
#define RL_PORT_MACHINE EM_AARCH64
#define RL_PORT_CLASS ELFCLASS64
#define RL_PORT_DATA ELFDATA2LSB
#define RL_PORT_FLAGS_MASK 0 /* of e_flags: what libraries must agree in: nothing */
#define RL_PORT_FLAGS 0
#define RL_PORT_LIB "lib/aarch64-linux-gnu"
#define RL_PORT_FPU_CONTROL 0
/* The word in front of an abort handler of a restartable sequence: glibc's RSEQ_SIG, BRK #0x45E0. */
#define RL_PORT_RSEQ_SIGNATURE 0xd428bc00u
/* Flags of this CPU's libraries in ld.so.cache: ELF, libc6, and the ABI. */
#define RL_PORT_CACHE_FLAGS 0xa03
/* Addresses in dynamic sections become real ones in memory. */
#define RL_PORT_DYNAMIC_STAYS 0
/* Whether glibc calls what DT_INIT names, and musl what that and DT_FINI name. */
#define RL_PORT_GLIBC_CALLS_INIT 1
#define RL_PORT_MUSL_CALLS_INIT 0

/* glibc's version of a symbol that the oldest CPU has since VERSION: below 2.17 this CPU had none. */
#define RL_PORT_GLIBC_SINCE(version) "GLIBC_2.17"

/* Relocation kinds, by the field's names; S symbol value, A addend, B bias, P place, Z symbol size. */
#define RL_RELOC_NONE R_AARCH64_NONE
#define RL_RELOC_RELATIVE R_AARCH64_RELATIVE /* B + A */
#define RL_RELOC_RELATIVE_ALT RL_RELOC_NEVER(0)
#define RL_RELOC_SYMBOLIC R_AARCH64_ABS64      /* S + A */
#define RL_RELOC_GLOB_DAT R_AARCH64_GLOB_DAT   /* S + A */
#define RL_RELOC_JUMP_SLOT R_AARCH64_JUMP_SLOT /* S + A, may wait for the first call */
#define RL_RELOC_COPY R_AARCH64_COPY           /* Z bytes from S */
#define RL_RELOC_DTPMOD R_AARCH64_TLS_DTPMOD   /* module id of S */
#define RL_RELOC_DTPOFF R_AARCH64_TLS_DTPREL   /* S + A within its TLS block */
#define RL_RELOC_TPOFF R_AARCH64_TLS_TPREL     /* S + A relative to the thread pointer */
#define RL_RELOC_TLSDESC R_AARCH64_TLSDESC     /* two words: resolver and argument */
#define RL_RELOC_IRELATIVE 1032                /* R_AARCH64_IRELATIVE: call (B + A) */
#define RL_RELOC_SYMBOLIC32 R_AARCH64_ABS32    /* S + A, 32 bits */
#define RL_RELOC_PC32 RL_RELOC_NEVER(1)
#define RL_RELOC_SIZE64 RL_RELOC_NEVER(2)
#define RL_RELOC_SIZE32 RL_RELOC_NEVER(3)

/* Symbols of the vector call standards pass arguments in registers that a trampoline would have to know of: they are
 * bound at once.  The flag in st_other, and the dynamic tag of objects that have such symbols. */
#define RL_PORT_STO_EAGER 0x80       /* STO_AARCH64_VARIANT_PCS */
#define RL_PORT_DT_EAGER 0x70000005 /* DT_AARCH64_VARIANT_PCS */

/* TLS: the thread pointer is at the TCB, two words of which the dtv pointer is the first; blocks follow. */
#define RL_TLS_BELOW_TP 0
#define RL_TLS_TCB_SIZE 16
#define RL_TLS_DTV_BIAS 0
#define RL_TLS_TCB_BELOW 0 /* bytes between glibc's descriptor of a thread and the thread pointer */

static inline uintptr_t rl_port_thread_pointer(void)
{
	uintptr_t tp;
	__asm__("mrs %0, tpidr_el0" : "=r"(tp));
	return tp;
}

/* Where a TCB keeps the dtv, as a distance from the thread pointer; the cell array of the calling thread. */
#define RL_PORT_DTV_PLACE 0

static inline void *rl_port_dtv(void)
{
	uintptr_t tp;
	__asm__ volatile("mrs %0, tpidr_el0" : "=r"(tp));
	return *(void **)(tp + RL_PORT_DTV_PLACE);
}

/* Compiled code expects nothing in the TCB. */
static inline void rl_port_tcb_start(uintptr_t thread_pointer)
{
	(void)thread_pointer;
}

static inline long rl_port_thread_pointer_set(uintptr_t tp)
{
	__asm__ volatile("msr tpidr_el0, %0" : : "r"(tp) : "memory");
	return 0;
}

/* What an IFUNC resolver is told: struct __ifunc_arg_t of <sys/ifunc.h>.  Filled by the probe. */
struct rl_port_ifunc_argument {
	uint64_t size, hwcap, hwcap2;
};
extern struct rl_port_ifunc_argument rl_port_ifunc_argument;

/* Call an IFUNC resolver: AT_HWCAP with the bit that says that there is a second argument, and that. */
static inline uintptr_t rl_port_ifunc_call(uintptr_t resolver)
{
	const uint64_t has_argument = (uint64_t)1 << 62;
	uintptr_t (*function)(uint64_t, const struct rl_port_ifunc_argument *) = (void *)resolver;
	return function(rl_port_ifunc_argument.hwcap | has_argument, &rl_port_ifunc_argument);
}

/* Guarded branches (link/guard.c): landing pads, "BTI". */
#define RL_PORT_GUARD_PROPERTY 0xc0000000u /* GNU_PROPERTY_AARCH64_FEATURE_1_AND */
#define RL_PORT_GUARD_BIT 1                /* GNU_PROPERTY_AARCH64_FEATURE_1_BTI */
#define RL_PORT_GUARD_PROTECTION 0x10      /* PROT_BTI */

static inline int rl_port_guards_branches(void)
{
	return rl_port_ifunc_argument.hwcap2 >> 17 & 1; /* HWCAP2_BTI */
}

/* Hint in a spinning loop. */
static inline void rl_port_pause(void)
{
	__asm__ volatile("yield");
}

/* Whether valgrind runs us: its client request RUNNING_ON_VALGRIND.  Anywhere else the instructions change nothing. */
static inline int rl_port_is_simulated(void)
{
	enum { RUNNING_ON_VALGRIND = 0x1001 };
	volatile uintptr_t request[6] = {RUNNING_ON_VALGRIND};
	register uintptr_t answer __asm__("x3") = 0;
	register volatile uintptr_t *arguments __asm__("x4") = request;
	__asm__ volatile("ror x12, x12, #3\n\tror x12, x12, #13\n\tror x12, x12, #51\n\tror x12, x12, #61\n\t"
			 "orr x10, x10, x10"
			 : "+r"(answer)
			 : "r"(arguments)
			 : "cc", "memory");
	return answer != 0;
}

/* Prepare the GOT of an object for lazy binding: PLT0 jumps to got[2] with &got[2] in x16 and pushes the address of
 * the slot. */
static inline void rl_port_lazy_got(uintptr_t *got, void *object, void (*trampoline)(void))
{
	got[1] = (uintptr_t)object;
	got[2] = (uintptr_t)trampoline;
}

#endif
