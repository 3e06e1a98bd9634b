int value(void)
{
	return VALUE;
}
