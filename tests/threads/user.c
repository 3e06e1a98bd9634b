extern __thread int variable __attribute__((tls_model("initial-exec")));
extern __thread char text[40] __attribute__((tls_model("initial-exec")));

int *user_variable(void)
{
	return &variable;
}

char *user_text(void)
{
	return text;
}
