#define _GNU_SOURCE
#include <dlfcn.h>

#include "scenario.h"

const char *name_sysv(void), *name_gnu(void), *name_both(void), *in_all(void);
const char *back_sysv(void), *back_gnu(void), *back_both(void);

const char *in_program(void)
{
	return "found in the program";
}

int main(void)
{
	printf("%s %s %s\n%s\n", name_sysv(), name_gnu(), name_both(), in_all());
	printf("%s, %s, %s\n", back_sysv(), back_gnu(), back_both());
	CHECK(dlsym(RTLD_DEFAULT, "back_sysv") == (void *)back_sysv);
	CHECK(dlsym(RTLD_DEFAULT, "no_such_symbol") == NULL);
	return 0;
}
