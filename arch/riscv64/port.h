/* riscv64: names, numbers and inline leaves, for the LP64D ABI.  Follows the RISC-V ELF psABI 1.0 (TLS: variant I). */
#ifndef RL_ARCH_RISCV64_PORT_H
#define RL_ARCH_RISCV64_PORT_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#include "syscall.h"

/* Identity of files this port runs. */
#define RL_PORT_NAME "riscv64"
#define RL_PORT_MACHINE EM_RISCV
#define RL_PORT_CLASS ELFCLASS64
#define RL_PORT_DATA ELFDATA2LSB
#define RL_PORT_FLAGS_MASK 0x6 /* of e_flags: how floating-point arguments are passed */
#define RL_PORT_FLAGS 0x4      /* EF_RISCV_FLOAT_ABI_DOUBLE */
#define RL_PORT_LIB "lib/riscv64-linux-gnu"
#define RL_PORT_FPU_CONTROL 0
/* The word in front of an abort handler of a restartable sequence: glibc's RSEQ_SIG, CSRW mhartid, x0. */
#define RL_PORT_RSEQ_SIGNATURE 0xf1401073u
/* Flags of this CPU's libraries in ld.so.cache: ELF, libc6, and the ABI. */
#define RL_PORT_CACHE_FLAGS 0x1003
/* Addresses in dynamic sections stay as they are in the file. */
#define RL_PORT_DYNAMIC_STAYS 1
/* Whether glibc calls what DT_INIT names, and musl what that and DT_FINI name. */
#define RL_PORT_GLIBC_CALLS_INIT 0
#define RL_PORT_MUSL_CALLS_INIT 1

/* glibc's version of a symbol that the oldest CPU has since VERSION: below 2.27 this CPU had none. */
#define RL_PORT_GLIBC_SINCE(version) "GLIBC_2.27"

/* Relocation kinds, by the field's names; S symbol value, A addend, B bias, P place, Z symbol size. */
#define RL_RELOC_NONE R_RISCV_NONE
#define RL_RELOC_RELATIVE R_RISCV_RELATIVE /* B + A */
#define RL_RELOC_RELATIVE_ALT RL_RELOC_NEVER(0)
#define RL_RELOC_SYMBOLIC R_RISCV_64 /* S + A, in the GOT too */
#define RL_RELOC_GLOB_DAT RL_RELOC_NEVER(1)
#define RL_RELOC_JUMP_SLOT R_RISCV_JUMP_SLOT /* S, may wait for the first call */
#define RL_RELOC_COPY R_RISCV_COPY           /* Z bytes from S */
#define RL_RELOC_DTPMOD R_RISCV_TLS_DTPMOD64 /* module id of S */
#define RL_RELOC_DTPOFF R_RISCV_TLS_DTPREL64 /* S + A within its TLS block, less RL_TLS_DTV_BIAS */
#define RL_RELOC_TPOFF R_RISCV_TLS_TPREL64   /* S + A relative to the thread pointer */
#define RL_RELOC_TLSDESC 12                  /* R_RISCV_TLSDESC: two words: resolver and argument */
#define RL_RELOC_IRELATIVE 58                /* R_RISCV_IRELATIVE: call (B + A) */
#define RL_RELOC_SYMBOLIC32 R_RISCV_32       /* S + A, 32 bits */
#define RL_RELOC_PC32 RL_RELOC_NEVER(2)
#define RL_RELOC_SIZE64 RL_RELOC_NEVER(3)
#define RL_RELOC_SIZE32 RL_RELOC_NEVER(4)

/* Symbols of the vector call standards pass arguments in registers that a trampoline would have to know of: they are
 * bound at once.  The flag in st_other, and the dynamic tag of objects that have such symbols. */
#define RL_PORT_STO_EAGER 0x80       /* STO_RISCV_VARIANT_CC */
#define RL_PORT_DT_EAGER 0x70000001 /* DT_RISCV_VARIANT_CC */

/* TLS: the thread pointer is at the end of the TCB, two words of which the dtv pointer is the first; blocks follow. */
#define RL_TLS_BELOW_TP 0
#define RL_TLS_TCB_SIZE 0
#define RL_TLS_DTV_BIAS 0x800
/* Bytes between glibc's descriptor of a thread and the thread pointer: the TCB, as aligned as a descriptor. */
#define RL_TLS_TCB_BELOW 32

static inline uintptr_t rl_port_thread_pointer(void)
{
	uintptr_t tp;
	__asm__("mv %0, tp" : "=r"(tp));
	return tp;
}

/* Where a TCB keeps the dtv, as a distance from the thread pointer; the cell array of the calling thread. */
#define RL_PORT_DTV_PLACE (-16)

static inline void *rl_port_dtv(void)
{
	uintptr_t tp;
	__asm__ volatile("mv %0, tp" : "=r"(tp));
	return *(void **)(tp + RL_PORT_DTV_PLACE);
}

/* Compiled code expects nothing in the TCB. */
static inline void rl_port_tcb_start(uintptr_t thread_pointer)
{
	(void)thread_pointer;
}

static inline long rl_port_thread_pointer_set(uintptr_t tp)
{
	__asm__ volatile("mv tp, %0" : : "r"(tp) : "memory");
	return 0;
}

/* What IFUNC resolvers are told: AT_HWCAP, set by the probe, and a function that asks the kernel for more. */
extern uint64_t rl_port_hwcap;
int rl_port_hwprobe(void *pairs, size_t pair_count, size_t cpu_count, unsigned long *cpus, unsigned flags);

static inline uintptr_t rl_port_ifunc_call(uintptr_t resolver)
{
	uintptr_t (*function)(uint64_t, __typeof__(rl_port_hwprobe) *, void *) = (void *)resolver;
	return function(rl_port_hwcap, rl_port_hwprobe, NULL);
}

/* Guarded branches (link/guard.c): this CPU has none, or the original does not turn them on. */
#define RL_PORT_GUARD_PROPERTY 0
#define RL_PORT_GUARD_BIT 0
#define RL_PORT_GUARD_PROTECTION 0

static inline int rl_port_guards_branches(void)
{
	return 0;
}

/* Hint in a spinning loop: PAUSE, which is a FENCE to a CPU that does not know it. */
static inline void rl_port_pause(void)
{
	__asm__ volatile(".word 0x0100000f");
}

/* No released valgrind runs on this CPU. */
static inline int rl_port_is_simulated(void)
{
	return 0;
}

/* Prepare the GOT of an object for lazy binding: PLT0 jumps to got[0] with got[1] in t0, and in t1 the slot's distance
 * from got[2]. */
static inline void rl_port_lazy_got(uintptr_t *got, void *object, void (*trampoline)(void))
{
	got[0] = (uintptr_t)trampoline;
	got[1] = (uintptr_t)object;
}

#endif
