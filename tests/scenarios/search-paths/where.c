const char *FUNCTION(void)
{
	return WHERE;
}
