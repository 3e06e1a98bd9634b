#include "scenario.h"

typedef double vector __attribute__((vector_size(WIDTH)));
vector combine(vector a, vector b, vector c, vector d, vector e, vector f, vector g, vector h);
vector variadic(int count, vector first, ...);

static vector make(double start)
{
	vector result;

	for (unsigned i = 0; i < WIDTH / sizeof(double); i++)
		result[i] = start + i / 16.0;
	return result;
}

static void show(const char *what, vector value)
{
	printf("%s:", what);
	for (unsigned i = 0; i < WIDTH / sizeof(double); i++)
		printf(" %.17g", value[i]);
	putchar('\n');
}

int main(void)
{
	for (int i = 0; i < 2; i++) {
		vector sum = combine(make(1), make(20), make(300), make(4000), make(5), make(60), make(700), make(8000));
		vector product = variadic(3, make(1.5), 1.0, 2.0);

		show("combine", sum);
		show("variadic", product);
	}
	return 0;
}
