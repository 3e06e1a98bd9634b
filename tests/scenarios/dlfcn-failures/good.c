int good(void);
int missing(void);

int good(void)
{
#ifdef MISSING
	return missing();
#else
	return 1;
#endif
}

#ifdef PROGRAM
int main(void)
{
	return good();
}
#endif
