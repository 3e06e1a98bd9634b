/* The library whose copies are damaged: functions, data, an IFUNC, a unique and a weak symbol, thread-local
 * variables, a constructor that speaks before anything else happens. */
#include <stddef.h>

static void say(const char *text, size_t size)
{
	long result;
	__asm__ volatile("syscall" : "=a"(result) : "0"(1L), "D"(1L), "S"(text), "d"(size) : "rcx", "r11", "memory");
}

__attribute__((constructor)) static void construct(void)
{
	say("constructed\n", 12);
}

extern int missing(void) __attribute__((weak));
extern int puts(const char *text);
extern int witness;

int victim_data = 42;
int *victim_pointer = &victim_data;
static int (*const table[])(const char *) = {puts, NULL};
__thread int victim_local = 7;
static __thread int victim_zero[100];
char victim_large[20000];

static int plain(void)
{
	return 5;
}

static int (*choose(void))(void)
{
	return plain;
}

int victim_chosen(void) __attribute__((ifunc("choose")));

int victim_call(int value)
{
	victim_zero[1] = value;
	return table[0] != NULL && missing == NULL && witness == 0
		       ? *victim_pointer + victim_local + victim_zero[1] + victim_chosen()
		       : 0;
}

int victim_old(void)
{
	return 1;
}
