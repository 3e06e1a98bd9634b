/* The port: all that generic code may know about the CPU.
 *
 * Each CPU's port.h gives the same names.  A relocation kind that a CPU lacks has the value RL_RELOC_NEVER,
 * which no file can contain, so generic switches need no #if.  docs/porting.md explains each item on an exemplar.
 */
#ifndef RL_ARCH_PORT_H
#define RL_ARCH_PORT_H

#include <stdint.h>

#define RL_RELOC_NEVER(n) (0x7fff0000u + (n))

#if defined(__x86_64__)
#include "x86_64/port.h"
#define RL_PORT_CPU_HEADER "x86_64/cpu.h"
#elif defined(__aarch64__)
#include "aarch64/port.h"
#define RL_PORT_CPU_HEADER "aarch64/cpu.h"
#elif defined(__riscv) && __riscv_xlen == 64 && defined(__riscv_float_abi_double)
#include "riscv64/port.h"
#define RL_PORT_CPU_HEADER "riscv64/cpu.h"
#else
#error "no port for this CPU"
#endif

/* Where the TCB at a thread pointer keeps the dtv. */
static inline void **rl_port_dtv_slot(uintptr_t thread_pointer)
{
	return (void **)(thread_pointer + RL_PORT_DTV_PLACE);
}

/* trampoline.S: the lazy-binding entry that PLT0 jumps to, and the TLSDESC leaves.  They keep every register
 * that the caller's argument passing or the TLSDESC convention needs. */
void rl_port_lazy_trampoline(void);
void rl_port_tlsdesc_static(void);
void rl_port_tlsdesc_dynamic(void);
void rl_port_tlsdesc_undefined_weak(void);

/* start.S: where a hosted libc returns to. */
void rl_port_hosted_return(void);

/* Call fn(argument) with the vector state kept around it that a lazily bound call or a TLS descriptor may have in use;
 * for foreign code on these paths. */
uintptr_t rl_port_call_preserving(uintptr_t (*fn)(uintptr_t), uintptr_t argument);

#endif
