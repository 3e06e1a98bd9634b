/* Reading and editing the kernel's argument block.  May run as soon as the linker is relocated. */
#include "kernel.h"

#include <string.h>

void rl_kernel_read_vector(struct rl_kernel *kernel, Elf64_auxv_t *auxv)
{
	kernel->auxv = auxv;
	memset(kernel->aux, 0, sizeof kernel->aux);
	kernel->aux_present = 0;
	for (const Elf64_auxv_t *entry = kernel->auxv; entry->a_type != AT_NULL; entry++) {
		if (entry->a_type >= RL_AUX_COUNT)
			continue;
		kernel->aux[entry->a_type] = entry->a_un.a_val;
		kernel->aux_present |= (uint64_t)1 << entry->a_type;
	}
}

static void block_find(struct rl_kernel *kernel)
{
	kernel->argc = (int)*kernel->stack;
	kernel->argv = (char **)(kernel->stack + 1);
	kernel->envp = kernel->argv + kernel->argc + 1;
	char **end = kernel->envp;
	while (*end != NULL)
		end++;
	kernel->auxv = (Elf64_auxv_t *)(end + 1);
}

void rl_kernel_read(uintptr_t *stack, struct rl_kernel *out_kernel)
{
	out_kernel->stack = stack;
	block_find(out_kernel);
	rl_kernel_read_vector(out_kernel, out_kernel->auxv);
}

const char *rl_environment_find(char *const *envp, const char *name)
{
	size_t length = strlen(name);
	for (; *envp != NULL; envp++)
		if (strncmp(*envp, name, length) == 0 && (*envp)[length] == '=')
			return *envp + length + 1;
	return NULL;
}

void rl_kernel_shift(struct rl_kernel *kernel, int count)
{
	Elf64_auxv_t *end = kernel->auxv;
	while (end->a_type != AT_NULL)
		end++;
	end++;
	char **first = kernel->argv + count;
	*kernel->stack = (uintptr_t)(kernel->argc - count);
	memmove(kernel->argv, first, (size_t)((char *)end - (char *)first));
	block_find(kernel);
}

void rl_kernel_patch(struct rl_kernel *kernel, unsigned number, uint64_t value)
{
	for (Elf64_auxv_t *entry = kernel->auxv; entry->a_type != AT_NULL; entry++)
		if (entry->a_type == number)
			entry->a_un.a_val = value;
	if (number < RL_AUX_COUNT && rl_kernel_has(kernel, number))
		kernel->aux[number] = value;
}
