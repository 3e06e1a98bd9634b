int call_back(int (*function)(int), int x)
{
	return function(x) + 1;
}
