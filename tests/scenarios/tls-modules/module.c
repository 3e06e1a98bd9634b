__thread int value = 7;

int bump(void)
{
	return value++;
}
