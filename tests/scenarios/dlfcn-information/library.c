__thread int library_tls = 3;
static int hidden_function(void)
{
	return library_tls;
}

int info_data[4] = {1, 2, 3, 4};
int (*hidden_pointer)(void) = hidden_function;

int info_function(void)
{
	return hidden_pointer() + info_data[0];
}
