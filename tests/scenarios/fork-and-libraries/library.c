#include <pthread.h>
#include <stdio.h>

static void prepare(void)
{
	dprintf(1, "prepare\n");
}

static void parent(void)
{
}

static void child(void)
{
	dprintf(1, "in the child\n");
}

__attribute__((constructor)) static void begin(void)
{
	pthread_atfork(prepare, parent, child);
}
