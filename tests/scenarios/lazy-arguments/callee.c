#include "callee.h"

long integers(long a, long b, long c, long d, long e, long f, long g, long h)
{
	return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h;
}

double doubles(double a, double b, double c, double d, double e, double f, double g, double h, double i)
{
	return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i;
}

float floats(float a, float b, float c, float d)
{
	return a + 2 * b + 3 * c + 4 * d;
}

long double long_doubles(long double a, long double b)
{
	return a / b;
}

double variadic(const char *kinds, ...)
{
	double sum = 0;
	va_list list;

	va_start(list, kinds);
	for (; *kinds; kinds++)
		sum = sum * 1.5 + (*kinds == 'd' ? va_arg(list, double) : *kinds == 'l' ? va_arg(list, long) :
				   (double)va_arg(list, long double));
	va_end(list);
	return sum;
}

/* How many vector registers the caller said it used; where callers say that. */
#if defined(__x86_64__)
__asm__(".globl al_register\n.type al_register, @function\nal_register:\n\tmovzbl %al, %eax\n\tret\n"
	".size al_register, .-al_register\n");
#else
int al_register(int a, ...)
{
	return a;
}
#endif

struct pair_of_long return_pair(long a, long b)
{
	return (struct pair_of_long){a + 1, b + 1};
}

struct mixed return_mixed(long a, double b)
{
	return (struct mixed){a + 1, b + 1};
}

struct large return_large(long a)
{
	return (struct large){{a, a + 1, a + 2, a + 3, a + 4, a + 5, a + 6, a + 7, a + 8}};
}

double _Complex return_complex(double a, double b)
{
	return a + b * I;
}

long double _Complex return_long_complex(long double a, long double b)
{
	return a + b * I;
}

__int128 return_wide(__int128 a, __int128 b)
{
	return a * b;
}
