__thread int variable = 7;
__thread char text[40] = "initial";

int *dynamic_variable(void)
{
	return &variable;
}

char *dynamic_text(void)
{
	return text;
}
