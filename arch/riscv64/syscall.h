/* riscv64 Linux system calls: the number in a7, arguments in a0 to a5. */
#ifndef RL_ARCH_RISCV64_SYSCALL_H
#define RL_ARCH_RISCV64_SYSCALL_H

#define RL_SYSCALL_ENTER "ecall"
#define RL_SYSCALL_NUMBER "a7"
#define RL_SYSCALL_ONE "a0"
#define RL_SYSCALL_TWO "a1"
#define RL_SYSCALL_THREE "a2"
#define RL_SYSCALL_FOUR "a3"
#define RL_SYSCALL_FIVE "a4"
#define RL_SYSCALL_SIX "a5"

#include "../syscall_registers.h"

#endif
