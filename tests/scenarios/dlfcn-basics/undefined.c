int plug(void);
int nowhere(void);
extern int nowhere_data;

int use(void)
{
	return plug() + nowhere();
}

int *data(void)
{
	return &nowhere_data;
}
