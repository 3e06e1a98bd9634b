__thread int far_variable = 40;

int far_value(void)
{
	return ++far_variable;
}
