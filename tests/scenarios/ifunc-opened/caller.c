int indirect(int x);
static int (*pointer)(int) = indirect;

int call(int x)
{
	return indirect(x) + pointer(x);
}

int (*get(void))(int)
{
	return indirect;
}
