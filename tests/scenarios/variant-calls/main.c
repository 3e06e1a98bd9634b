#include <link.h>
#include "scenario.h"

double call_variant(double value, long *counter);
long usual(long value);

/* How many of the program's PLT slots lead out of it: those that are bound. */
static int bound(void)
{
	const ElfW(Rela) *rela = NULL;
	size_t size = 0;
	int count = 0;
	ElfW(Addr) bias = _r_debug.r_map->l_addr;
	extern const char __executable_start[], _end[];

	for (const ElfW(Dyn) *entry = _DYNAMIC; entry->d_tag != DT_NULL; entry++) {
		if (entry->d_tag == DT_JMPREL)
			rela = (const void *)entry->d_un.d_ptr;
		else if (entry->d_tag == DT_PLTRELSZ)
			size = entry->d_un.d_val;
	}
	for (size_t i = 0; i < size / sizeof *rela; i++) {
		const char *target = *(const char **)(bias + rela[i].r_offset);

		count += target < __executable_start || target >= _end;
	}
	return count;
}

int main(void)
{
	long counter = 40;
	int at_start = bound();

	for (int i = 0; i < 2; i++)
		printf("%g %ld\n", call_variant(1.25 + i, &counter), counter);
	CHECK(bound() == at_start + 1); /* printf, not variant */
	SHOW("%ld", usual(1));
	return 0;
}
