int first_call(int x)
{
	return x + 1;
}
