#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <sys/rseq.h>

#include "scenario.h"

static void *thread_main(void *argument)
{
	return argument;
}

int main(void)
{
	unsigned char *volatile block = malloc(3000), *volatile large = malloc(5000);
	struct mallinfo2 info = mallinfo2();
	pthread_t thread;

	SHOW("%02x", block[10]);
	SHOW("%02x", block[2999]);
	SHOW("%zu", info.hblks);
	free(block);
	SHOW("%02x", block[100]);
	free(large);
	SHOW("%u", __rseq_size);
	for (int i = 0; i < 3; i++) {
		pthread_create(&thread, NULL, thread_main, NULL);
		pthread_join(thread, NULL);
	}
	SHOW("%s", getenv("GLIBC_TUNABLES") ? getenv("GLIBC_TUNABLES") : "unset");
	return 0;
}
