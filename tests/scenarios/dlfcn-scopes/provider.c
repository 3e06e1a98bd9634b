const char *provided(void)
{
	return NAME;
}

const char *in_program(void)
{
	return NAME;
}
