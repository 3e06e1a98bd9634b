#include <pthread.h>

#include "scenario.h"

#define EACH(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16) \
	X(17) X(18) X(19) X(20) X(21) X(22) X(23) X(24) X(25) X(26) X(27) X(28) X(29) X(30) X(31) X(32)
#define D(n) double callee_##n(double a, double b, int c, long double d);
EACH(D)

static pthread_barrier_t barrier;

static void *work(void *argument)
{
	double *total = argument;

	pthread_barrier_wait(&barrier);
#define C(n) *total += callee_##n(*total + 1.25, 2.5, 3, 0.5L);
	EACH(C)
	return NULL;
}

int main(void)
{
	pthread_t threads[16];
	double totals[16] = {0};

	pthread_barrier_init(&barrier, NULL, 16);
	for (int i = 0; i < 16; i++)
		pthread_create(&threads[i], NULL, work, &totals[i]);
	for (int i = 0; i < 16; i++)
		pthread_join(threads[i], NULL);
	for (int i = 1; i < 16; i++)
		CHECK(totals[i] == totals[0]);
	SHOW("%.17g", totals[0]);
	return 0;
}
