#include "scenario.h"

const char *user(void);

int main(void)
{
	puts(user());
	return 0;
}
