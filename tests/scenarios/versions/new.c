__asm__(".symver value_1, value@VER_1");
__asm__(".symver value_2, value@@VER_2");
__asm__(".symver gone_1, gone@VER_1");

int value_1(void)
{
	return 1;
}

int value_2(void)
{
	return 2;
}

int gone_1(void)
{
	return 3;
}

int other(void)
{
	return 10;
}
