extern int no_data;
int no_function(void);

int *data(void)
{
	return &no_data;
}

int call(void)
{
	return no_function();
}
