/* The allocator: sizes, alignment, zeroing, reuse, many threads at once, and the child of a fork whose other threads
 * were inside it. */
#include "../../ldso/base/heap.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "check.h"

static int is_zero(const unsigned char *block, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (block[i] != 0)
			return 0;
	return 1;
}

/* Every size around the borders of classes and chunks: aligned, zeroed, and wholly usable. */
static void sizes_check(void)
{
	static const size_t bases[] = {0,    16,    32,    48,    80,    112,    240,    1008,   4096,
				       8176, 49136, 65520, 98288, 98304, 131072, 262144, 1 << 20};
	for (size_t i = 0; i < sizeof bases / sizeof *bases; i++) {
		for (int delta = -2; delta <= 2; delta++) {
			size_t size = bases[i] + (size_t)delta;
			if ((long)size < 0)
				continue;
			unsigned char *block = rl_heap_take(size), *other = rl_heap_take(size);
			NEED(block != NULL && other != NULL);
			CHECK((uintptr_t)block % 16 == 0 && is_zero(block, size) && is_zero(other, size));
			memset(block, 0xaa, size);
			CHECK(is_zero(other, size));
			memset(other, 0x55, size);
			CHECK(size == 0 || (block[0] == 0xaa && block[size - 1] == 0xaa));
			rl_heap_give(block);
			unsigned char *again = rl_heap_take(size);
			CHECK(is_zero(again, size));
			rl_heap_give(again);
			rl_heap_give(other);
		}
	}
	rl_heap_give(NULL);
	CHECK(rl_heap_take(SIZE_MAX) == NULL);
	CHECK(rl_heap_take(SIZE_MAX / 2 + 1) == NULL);
	CHECK(rl_heap_take((size_t)1 << 50) == NULL);
	CHECK(rl_heap_take_aligned(SIZE_MAX - 64, 4096) == NULL);
}

/* An array keeps its place while there is room, and its items when it moves. */
static void room_check(void)
{
	uint32_t *items = NULL;
	size_t capacity = 0;
	for (uint32_t count = 0; count < 1000; count++) {
		size_t before = capacity;
		uint32_t *grown = rl_heap_room(items, count, &capacity, sizeof *grown, 5);
		NEED(grown != NULL && capacity > count);
		CHECK(capacity == (before == 0 ? 5 : count < before ? before : 2 * before));
		CHECK(capacity != before || grown == items);
		items = grown;
		items[count] = count;
		CHECK(items[0] == 0 && items[count / 2] == count / 2);
	}
	size_t too_many = SIZE_MAX / 16;
	CHECK(rl_heap_room(items, too_many, &too_many, sizeof *items, 5) == NULL && too_many == SIZE_MAX / 16 && items[999] == 999);
	rl_heap_give(items);
}

static void alignment_check(void)
{
	for (size_t align = 1; align <= (size_t)1 << 21; align *= 2) {
		for (size_t size = 1; size <= 300000; size = size * 7 + 3) {
			unsigned char *block = rl_heap_take_aligned(size, align);
			NEED(block != NULL);
			CHECK((uintptr_t)block % align == 0 && is_zero(block, size));
			memset(block, 0xcc, size);
			rl_heap_give(block);
		}
	}
}

/* Given back, a block is taken again: a program that opens and closes for ever does not grow. */
static void reuse_check(void)
{
	static struct maps before, after;
	for (int turn = 0; turn < 2; turn++) {
		maps_take(&before);
		for (int i = 0; i < 20000; i++) {
			void *small = rl_heap_take(100), *large = rl_heap_take(5000), *mapped = rl_heap_take(1 << 18);
			void *aligned = rl_heap_take_aligned(100, 256);
			rl_heap_give(aligned);
			rl_heap_give(small);
			rl_heap_give(mapped);
			rl_heap_give(large);
		}
		maps_take(&after);
	}
	CHECK(maps_equal(&before, &after));
}

static void helpers_check(void)
{
	char *text = rl_heap_string("a string");
	CHECK(strcmp(text, "a string") == 0);
	char *grown = rl_heap_grow(text, 9, 4000);
	CHECK(strcmp(grown, "a string") == 0 && is_zero((unsigned char *)grown + 9, 3991));
	rl_heap_give(grown);
	char *fresh = rl_heap_grow(NULL, 0, 100);
	CHECK(is_zero((unsigned char *)fresh, 100));
	rl_heap_give(fresh);
	char *empty = rl_heap_string("");
	CHECK(empty[0] == '\0');
	rl_heap_give(empty);
}

enum { SLOTS = 64 };

struct worker {
	uint64_t seed;
	unsigned rounds;     /* 0: until told to stop */
	unsigned long wrong; /* blocks that were not zeroed, or changed in our hands */
};

static int stop_workers;

static unsigned pattern_of(const struct worker *worker, size_t slot)
{
	return (unsigned)(worker->seed ^ slot * 2654435761u) & 0xff;
}

/* Take, fill, look whether it is still so, give; blocks of all sizes stay for different times. */
static void *hammer(void *argument)
{
	struct worker *worker = argument;
	uint64_t state = worker->seed;
	unsigned char *blocks[SLOTS] = {0};
	size_t sizes[SLOTS] = {0};
	for (unsigned round = 0;
	     worker->rounds != 0 ? round < worker->rounds : !__atomic_load_n(&stop_workers, __ATOMIC_RELAXED);
	     round++) {
		size_t slot = random_step(&state) % SLOTS;
		if (blocks[slot] != NULL) {
			for (size_t i = 0; i < sizes[slot]; i++)
				worker->wrong += blocks[slot][i] != pattern_of(worker, slot);
			rl_heap_give(blocks[slot]);
			blocks[slot] = NULL;
			continue;
		}
		sizes[slot] = random_step(&state) % (random_step(&state) % 16 == 0 ? 9000 : 200);
		blocks[slot] = random_step(&state) % 8 == 0 ? rl_heap_take_aligned(sizes[slot], 64)
							    : rl_heap_take(sizes[slot]);
		if (blocks[slot] == NULL)
			abort();
		worker->wrong += !is_zero(blocks[slot], sizes[slot]);
		memset(blocks[slot], (int)pattern_of(worker, slot), sizes[slot]);
	}
	for (size_t slot = 0; slot < SLOTS; slot++)
		rl_heap_give(blocks[slot]);
	return NULL;
}

static void threads_check(void)
{
	enum { COUNT = 8 };
	pthread_t threads[COUNT];
	struct worker workers[COUNT];
	for (unsigned i = 0; i < COUNT; i++) {
		workers[i] = (struct worker){.seed = i + 1, .rounds = 60000};
		NEED(pthread_create(&threads[i], NULL, hammer, &workers[i]) == 0);
	}
	for (unsigned i = 0; i < COUNT; i++) {
		pthread_join(threads[i], NULL);
		CHECK(workers[i].wrong == 0);
	}
}

/* The child must neither hang nor get a block twice, wherever the other threads were. */
static void fork_check(void)
{
	enum { COUNT = 3, FORKS = 60 };
	pthread_t threads[COUNT];
	struct worker workers[COUNT];
	stop_workers = 0;
	for (unsigned i = 0; i < COUNT; i++) {
		workers[i] = (struct worker){.seed = i + 100};
		NEED(pthread_create(&threads[i], NULL, hammer, &workers[i]) == 0);
	}
	for (unsigned i = 0; i < FORKS; i++) {
		pid_t child = fork();
		if (child == 0) {
			alarm(20);
			struct worker worker = {.seed = 1000 + i, .rounds = 2000};
			hammer(&worker);
			_exit(worker.wrong == 0 ? 0 : 1);
		}
		int status = -1;
		NEED(waitpid(child, &status, 0) == child);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	__atomic_store_n(&stop_workers, 1, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < COUNT; i++) {
		pthread_join(threads[i], NULL);
		CHECK(workers[i].wrong == 0);
	}
}

/* A handler that allocates, whenever it strikes. */
static void on_tick(int number)
{
	(void)number;
	unsigned char *block = rl_heap_take(100);
	if (block == NULL || !is_zero(block, 100))
		abort();
	memset(block, 0xee, 100);
	rl_heap_give(block);
}

static void signal_check(void)
{
	struct sigaction action = {.sa_handler = on_tick, .sa_flags = SA_RESTART};
	sigaction(SIGALRM, &action, NULL);
	timer_t timer;
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
	NEED(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
	struct itimerspec every = {.it_interval.tv_nsec = 200000, .it_value.tv_nsec = 200000};
	timer_settime(timer, 0, &every, NULL);
	struct worker worker = {.seed = 7, .rounds = 150000};
	hammer(&worker);
	CHECK(worker.wrong == 0);
	timer_delete(timer);
}

int main(void)
{
	sizes_check();
	room_check();
	alignment_check();
	helpers_check();
	reuse_check();
	threads_check();
	fork_check();
	signal_check();
	return check_result();
}
