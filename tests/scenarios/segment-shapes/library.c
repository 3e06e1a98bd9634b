static char zeroes[SIZE];
static int value = 4;
static int *pointer = &value;

int library_check(void)
{
	for (unsigned i = 0; i < sizeof(zeroes); i++)
		if (zeroes[i]++)
			return -1;
	return (*pointer)++;
}
