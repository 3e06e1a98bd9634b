int who(void)
{
	return 1;
}
