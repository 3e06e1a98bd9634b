/* The formatter against the host's, over every conversion it knows, and its behaviour at the ends of buffers. */
#include "../../ldso/base/text.h"

#include <limits.h>
#include <sys/wait.h>

#include "check.h"

/* Format the same with both; the compiler checks the arguments twice. */
#define COMPARE(...)                                                                                                   \
	do {                                                                                                           \
		char ours[256], theirs[256];                                                                           \
		size_t length = rl_text_format(ours, sizeof ours, __VA_ARGS__);                                        \
		int expected = snprintf(theirs, sizeof theirs, __VA_ARGS__);                                           \
		if (length != (size_t)expected || strcmp(ours, theirs) != 0) {                                         \
			fprintf(stderr, "%s:%d: \"%s\" instead of \"%s\"\n", __FILE__, __LINE__, ours, theirs);        \
			check_failures++;                                                                              \
		}                                                                                                      \
	} while (0)

static void conversions_check(void)
{
	const char *volatile empty = "";
	COMPARE("plain");
	COMPARE("%s", empty);
	COMPARE("%s and %s", "one", "two");
	COMPARE("%c%c", 'x', '%');
	COMPARE("100%%");
	COMPARE("%d %d %d", 0, INT_MAX, INT_MIN);
	COMPARE("%ld %ld", LONG_MAX, LONG_MIN);
	COMPARE("%u %u", 0u, UINT_MAX);
	COMPARE("%x %x", 0u, 0xdeadbeefu);
	COMPARE("%lx %lu", ULONG_MAX, ULONG_MAX);
	COMPARE("%zu", (size_t)SIZE_MAX);
	COMPARE("%016lx", 0x1234ul);
	COMPARE("%016lx", ULONG_MAX);
	COMPARE("%08x|%8x|%3u", 0x1fu, 0x1fu, 12345u);
	COMPARE("[%5d] [%05d]", 42, 42);
	COMPARE("%s:%d: %s", "file", 12, "text");
}

/* Every size of buffer: cut where it ends, always terminated, never written behind. */
static void truncation_check(void)
{
	static const char whole[] = "name=value 00ff";
	for (size_t size = 0; size < 24; size++) {
		char *buffer = malloc(size == 0 ? 1 : size);
		size_t length = rl_text_format(buffer, size, "%s=%s %04x", "name", "value", 0xffu);
		CHECK(length == sizeof whole - 1);
		if (size != 0) {
			size_t kept = size - 1 < length ? size - 1 : length;
			CHECK(strlen(buffer) == kept && memcmp(buffer, whole, kept) == 0);
		}
		free(buffer);
	}
	CHECK(rl_text_format(NULL, 0, "%s", "abc") == 3);
}

/* What rl_text_print writes of TEXT. */
static void print_check(size_t length)
{
	char *text = malloc(length + 1);
	memset(text, 'x', length);
	text[length] = '\0';
	int ends[2];
	NEED(pipe(ends) == 0);
	pid_t child = fork();
	if (child == 0) {
		rl_text_print(ends[1], "<%s>", text);
		_exit(0);
	}
	close(ends[1]);
	char *got = malloc(length + 16);
	size_t size = 0;
	for (ssize_t count; (count = read(ends[0], got + size, length + 16 - size)) > 0;)
		size += (size_t)count;
	close(ends[0]);
	NEED(waitpid(child, NULL, 0) == child);
	CHECK(size == length + 2 && got[0] == '<' && got[size - 1] == '>' && memcmp(got + 1, text, length) == 0);
	free(got);
	free(text);
}

int main(void)
{
	conversions_check();
	truncation_check();
	static const size_t lengths[] = {0, 1, 508, 509, 510, 511, 512, 513, 4096, 20000};
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
		print_check(lengths[i]);
	return check_result();
}
