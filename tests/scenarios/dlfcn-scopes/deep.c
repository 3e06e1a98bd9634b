const char *in_program(void)
{
	return "the deep library";
}

const char *deep_ask(void)
{
	return in_program();
}
