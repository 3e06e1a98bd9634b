__thread char block[5000] = "tls of the plug";

char *plug(void)
{
	return block;
}
