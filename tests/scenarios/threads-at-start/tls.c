__thread int tls_value = 12;

int tls_bump(void)
{
	return ++tls_value;
}
