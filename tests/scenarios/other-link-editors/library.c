#include <string.h>

#define GLUE(a, b) a##b
#define JOIN(a, b) GLUE(a, b)

static __thread int tls = 5;
static int values[50];
static int *pointers[] = {&values[1], &values[2], 0, &values[3]};
int JOIN(NAME, _data)[3] = {1, 2, 3};

int JOIN(NAME, _use)(const char *text)
{
	values[1]++;
	return (int)strlen(text) + ++tls + *pointers[0] + (pointers[3] == &values[3]) + JOIN(NAME, _data)[2];
}
