/* PRODUCT ld-relink.so: from the kernel to the libc's own list of steps.
 *
 * rl_start is called by arch/<cpu>/start.S when the linker has relocated itself.  One file serves both libcs; which one
 * decides everything after this, so the choice comes before the environment is even looked at.
 */
#include <string.h>

#include "ldso.h"
#include "steps.h"

struct rl_process rl_process;
RL_SEALED struct rl_ldso_config rl_config;

extern const char _start[];

/* The page that the program's dynamic section begins on is read now and written later, for debuggers.  Writing first,
 * what is there, spares the fault of reading. */
static void dynamic_claim(uintptr_t bias, const Elf64_Phdr *phdrs, size_t count)
{
	uint64_t vaddr = 0;
	for (size_t i = 0; i < count; i++)
		if (phdrs[i].p_type == PT_DYNAMIC && phdrs[i].p_vaddr % sizeof(uint64_t) == 0)
			vaddr = phdrs[i].p_vaddr;
	uint64_t nothing = 0;
	__asm__("" : "+r"(nothing)); /* the compiler must not see that it is */
	for (size_t i = 0; i < count; i++)
		if (phdrs[i].p_type == PT_LOAD && (phdrs[i].p_flags & (PF_R | PF_W)) == (PF_R | PF_W)
		    && vaddr - phdrs[i].p_vaddr < phdrs[i].p_filesz)
			__atomic_fetch_or((uint64_t *)(bias + vaddr), nothing, __ATOMIC_RELAXED);
}

/* The program that the kernel mapped. */
static enum rl_libc_kind kind_of_mapped(const struct rl_kernel *kernel)
{
	const Elf64_Phdr *phdrs = (const Elf64_Phdr *)kernel->aux[AT_PHDR];
	size_t count = kernel->aux[AT_PHNUM];
	uintptr_t bias = rl_program_bias(phdrs, count);
	dynamic_claim(bias, phdrs, count);
	return rl_libc_kind_of_image(bias, phdrs, count);
}

/* Options that take the next word, of either libc's loader. */
static const char options_with_value[][16] = {
	"--library-path", "--preload", "--argv0", "--inhibit-rpath", "--audit", "--glibc-hwcaps-",
};

/* The program that a command line names, or NULL. */
static const char *program_named(const struct rl_kernel *kernel)
{
	int at = 1;
	while (at < kernel->argc && strncmp(kernel->argv[at], "--", 2) == 0) {
		const char *word = kernel->argv[at++];
		if (word[2] == '\0')
			break;
		for (size_t i = 0; i < sizeof options_with_value / sizeof options_with_value[0]; i++)
			if (strncmp(word, options_with_value[i], strlen(options_with_value[i])) == 0
			    && strchr(word, '=') == NULL)
				at++;
	}
	return at < kernel->argc ? kernel->argv[at] : NULL;
}

/* Nothing is known of the program: the name we go by tells. */
static enum rl_libc_kind kind_of_name(const char *name)
{
	const char *base = name;
	for (const char *c = name; *c != '\0'; c++)
		if (*c == '/')
			base = c + 1;
	size_t length = strlen(base);
	bool is_musl = strncmp(base, "ld-musl-", 8) == 0 || (length >= 3 && strcmp(base + length - 3, "ldd") == 0);
	return is_musl ? RL_LIBC_MUSL : RL_LIBC_UNDECIDED;
}

static __attribute__((cold)) enum rl_libc_kind kind_of_command(const struct rl_kernel *kernel)
{
	const char *name = program_named(kernel);
	enum rl_libc_kind kind = name == NULL ? RL_LIBC_UNDECIDED : rl_libc_kind_of_file(name);
	return kind == RL_LIBC_UNDECIDED && kernel->argc > 0 ? kind_of_name(kernel->argv[0]) : kind;
}

struct rl_transfer rl_start(uintptr_t *stack)
{
	struct rl_kernel *kernel = &rl_config.kernel;
	rl_kernel_read(stack, kernel);
	rl_config.is_command = kernel->aux[AT_ENTRY] == (uintptr_t)_start;
	enum rl_libc_kind kind = rl_config.is_command ? kind_of_command(kernel) : kind_of_mapped(kernel);
	return kind == RL_LIBC_MUSL ? rl_start_musl() : rl_start_glibc();
}
