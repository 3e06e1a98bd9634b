int plug(void)
{
	return 1;
}
