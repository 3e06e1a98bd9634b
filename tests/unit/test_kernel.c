/* The kernel's argument block: reading it, finding a variable in it, taking arguments out of it, changing the auxiliary
 * vector. */
#include "../../ldso/base/kernel.h"

#include "check.h"

enum { BLOCK_WORDS = 64 };

static char word_linker[] = "linker", word_option[] = "--option", word_program[] = "program", word_argument[] = "arg";
static char variable_one[] = "ONE=1", variable_two[] = "TWO=2";

/* A block of exactly the words it needs, so that a read behind it is seen. */
static uintptr_t *block_make(int argc, int envc, size_t *out_words)
{
	char *arguments[] = {word_linker, word_option, word_program, word_argument};
	char *variables[] = {variable_one, variable_two};
	const uintptr_t aux[] = {AT_PAGESZ,       4096,   AT_PHDR,   0x1000, AT_ENTRY, 0x2000, 0x7fffffff, 5,
				 AT_SYSINFO_EHDR, 0x3000, AT_RANDOM, 0x4000, AT_NULL,  0};
	uintptr_t words[BLOCK_WORDS];
	size_t count = 0;
	words[count++] = (uintptr_t)argc;
	for (int i = 0; i < argc; i++)
		words[count++] = (uintptr_t)arguments[i];
	words[count++] = 0;
	for (int i = 0; i < envc; i++)
		words[count++] = (uintptr_t)variables[i];
	words[count++] = 0;
	memcpy(&words[count], aux, sizeof aux);
	count += sizeof aux / sizeof aux[0];
	uintptr_t *block = malloc(count * sizeof *block);
	memcpy(block, words, count * sizeof *block);
	*out_words = count;
	return block;
}

static void read_check(const struct rl_kernel *kernel, const uintptr_t *block, int argc, int envc)
{
	CHECK(kernel->stack == block && kernel->argc == argc);
	CHECK(kernel->argv[argc] == NULL && kernel->envp[envc] == NULL);
	CHECK(envc < 1 || strcmp(kernel->envp[0], "ONE=1") == 0);
	CHECK(envc < 2 || strcmp(kernel->envp[1], "TWO=2") == 0);
	CHECK(kernel->auxv[0].a_type == AT_PAGESZ);
	CHECK(kernel->aux[AT_PAGESZ] == 4096 && kernel->aux[AT_PHDR] == 0x1000 && kernel->aux[AT_ENTRY] == 0x2000);
	CHECK(kernel->aux[AT_SYSINFO_EHDR] == 0x3000 && kernel->aux[AT_RANDOM] == 0x4000);
	CHECK(rl_kernel_has(kernel, AT_PAGESZ) && rl_kernel_has(kernel, AT_RANDOM));
	CHECK(!rl_kernel_has(kernel, AT_SECURE) && kernel->aux[AT_SECURE] == 0);
}

static void shapes_check(void)
{
	for (int argc = 0; argc <= 4; argc++) {
		for (int envc = 0; envc <= 2; envc++) {
			for (int shift = 0; shift <= argc; shift++) {
				size_t words;
				uintptr_t *block = block_make(argc, envc, &words);
				struct rl_kernel kernel;
				rl_kernel_read(block, &kernel);
				read_check(&kernel, block, argc, envc);
				char *first = kernel.argv[shift];
				rl_kernel_shift(&kernel, shift);
				read_check(&kernel, block, argc - shift, envc);
				CHECK(kernel.argv[0] == first);
				struct rl_kernel again;
				rl_kernel_read(block, &again);
				read_check(&again, block, argc - shift, envc);
				free(block);
			}
		}
	}
}

static void patch_check(void)
{
	size_t words;
	uintptr_t *block = block_make(2, 1, &words);
	struct rl_kernel kernel;
	rl_kernel_read(block, &kernel);
	rl_kernel_patch(&kernel, AT_ENTRY, 0x9999);
	rl_kernel_patch(&kernel, AT_SECURE, 1); /* not there: stays absent */
	rl_kernel_patch(&kernel, 0x7fffffff, 6);
	CHECK(kernel.aux[AT_ENTRY] == 0x9999 && !rl_kernel_has(&kernel, AT_SECURE) && kernel.aux[AT_SECURE] == 0);
	struct rl_kernel again;
	rl_kernel_read(block, &again);
	CHECK(again.aux[AT_ENTRY] == 0x9999 && again.aux[AT_PHDR] == 0x1000 && !rl_kernel_has(&again, AT_SECURE));
	CHECK(again.auxv[3].a_type == 0x7fffffff && again.auxv[3].a_un.a_val == 6);
	free(block);
}

static void environment_check(void)
{
	char *const environment[] = {"ONE", "ONEMORE=1", "=2", "ONE=3", "ONE=4", "EMPTY=", NULL};
	CHECK(strcmp(rl_environment_find(environment, "ONE"), "3") == 0);
	CHECK(strcmp(rl_environment_find(environment, "EMPTY"), "") == 0);
	CHECK(rl_environment_find(environment, "ON") == NULL && rl_environment_find(environment, "EMPTY=") == NULL);
	CHECK(rl_environment_find(environment + 6, "ONE") == NULL);
}

/* The block this very process was given. */
static void own_check(char **argv)
{
	struct rl_kernel kernel;
	rl_kernel_read((uintptr_t *)argv - 1, &kernel);
	CHECK(kernel.argv == argv && kernel.aux[AT_PAGESZ] == (uint64_t)sysconf(_SC_PAGESIZE));
	CHECK(rl_kernel_has(&kernel, AT_SECURE) && kernel.aux[AT_SECURE] == 0);
}

int main(int argc, char **argv)
{
	(void)argc;
	shapes_check();
	patch_check();
	environment_check();
	own_check(argv);
	return check_result();
}
