int counter = VALUE;

int value(void)
{
	return VALUE;
}
