#define _GNU_SOURCE
#include <dlfcn.h>

#include "scenario.h"

extern int common_value, weak_value;
extern int *pointers[5];
extern int (*nobody_pointer)(void), (*protected_pointer)(void);
extern char *absolute_address;
int protected_function(void);
int sum(void);

int main(void)
{
	common_value = 2;
	SHOW("%d", sum());
	CHECK(pointers[0] == &common_value);
	CHECK(pointers[1] == &weak_value);
	CHECK(pointers[4] == NULL);
	CHECK(nobody_pointer == NULL);
	SHOW("%d", protected_pointer());
	CHECK(protected_pointer == protected_function);
	SHOW("%p", (void *)absolute_address);
	SHOW("%p", dlsym(RTLD_DEFAULT, "absolute_symbol"));
	CHECK(dlsym(RTLD_DEFAULT, "hidden_value") == NULL);
	CHECK(dlsym(RTLD_DEFAULT, "local_value") == NULL);
	CHECK(dlsym(RTLD_DEFAULT, "weak_value") == (void *)&weak_value);
	return 0;
}
