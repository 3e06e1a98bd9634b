#define GLUE(a, b) a##b
#define JOIN(a, b) GLUE(a, b)
static char zeroes[100000];
static int value = 3;
int *JOIN(NAME, _pointer) = &value;

int JOIN(NAME, _check)(void)
{
	for (unsigned i = 0; i < sizeof(zeroes); i++)
		if (zeroes[i]++)
			return -1;
	return *JOIN(NAME, _pointer);
}
