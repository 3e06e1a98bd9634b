const char *deep(void);

const char *top(void)
{
	return deep();
}
