/* A library whose thread-local variables need alignment and relocation. */
#include <stdint.h>

static int target = 5;
__thread int PREFIX(value) = 7;
__thread char PREFIX(aligned)[100] __attribute__((aligned(ALIGN))) = "aligned";
static __thread int local = 9;
__thread int *PREFIX(pointer) = &target;

/* Whether the calling thread sees what TIMES calls in this thread must have left. */
int PREFIX(check)(int times)
{
	int ok = PREFIX(value) == 7 + times && local == 9 + times && *PREFIX(pointer) == 5
		 && (uintptr_t)PREFIX(aligned) % ALIGN == 0 && PREFIX(aligned)[0] == 'a';

	PREFIX(value)++;
	local++;
	return ok;
}

int *PREFIX(address)(void)
{
	return &PREFIX(value);
}
