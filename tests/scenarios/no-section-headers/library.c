__thread int tls = 3;

int bare(int x)
{
	return x + tls++;
}
