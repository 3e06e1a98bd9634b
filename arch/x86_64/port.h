/* x86_64: names, numbers and inline leaves.  Follows the x86-64 psABI 1.0 and ELF TLS (variant II). */
#ifndef RL_ARCH_X86_64_PORT_H
#define RL_ARCH_X86_64_PORT_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#include "syscall.h"

/* Identity of files this port runs. */
#define RL_PORT_NAME "x86_64"
#define RL_PORT_MACHINE EM_X86_64
#define RL_PORT_CLASS ELFCLASS64
#define RL_PORT_DATA ELFDATA2LSB
#define RL_PORT_FLAGS_MASK 0 /* of e_flags: what libraries must agree in: nothing */
#define RL_PORT_FLAGS 0
/* What $LIB and $PLATFORM stand for on a multiarch system: measured on the original (docs/startup.md). */
#define RL_PORT_LIB "lib/x86_64-linux-gnu"

/* What the kernel starts programs with, as glibc's fpu_control_t: the x87's control word. */
#define RL_PORT_FPU_CONTROL 0x037f
/* The word in front of an abort handler of a restartable sequence: glibc's RSEQ_SIG. */
#define RL_PORT_RSEQ_SIGNATURE 0x53053053u
/* Flags of this CPU's libraries in ld.so.cache: ELF, libc6, and the ABI. */
#define RL_PORT_CACHE_FLAGS 0x303
/* Addresses in dynamic sections become real ones in memory. */
#define RL_PORT_DYNAMIC_STAYS 0
/* Whether glibc calls what DT_INIT names, and musl what that and DT_FINI name. */
#define RL_PORT_GLIBC_CALLS_INIT 1
#define RL_PORT_MUSL_CALLS_INIT 1

/* glibc's version of a symbol that the oldest CPU has since VERSION. */
#define RL_PORT_GLIBC_SINCE(version) version

/* Relocation kinds, by the field's names; S symbol value, A addend, B bias, P place, Z symbol size. */
#define RL_RELOC_NONE R_X86_64_NONE
#define RL_RELOC_RELATIVE R_X86_64_RELATIVE   /* B + A */
#define RL_RELOC_RELATIVE_ALT R_X86_64_RELATIVE64
#define RL_RELOC_SYMBOLIC R_X86_64_64         /* S + A */
#define RL_RELOC_GLOB_DAT R_X86_64_GLOB_DAT   /* S + A */
#define RL_RELOC_JUMP_SLOT R_X86_64_JUMP_SLOT /* S + A, may wait for the first call */
#define RL_RELOC_COPY R_X86_64_COPY           /* Z bytes from S */
#define RL_RELOC_DTPMOD R_X86_64_DTPMOD64     /* module id of S */
#define RL_RELOC_DTPOFF R_X86_64_DTPOFF64     /* S + A within its TLS block */
#define RL_RELOC_TPOFF R_X86_64_TPOFF64       /* S + A relative to the thread pointer */
#define RL_RELOC_TLSDESC R_X86_64_TLSDESC     /* two words: resolver and argument */
#define RL_RELOC_IRELATIVE R_X86_64_IRELATIVE /* call (B + A) */
#define RL_RELOC_SYMBOLIC32 R_X86_64_32       /* S + A, zero-extended 32 bits */
#define RL_RELOC_PC32 R_X86_64_PC32           /* S + A - P, 32 bits */
#define RL_RELOC_SIZE64 R_X86_64_SIZE64       /* Z + A */
#define RL_RELOC_SIZE32 R_X86_64_SIZE32

/* A symbol whose calls do not keep to the usual convention is bound at once: the flag in st_other, and the dynamic tag
 * of objects that have such symbols.  This CPU has none. */
#define RL_PORT_STO_EAGER 0
#define RL_PORT_DT_EAGER DT_NULL

/* TLS: the block of a module ends at or below the thread pointer; the dtv pointer is the second word of the TCB. */
#define RL_TLS_BELOW_TP 1
#define RL_TLS_TCB_SIZE 0 /* bytes between the thread pointer and the first block: only where they lie above it */
#define RL_TLS_DTV_BIAS 0 /* what DTPOFF values are relative to within a block */
#define RL_TLS_TCB_BELOW 0 /* bytes between glibc's descriptor of a thread and the thread pointer: where it lies below */

/* Read the thread pointer.  Valid only after rl_port_thread_pointer_set. */
static inline uintptr_t rl_port_thread_pointer(void)
{
	uintptr_t tp;
	__asm__("mov %%fs:0, %0" : "=r"(tp));
	return tp;
}

/* Where a TCB keeps the dtv, as a distance from the thread pointer; the cell array of the calling thread. */
#define RL_PORT_DTV_PLACE 8

static inline void *rl_port_dtv(void)
{
	void *dtv;
	__asm__ volatile("mov %%fs:8, %0" : "=r"(dtv));
	return dtv;
}

/* What compiled code expects in the TCB: its own address, at its start. */
static inline void rl_port_tcb_start(uintptr_t thread_pointer)
{
	*(uintptr_t *)thread_pointer = thread_pointer;
}

static inline long rl_port_thread_pointer_set(uintptr_t tp)
{
	enum { ARCH_SET_FS = 0x1002 };
	return rl_syscall2(SYS_arch_prctl, ARCH_SET_FS, (long)tp);
}

/* Call an IFUNC resolver (psABI: no argument). */
static inline uintptr_t rl_port_ifunc_call(uintptr_t resolver)
{
	return ((uintptr_t(*)(void))resolver)();
}

/* Guarded branches (link/guard.c): this CPU has none, or the original does not turn them on. */
#define RL_PORT_GUARD_PROPERTY 0
#define RL_PORT_GUARD_BIT 0
#define RL_PORT_GUARD_PROTECTION 0

static inline int rl_port_guards_branches(void)
{
	return 0;
}

/* Hint in a spinning loop. */
static inline void rl_port_pause(void)
{
	__asm__ volatile("pause");
}

/* Whether valgrind runs us: its client request RUNNING_ON_VALGRIND.  Anywhere else the instructions change nothing. */
static inline int rl_port_is_simulated(void)
{
	enum { RUNNING_ON_VALGRIND = 0x1001 };
	volatile uintptr_t request[6] = {RUNNING_ON_VALGRIND};
	uintptr_t answer = 0;
	__asm__ volatile("rolq $3, %%rdi\n\trolq $13, %%rdi\n\trolq $61, %%rdi\n\trolq $51, %%rdi\n\txchgq %%rbx, %%rbx"
			 : "+d"(answer)
			 : "a"(request)
			 : "cc", "memory");
	return answer != 0;
}

/* Prepare the GOT of an object for lazy binding: PLT0 pushes got[1] and jumps to got[2]. */
static inline void rl_port_lazy_got(uintptr_t *got, void *object, void (*trampoline)(void))
{
	got[1] = (uintptr_t)object;
	got[2] = (uintptr_t)trampoline;
}

/* Bytes of XSAVE area that rl_port_call_preserving needs, and the mask of states it saves: set once at start-up
 * from the CPU probe, before any lazy call.  0 selects FXSAVE. */
extern uint32_t rl_port_xsave_size;
extern uint64_t rl_port_xsave_mask;

#endif
