int needs(void);

int outer(void)
{
	return needs();
}
