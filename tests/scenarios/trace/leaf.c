int leaf(void);
int leaf(void)
{
	return 1;
}
