static __thread int value = 10;

int plug(void)
{
	return ++value;
}
