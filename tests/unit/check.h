/* What the unit tests share: a check that counts, commands, numbers that look random but are the same in every run, and a picture
 * of the process's mappings to compare with a later one. */
#ifndef TEST_CHECK_H
#define TEST_CHECK_H

#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int check_failures;

/* A condition that must hold.  The test goes on, and fails at its end. */
#define CHECK(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                \
			__atomic_fetch_add(&check_failures, 1, __ATOMIC_RELAXED);                                      \
		}                                                                                                      \
	} while (0)

/* A condition without which the test cannot go on. */
#define NEED(condition)                                                                                                \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                \
			exit(1);                                                                                       \
		}                                                                                                      \
	} while (0)

/* Run a command of the shell that must succeed. */
static inline void check_command(const char *format, ...)
{
	char command[4096];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(command, sizeof command, format, arguments);
	va_end(arguments);
	int status = system(command);
	if (status != 0) {
		fprintf(stderr, "%s: status %d\n", command, status);
		exit(1);
	}
}

static inline int check_result(void)
{
	if (check_failures != 0)
		fprintf(stderr, "%d failures\n", check_failures);
	return check_failures == 0 ? 0 : 1;
}

/* A linear congruential generator's upper bits; every thread and every test keeps its own state. */
static inline uint32_t random_step(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

/* /proc/self/maps as text, without touching any heap. */
struct maps {
	size_t size;
	char text[1 << 18];
};

static inline void maps_take(struct maps *out_maps)
{
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	out_maps->size = 0;
	for (ssize_t count;
	     (count = read(fd, out_maps->text + out_maps->size, sizeof out_maps->text - 1 - out_maps->size)) > 0;)
		out_maps->size += (size_t)count;
	out_maps->text[out_maps->size] = '\0';
	close(fd);
}

static inline int maps_equal(const struct maps *one, const struct maps *other)
{
	return one->size == other->size && memcmp(one->text, other->text, one->size) == 0;
}

/* Print the lines of OTHER that ONE does not have. */
static inline void maps_show_new(const struct maps *one, const struct maps *other)
{
	for (const char *line = other->text; *line != '\0';) {
		const char *end = line + strcspn(line, "\n");
		char *copy = strndup(line, (size_t)(end - line));
		if (strstr(one->text, copy) == NULL)
			fprintf(stderr, "new: %s\n", copy);
		free(copy);
		line = *end == '\0' ? end : end + 1;
	}
}

#endif
