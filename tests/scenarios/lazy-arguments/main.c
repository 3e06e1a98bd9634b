#include "callee.h"
#include "scenario.h"

int main(void)
{
	struct pair_of_long pair;
	struct mixed mixed;
	struct large large;
	double _Complex complex_value;
	long double _Complex long_complex;
	__int128 wide;

	/* Twice each: the first call binds, the second does not. */
	for (int i = 0; i < 2; i++) {
		SHOW("%d", al_register(1, 1.0, 2.0, 3.0));
		SHOW("%ld", integers(1, 2, 3, 4, 5, 6, 7, 8));
		SHOW("%.17g", doubles(1.1, 2.2, 3.3, 4.4, 5.5, 6.6, 7.7, 8.8, 9.9));
		SHOW("%.9g", (double)floats(1.5f, 2.25f, 3.125f, 4.0625f));
		SHOW("%.21Lg", long_doubles(1.0L, 3.0L));
		SHOW("%.17g", variadic("dldlddlldddddddddL", 1.0, 2L, 3.0, 4L, 5.0, 6.0, 7L, 8L, 9.0, 10.0, 11.0, 12.0, 13.0,
				       14.0, 15.0, 16.0, 17.0, 18.0L));
		pair = return_pair(10, 20);
		printf("pair %ld %ld\n", pair.a, pair.b);
		mixed = return_mixed(10, 20.5);
		printf("mixed %ld %g\n", mixed.a, mixed.b);
		large = return_large(30);
		printf("large %ld %ld\n", large.values[0], large.values[8]);
		complex_value = return_complex(1.5, 2.5);
		printf("complex %g %g\n", creal(complex_value), cimag(complex_value));
		long_complex = return_long_complex(1.5L, 2.5L);
		printf("long complex %Lg %Lg\n", creall(long_complex), cimagl(long_complex));
		wide = return_wide((__int128)1 << 70, 3);
		printf("wide %lx %lx\n", (long)(wide >> 64), (long)wide);
	}
	return 0;
}
