int no_function(void) __attribute__((weak));
extern int no_data __attribute__((weak));
int shared = 1;
__attribute__((visibility("protected"))) int protected_data = 7;

int who(void)
{
	return 1;
}

__attribute__((visibility("protected"))) int protected_function(void)
{
	return 5;
}

int behind_who(void)
{
	return who();
}

int *behind_shared(void)
{
	return &shared;
}

int behind_weak(void)
{
	return (no_function ? 1 : 0) + (&no_data ? 2 : 0);
}

int behind_protected(void)
{
	return protected_function() + protected_data;
}
