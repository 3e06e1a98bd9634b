__thread int shared = 1;
extern __thread int absent __attribute__((weak));

int library_get(void)
{
	return ++shared;
}
