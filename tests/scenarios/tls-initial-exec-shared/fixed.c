/* Initial values of every kind: numbers, the address of a variable of our own, that of a function under a name, zeros. */
int common_next(void);

static int own;
__thread int number __attribute__((tls_model("initial-exec"))) = 7;
static __thread int *volatile pointer = &own;
#ifdef WITH_SYMBOL
int NAME(number_of)(void)
{
	return 5;
}
static __thread int (*volatile function)(void) = NAME(number_of);
#endif
static __thread char zeros[40];

int NAME(next)(void)
{
	return common_next();
}

int NAME(value)(void)
{
	int sum = number++ + (pointer == &own ? 100 : 0) + 1000 * zeros[7]++;

#ifdef WITH_SYMBOL
	sum += 10000 * function();
#endif
	return sum;
}
