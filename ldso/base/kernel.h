/* What the kernel left on the stack at exec: arguments, environment, auxiliary vector (System V ABI, "Process
 * Initialization"). */
#ifndef RL_BASE_KERNEL_H
#define RL_BASE_KERNEL_H

#include <elf.h>
#include <stdint.h>

enum { RL_AUX_COUNT = 52 }; /* AT_* values below this are collected */

struct rl_kernel {
	uintptr_t *stack; /* address of argc */
	int argc;
	char **argv, **envp;
	Elf64_auxv_t *auxv;
	uint64_t aux[RL_AUX_COUNT]; /* by AT_* number, 0 if absent */
	uint64_t aux_present;       /* bit AT_* */
};

/* Read the block at STACK. */
void rl_kernel_read(uintptr_t *stack, struct rl_kernel *out_kernel);

/* Read the auxiliary vector at AUXV instead of the one behind the environment, which programs change. */
void rl_kernel_read_vector(struct rl_kernel *kernel, Elf64_auxv_t *auxv);

/* Whether the kernel gave AT_NUMBER. */
static inline int rl_kernel_has(const struct rl_kernel *kernel, unsigned number)
{
	return (kernel->aux_present >> number) & 1;
}

/* The value of the variable NAME in an environment that ends with NULL; of several the first, and NULL if there is
 * none. */
const char *rl_environment_find(char *const *envp, const char *name);

/* Drop the first COUNT arguments: everything above moves down, so that the program finds an ordinary stack. */
void rl_kernel_shift(struct rl_kernel *kernel, int count);

/* Change the entry AT_NUMBER on the stack if it is there. */
void rl_kernel_patch(struct rl_kernel *kernel, unsigned number, uint64_t value);

#endif
