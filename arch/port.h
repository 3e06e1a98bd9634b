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

#endif
