#include <pthread.h>

#include "scenario.h"

static __thread int own = 4;

static void *thread_main(void *argument)
{
	SHOW("%d", own++);
	return argument;
}

int main(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, thread_main, NULL);
	pthread_join(thread, NULL);
	SHOW("%d", own);
	return 0;
}
