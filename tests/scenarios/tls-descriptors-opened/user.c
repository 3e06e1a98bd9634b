/* Refers to a variable of a library that is opened by then, or not. */
extern __thread char bytes[] __attribute__((weak));

char *take(void)
{
	return bytes;
}
