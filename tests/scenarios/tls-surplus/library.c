__thread char block[SIZE] = "initial";

char *use(void)
{
	return block;
}
