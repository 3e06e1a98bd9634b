#include <arm_neon.h>
#include <string.h>

float64x2_t combine(float64x2_t a, float64x2_t b, float64x2_t c, float64x2_t d, float64x2_t e, float64x2_t f,
		    float64x2_t g, float64x2_t h)
{
	return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h;
}

long double quads(long double a, long double b, long double c, long double d, long double e, long double f,
		  long double g, long double h)
{
	return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h;
}

static double sum(double a, double b, double c, double d, double e, double f, double g, double h)
{
	return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h;
}

/* Leaves none of its argument registers as it was. */
static void *choose(void)
{
	__asm__ volatile("movi v0.16b, #255\n\tmovi v1.16b, #255\n\tmovi v2.16b, #255\n\tmovi v3.16b, #255\n\t"
			 "movi v4.16b, #255\n\tmovi v5.16b, #255\n\tmovi v6.16b, #255\n\tmovi v7.16b, #255"
			 : : : "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7");
	return (void *)sum;
}

double chosen(double a, double b, double c, double d, double e, double f, double g, double h)
	__attribute__((ifunc("choose")));

/* The place of a large result is in a register of its own. */
struct large {
	long words[9];
};

struct large fill(long a, double b)
{
	struct large result;

	memset(&result, 0, sizeof result);
	result.words[0] = a;
	result.words[8] = (long)(b * 4);
	return result;
}
