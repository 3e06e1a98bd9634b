static char zeroes[300000];

int onlybss_check(void)
{
	for (unsigned i = 0; i < sizeof(zeroes); i++)
		if (zeroes[i]++)
			return -1;
	return 1;
}
