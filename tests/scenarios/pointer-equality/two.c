int target(int x)
{
	return x + 1;
}

int (*target_two(void))(int)
{
	return target;
}
