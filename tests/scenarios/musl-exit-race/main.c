#include "race.h"

__attribute__((constructor)) static void construct(void)
{
	slow_stream_open();
	say("the program begins");
}

__attribute__((destructor)) static void destruct(void)
{
	say("the program ends");
}

static void *open_thread(void *name)
{
	say(dlopen(name, RTLD_NOW) != NULL ? "opened" : dlerror());
	usleep(10000);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[2];
	int count = argc > 2 ? atoi(argv[2]) : 1;

	say("main runs");
	if (argc < 2)
		return 3;
	for (int i = 0; i < count; i++) {
		pthread_create(&threads[i], NULL, open_thread, argv[1]);
		while (!race_step)
			usleep(1000);
	}
	if (argc > 3 && strcmp(argv[3], "cancel") == 0) {
		void *result;
		pthread_cancel(threads[0]);
		pthread_join(threads[0], &result);
		say(result == PTHREAD_CANCELED ? "cancelled" : "not cancelled");
		open_thread(argv[1]);
		return 4;
	}
	if (argc > 3 && strcmp(argv[3], "join") == 0) {
		usleep(50000);
		race_step = 2;
		for (int i = 0; i < count; i++)
			pthread_join(threads[i], NULL);
		return 5;
	}
	atexit(race_atexit);
	exit(6);
}
