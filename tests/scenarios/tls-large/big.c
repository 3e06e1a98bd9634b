__thread int big[1 << 18] = {[0] = 1, [12345] = 2, [(1 << 18) - 1] = 3};

long big_sum(void)
{
	long sum = 0;

	for (unsigned i = 0; i < 1 << 18; i++)
		sum += big[i];
	big[7]++;
	return sum;
}
