#ifdef TLS
TLS
int *take(void)
{
	return &variable;
}
#else
int plain;
int *take(void)
{
	return &plain;
}
#endif
