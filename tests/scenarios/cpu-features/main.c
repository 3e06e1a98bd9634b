/* Every byte of struct cpu_features, and the string functions that libc's resolvers chose by it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <math.h>
#include <wchar.h>

#include "scenario.h"

/* The size in 2.36, the release whose structure is known here; others show what all have. */
#define SIZE 480
#define SIZE_ELSEWHERE 300

/* Bits 31..24 of leaf 1's EBX name the processor that happens to run this. */
#define APIC_NUMBER 27

static void show_structure(void)
{
	const unsigned char *(*get)(unsigned) =
		(const unsigned char *(*)(unsigned))dlvsym(RTLD_DEFAULT, "_dl_x86_get_cpu_features", "GLIBC_PRIVATE");
	int is_known = strcmp(gnu_get_libc_version(), "2.36") == 0;

	CHECK(get != NULL);
	for (int i = 0; get && i < (is_known ? SIZE : SIZE_ELSEWHERE); i++) {
		if (i % 32 == 0)
			printf("%s%03d:", i ? "\n" : "", i);
		printf(" %02x", i == APIC_NUMBER ? 0 : get(0)[i]);
	}
	printf("\n");
}

/* Where in its library the chosen function is: equal under both linkers if they chose alike. */
static void show_choice(const char *name, void *function)
{
	Dl_info info;

	if (dladdr(function, &info))
		printf("%s: %s + %#lx\n", name, base_name(info.dli_fname),
		       (unsigned long)((char *)function - (char *)info.dli_fbase));
	else
		printf("%s: nowhere\n", name);
}

#define CHOICE(function) show_choice(#function, dlsym(RTLD_DEFAULT, #function))

/* Sizes on both sides of the thresholds at which memcpy and memset change their ways. */
static void use_thresholds(void)
{
	static const size_t sizes[] = {0, 1, 31, 255, 2047, 2112, 4095, 8193, 20000, 0x5000, 1 << 20, 9000001};
	char *from = malloc(9000064), *to = malloc(9000064);

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		memset(from, (int)i + 1, sizes[i] + 1);
		memset(to, 0, sizes[i] + 2);
		memcpy(to + 1, from, sizes[i]);
		int is_right = to[0] == 0 && to[sizes[i] + 1] == 0;
		is_right &= memcmp(to + 1, from, sizes[i]) == 0;
		memmove(to, to + 1, sizes[i]);
		is_right &= memcmp(to, from, sizes[i]) == 0 && memchr(from, (int)i + 2, sizes[i]) == NULL;
		printf("%zu bytes: %s\n", sizes[i], is_right ? "right" : "WRONG");
	}
	free(from);
	free(to);
}

int main(void)
{
	show_structure();
	CHOICE(memcpy);
	CHOICE(memset);
	CHOICE(memchr);
	CHOICE(strlen);
	CHOICE(strcasecmp);
	CHOICE(strspn);
	CHOICE(wcslen);
	CHOICE(wmemset);
	CHOICE(time);
	CHOICE(sin);
	CHOICE(fma);
	CHOICE(floor);
	use_thresholds();
	return 0;
}
