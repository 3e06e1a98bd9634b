static __thread long counter = 1000;
static __thread long zero[100];

#ifdef PLUG
long plug_add(long n)
#else
long start_add(long n)
#endif
{
	for (int i = 0; i < 100; i++)
		zero[i] += n;
	return counter += n + zero[99] - zero[0];
}
