static __thread char odd[3] = "ab";
static __thread char aligned[ALIGN + 5] __attribute__((aligned(ALIGN))) = "cd";

#ifdef OPENED
int check(void)
#else
__attribute__((visibility("hidden"))) int check(void)
#endif
{
	return (unsigned long)aligned % ALIGN == 0 && odd[0]++ && aligned[0]++ && aligned[ALIGN + 4] == 0 ? ALIGN : -1;
}

#ifndef OPENED
#define GLUE(a, b) a##b
#define JOIN(a, b) GLUE(a, b)
int JOIN(check_, ALIGN)(void)
{
	return check();
}
#endif
