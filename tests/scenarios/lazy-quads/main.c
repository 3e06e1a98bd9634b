#include <arm_neon.h>
#include "scenario.h"

float64x2_t combine(float64x2_t a, float64x2_t b, float64x2_t c, float64x2_t d, float64x2_t e, float64x2_t f,
		    float64x2_t g, float64x2_t h);
long double quads(long double a, long double b, long double c, long double d, long double e, long double f,
		  long double g, long double h);
double chosen(double a, double b, double c, double d, double e, double f, double g, double h);
struct large {
	long words[9];
} fill(long a, double b);

static float64x2_t pair(double a)
{
	return (float64x2_t){a, a + 0.25};
}

int main(void)
{
	for (int i = 0; i < 2; i++) {
		float64x2_t sum = combine(pair(1), pair(20), pair(300), pair(4), pair(50), pair(600), pair(7), pair(80));

		printf("%g %g\n", sum[0], sum[1]);
		printf("%.20Lg\n", quads(1, 2.5L, 3e10L, 4, 5e-5L, 6, 7, 8e20L));
		printf("%g\n", chosen(1, 2, 3, 4, 5, 6, 7, 8));
		struct large large = fill(5, 2.5);

		printf("%ld %ld\n", large.words[0], large.words[8]);
	}
	return 0;
}
