const char *where(void)
{
	return NAME;
}
