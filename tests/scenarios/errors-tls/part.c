int present(void)
{
	return 1;
}

#ifdef FULL
__thread int absent_tls = 4;
#endif
