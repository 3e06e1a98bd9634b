static __thread int value = 1;

int plug(void)
{
	return value++;
}
