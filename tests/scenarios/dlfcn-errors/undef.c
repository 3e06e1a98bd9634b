extern int nowhere;

int undef(void)
{
	return nowhere;
}
