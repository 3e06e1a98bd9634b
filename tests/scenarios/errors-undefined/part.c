int present(void)
{
	return 1;
}

#ifdef FULL
int absent(void)
{
	return 2;
}

int absent_data = 3;
#endif
