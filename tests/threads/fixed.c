__thread int variable __attribute__((tls_model("initial-exec"))) = 7;

int *fixed_variable(void)
{
	return &variable;
}
