/* Prints what the kernel and the linker handed over; addresses only as relations that hold in every run. */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "scenario.h"

extern char **environ;
extern ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));
extern char _start[];

static void show_auxv(const ElfW(auxv_t) *auxv, const char *stack_top)
{
	int is_ours = 0; /* AT_PHDR comes first; a loader's number of headers is its own business */

	for (; auxv->a_type != AT_NULL; auxv++) {
		unsigned long value = auxv->a_un.a_val;

		switch (auxv->a_type) {
		case AT_PHDR:
			CHECK(value == (unsigned long)&__ehdr_start + __ehdr_start.e_phoff);
			is_ours = value == (unsigned long)&__ehdr_start + __ehdr_start.e_phoff;
			break;
		case AT_PHNUM:
			CHECK(!is_ours || value == __ehdr_start.e_phnum);
			break;
		case AT_ENTRY:
			CHECK(value == (unsigned long)_start);
			break;
		case AT_BASE:
			printf("AT_BASE is %s\n", value ? "set" : "zero");
			break;
		case AT_EXECFN:
			printf("AT_EXECFN %s\n", (const char *)value);
			break;
		case AT_PLATFORM:
			printf("AT_PLATFORM %s\n", (const char *)value);
			break;
		case AT_RANDOM:
			CHECK((const char *)value > stack_top);
			break;
		case AT_SYSINFO_EHDR:
			CHECK(memcmp((const char *)value, ELFMAG, SELFMAG) == 0);
			break;
		default:
			printf("%lu: %#lx\n", (unsigned long)auxv->a_type, value);
		}
	}
}

int main(int argc, char **argv, char **envp)
{
	char path[4096];
	char **after = argv + argc + 1;
	ssize_t length;

	SHOW("%d", argc);
	for (int i = 0; i <= argc; i++)
		printf("argv[%d] = %s\n", i, argv[i] ? argv[i] : "NULL");
	CHECK(environ == envp);
	CHECK(envp == after);
	CHECK((unsigned long)(argv - 1) % 16 == 0);
	CHECK(*(long *)(argv - 1) == argc);
	for (; *after; after++)
		puts(*after);
	show_auxv((const ElfW(auxv_t) *)(after + 1), (const char *)argv);
	length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	path[length > 0 ? length : 0] = '\0';
	printf("/proc/self/exe %s\n", path);
	SHOW("%s", program_invocation_name ? program_invocation_name : "NULL");
	SHOW("%lu", getauxval(AT_PAGESZ));
	CHECK(getauxval(AT_ENTRY) == (unsigned long)_start);
	return 0;
}
