#include <stdio.h>

extern __thread int fixed_variable;
int fixed_value(void);

__attribute__((destructor)) static void end(void)
{
	printf("user ends with %d\n", fixed_variable > 0);
}

int use(void)
{
	return fixed_value() * 1000 + fixed_variable;
}
