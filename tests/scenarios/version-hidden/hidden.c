__asm__(".symver f_a, f@V_A\n.symver f_b, f@V_B\n.symver f_c, f@@V_C\n.symver g_a, g@V_A\n.symver g_b, g@V_B\n");
int f_a(void)
{
	return 1;
}

int f_b(void)
{
	return 2;
}

int f_c(void)
{
	return 3;
}

int g_a(void)
{
	return 10;
}

int g_b(void)
{
	return 20;
}

int h(void)
{
	return 100;
}
