int first(void);
int second(void);

int user(void)
{
	return first() * 10 + second();
}
