int gone(void);

int middle(void)
{
	return gone() + 1;
}
