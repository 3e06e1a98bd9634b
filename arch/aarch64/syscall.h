/* aarch64 Linux system calls: the number in x8, arguments in x0 to x5. */
#ifndef RL_ARCH_AARCH64_SYSCALL_H
#define RL_ARCH_AARCH64_SYSCALL_H

#define RL_SYSCALL_ENTER "svc #0"
#define RL_SYSCALL_NUMBER "x8"
#define RL_SYSCALL_ONE "x0"
#define RL_SYSCALL_TWO "x1"
#define RL_SYSCALL_THREE "x2"
#define RL_SYSCALL_FOUR "x3"
#define RL_SYSCALL_FIVE "x4"
#define RL_SYSCALL_SIX "x5"

#include "../syscall_registers.h"

/* One name on every CPU: this one's headers use the kernel's generic name. */
#ifndef SYS_newfstatat
#define SYS_newfstatat SYS_fstatat
#endif

#endif
