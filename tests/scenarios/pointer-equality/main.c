#define _GNU_SOURCE
#include <dlfcn.h>

#include "scenario.h"

int target(int x);
int (*target_one(void))(int);
int (*target_two(void))(int);
extern int (*target_pointer)(int);
int call_one(int x);
static int (*own_pointer)(int) = target;

int main(void)
{
	CHECK(target == target_one());
	CHECK(target == target_two());
	CHECK(target == target_pointer);
	CHECK(target == own_pointer);
	CHECK((void *)target == dlsym(RTLD_DEFAULT, "target"));
	SHOW("%d", call_one(1) + target(2) + target_pointer(3) + own_pointer(4));
	CHECK((void *)printf == dlsym(RTLD_DEFAULT, "printf"));
	CHECK((void *)strlen == dlsym(RTLD_DEFAULT, "strlen"));
	return 0;
}
