#define GLUE(a, b) a##b
#define JOIN(a, b) GLUE(a, b)

__thread int JOIN(NAME, _public) = 40;
static __thread int hidden = 2;
static __thread char zero[64];

int JOIN(NAME, _bump)(int by)
{
	JOIN(NAME, _public) += by;
	hidden += by;
	zero[5]++;
	return JOIN(NAME, _public) * 1000 + hidden * 10 + zero[5];
}

int *JOIN(NAME, _address)(void)
{
	return &JOIN(NAME, _public);
}
