__thread int variable = 3;

int *plug(void)
{
	return &variable;
}
