/* The address table: readers in threads and in a signal handler, while a writer adds and removes objects.  An object
 * that stays must be found at any moment; an address of nothing must never be. */
#include "../../ldso/link/address.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "../../ldso/link/object.h"
#include "check.h"

enum { STAYING = 40, COMING = 200, STEP = 0x1000 };

static struct rl_address_table table;
static struct rl_object staying[STAYING], coming[COMING];
static unsigned long wrong, asked;
static int stop;

static uintptr_t base_of(size_t index)
{
	return 0x100000 + index * 4 * STEP;
}

static void object_place(struct rl_object *object, size_t index)
{
	object->map_start = base_of(index);
	object->map_end = object->map_start + STEP;
}

/* One question about an object that stays, one about a hole, one about what may be there or not. */
static void ask(uint64_t *state)
{
	size_t i = random_step(state) % STAYING, j = random_step(state) % COMING;
	uintptr_t offset = random_step(state) % STEP;
	unsigned long errors = 0;
	errors += rl_address_find(&table, staying[i].map_start + offset) != &staying[i];
	errors += rl_address_find(&table, staying[i].map_end + offset) != NULL;
	errors += rl_address_find(&table, staying[i].map_start - 1) != NULL;
	struct rl_object *found = rl_address_find(&table, coming[j].map_start + offset);
	errors += found != NULL && found != &coming[j];
	errors += rl_address_find(&table, 0) != NULL || rl_address_find(&table, UINTPTR_MAX) != NULL;
	__atomic_fetch_add(&wrong, errors, __ATOMIC_RELAXED);
	__atomic_fetch_add(&asked, 1, __ATOMIC_RELAXED);
}

static void *reader(void *argument)
{
	uint64_t state = (uintptr_t)argument;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		ask(&state);
	return NULL;
}

static void on_tick(int number)
{
	static uint64_t count;
	uint64_t state = __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED);
	(void)number;
	ask(&state);
}

static void add(struct rl_object *object)
{
	NEED(rl_address_reserve(&table, 1) == RL_OK);
	object->next = NULL;
	rl_address_add_list(&table, object);
}

/* Whatever comes and goes: the table grows from nothing to its largest and back, again and again. */
static void writer(unsigned rounds)
{
	uint64_t state = 3;
	bool is_there[COMING] = {0};
	struct rl_object *gone[COMING];
	for (unsigned round = 0; round < rounds; round++) {
		size_t count = 0;
		if (random_step(&state) % 3 != 0) {
			size_t j = random_step(&state) % COMING;
			if (!is_there[j])
				add(&coming[j]);
			is_there[j] = true;
			continue;
		}
		for (size_t j = random_step(&state) % COMING; j < COMING && count < 5; j++) {
			if (!is_there[j])
				continue;
			gone[count++] = &coming[j];
			is_there[j] = false;
		}
		rl_address_remove(&table, gone, count);
		for (size_t k = 0; k < count; k++)
			CHECK(rl_address_find(&table, gone[k]->map_start) == NULL);
	}
	for (size_t j = 0; j < COMING; j++)
		CHECK((rl_address_find(&table, coming[j].map_start) == &coming[j]) == is_there[j]);
}

static void empty_check(void)
{
	static struct rl_address_table empty;
	CHECK(rl_address_find(&empty, 0) == NULL && rl_address_find(&empty, 0x1000) == NULL);
	struct rl_object object = {.map_start = 0x1000, .map_end = 0x2000}, nothing = {.map_start = 0, .map_end = 0};
	object.next = &nothing;
	NEED(rl_address_reserve(&empty, 2) == RL_OK);
	rl_address_add_list(&empty, &object);
	CHECK(rl_address_find(&empty, 0x1000) == &object && rl_address_find(&empty, 0x1fff) == &object);
	CHECK(rl_address_find(&empty, 0xfff) == NULL && rl_address_find(&empty, 0x2000) == NULL);
	CHECK(rl_address_find(&empty, 0) == NULL); /* what has no mapping is nowhere */
	struct rl_object *list[] = {&nothing, &object};
	rl_address_remove(&empty, list, 2);
	CHECK(rl_address_find(&empty, 0x1000) == NULL);
}

int main(void)
{
	enum { READERS = 3 };
	empty_check();
	for (size_t i = 0; i < STAYING + COMING; i++)
		object_place(i % 6 == 0 && i / 6 < STAYING ? &staying[i / 6] : &coming[i - i / 6 - 1 - (i >= 240)], i);
	for (size_t i = 0; i < STAYING; i++)
		add(&staying[i]);
	struct sigaction action = {.sa_handler = on_tick, .sa_flags = SA_RESTART};
	sigaction(SIGALRM, &action, NULL);
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
	timer_t timer;
	NEED(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
	struct itimerspec every = {.it_interval.tv_nsec = 300000, .it_value.tv_nsec = 300000};
	timer_settime(timer, 0, &every, NULL);
	pthread_t threads[READERS];
	for (size_t i = 0; i < READERS; i++)
		NEED(pthread_create(&threads[i], NULL, reader, (void *)(i + 1)) == 0);
	writer(60000);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (size_t i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	timer_delete(timer);
	CHECK(wrong == 0 && asked > 100);
	return check_result();
}
