#include <pthread.h>

#include "scenario.h"

long big_sum(void);
static __thread char own[1 << 18];
static __thread char tail = 'x';

static void *use(void *unused)
{
	long zero = 0;

	SHOW("%ld", big_sum());
	SHOW("%ld", big_sum());
	for (unsigned i = 0; i < sizeof(own); i++)
		zero += own[i]++;
	SHOW("%ld", zero);
	SHOW("%c", tail++);
	return unused;
}

int main(void)
{
	pthread_t thread;

	use(NULL);
	for (int i = 0; i < 3; i++) {
		pthread_create(&thread, NULL, use, NULL);
		pthread_join(thread, NULL);
	}
	return 0;
}
