/* Linux system calls, raw, returning -errno, for CPUs that give the result in the register of the first argument.  The
 * port's syscall.h says which registers: RL_SYSCALL_NUMBER, RL_SYSCALL_ONE … RL_SYSCALL_SIX; and RL_SYSCALL_ENTER, the
 * instruction. */
#ifndef RL_ARCH_SYSCALL_REGISTERS_H
#define RL_ARCH_SYSCALL_REGISTERS_H

#include <sys/syscall.h>

static inline long rl_syscall6(long n, long a, long b, long c, long d, long e, long f)
{
	register long number __asm__(RL_SYSCALL_NUMBER) = n;
	register long one __asm__(RL_SYSCALL_ONE) = a;
	register long two __asm__(RL_SYSCALL_TWO) = b;
	register long three __asm__(RL_SYSCALL_THREE) = c;
	register long four __asm__(RL_SYSCALL_FOUR) = d;
	register long five __asm__(RL_SYSCALL_FIVE) = e;
	register long six __asm__(RL_SYSCALL_SIX) = f;
	__asm__ volatile(RL_SYSCALL_ENTER
			 : "+r"(one)
			 : "r"(number), "r"(two), "r"(three), "r"(four), "r"(five), "r"(six)
			 : "memory");
	return one;
}

static inline long rl_syscall4(long n, long a, long b, long c, long d)
{
	register long number __asm__(RL_SYSCALL_NUMBER) = n;
	register long one __asm__(RL_SYSCALL_ONE) = a;
	register long two __asm__(RL_SYSCALL_TWO) = b;
	register long three __asm__(RL_SYSCALL_THREE) = c;
	register long four __asm__(RL_SYSCALL_FOUR) = d;
	__asm__ volatile(RL_SYSCALL_ENTER : "+r"(one) : "r"(number), "r"(two), "r"(three), "r"(four) : "memory");
	return one;
}

static inline long rl_syscall3(long n, long a, long b, long c)
{
	register long number __asm__(RL_SYSCALL_NUMBER) = n;
	register long one __asm__(RL_SYSCALL_ONE) = a;
	register long two __asm__(RL_SYSCALL_TWO) = b;
	register long three __asm__(RL_SYSCALL_THREE) = c;
	__asm__ volatile(RL_SYSCALL_ENTER : "+r"(one) : "r"(number), "r"(two), "r"(three) : "memory");
	return one;
}

static inline long rl_syscall2(long n, long a, long b)
{
	register long number __asm__(RL_SYSCALL_NUMBER) = n;
	register long one __asm__(RL_SYSCALL_ONE) = a;
	register long two __asm__(RL_SYSCALL_TWO) = b;
	__asm__ volatile(RL_SYSCALL_ENTER : "+r"(one) : "r"(number), "r"(two) : "memory");
	return one;
}

static inline long rl_syscall1(long n, long a)
{
	register long number __asm__(RL_SYSCALL_NUMBER) = n;
	register long one __asm__(RL_SYSCALL_ONE) = a;
	__asm__ volatile(RL_SYSCALL_ENTER : "+r"(one) : "r"(number) : "memory");
	return one;
}

#endif
