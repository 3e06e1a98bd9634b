#include <complex.h>
#include <stdarg.h>

struct pair_of_long { long a, b; };
struct mixed { long a; double b; };
struct large { long values[9]; };

long integers(long a, long b, long c, long d, long e, long f, long g, long h);
double doubles(double a, double b, double c, double d, double e, double f, double g, double h, double i);
float floats(float a, float b, float c, float d);
long double long_doubles(long double a, long double b);
double variadic(const char *kinds, ...);
int al_register(int a, ...);
struct pair_of_long return_pair(long a, long b);
struct mixed return_mixed(long a, double b);
struct large return_large(long a);
double _Complex return_complex(double a, double b);
long double _Complex return_long_complex(long double a, long double b);
__int128 return_wide(__int128 a, __int128 b);
