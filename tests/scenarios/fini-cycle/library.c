void note(const char *what, const char *name);

#ifdef CALLS
int CALLS(void) __attribute__((weak));
#endif

__attribute__((constructor)) static void begin(void)
{
	note("begins", NAME);
#ifdef CALLS
	if (CALLS)
		CALLS();
#endif
}

__attribute__((destructor)) static void end(void)
{
	note("ends", NAME);
}

int FUNCTION(void)
{
	return 1;
}
