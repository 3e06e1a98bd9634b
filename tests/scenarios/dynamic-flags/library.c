const char *who(void)
{
	return NAME;
}
