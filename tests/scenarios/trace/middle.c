int leaf(void);
int middle(void);
int middle(void)
{
	return leaf();
}
