#include <stdlib.h>

/* With a versioned reference of its own the library has a DT_VERSYM even where it defines no versions. */
void *versioned_reference(void)
{
	return malloc(1);
}

int first(void)
{
	return 1;
}

int second(void)
{
	return 2;
}
