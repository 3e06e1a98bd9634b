__thread char bytes[SIZE] = {7};

char *take(void)
{
	return bytes;
}
