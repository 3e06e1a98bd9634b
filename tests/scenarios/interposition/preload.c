const char *shared(void)
{
	return NAME;
}

const char *weak_one(void)
{
	return NAME;
}
