int needed(void)
{
	return 1;
}

int both(void)
{
	return 2;
}
