int target(int x);
int (*target_pointer)(int) = target;

int (*target_one(void))(int)
{
	return target;
}

int call_one(int x)
{
	return target(x);
}
