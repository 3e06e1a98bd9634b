/* ld.so.cache: order of names, choice among variants, and tens of thousands of damaged files, each in a block of
 * exactly its size, so that the sanitizers see every byte read beyond it. */
#include "../../ldso/policy/cache.h"
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The file format, written down a second time on purpose. */
struct file_header {
	char magic[20];
	uint32_t count, strings_size;
	uint8_t flags, unused[3];
	uint32_t extension, reserved[3];
};

struct file_entry {
	int32_t flags;
	uint32_t key, value, os_version;
	uint64_t hwcap;
};

enum { NAMED_BIT = 62, LIBC6_X86_64 = 0x303 };
#define NAMED(index, level) ((uint64_t)1 << NAMED_BIT | (uint64_t)(level) << 32 | (index))

struct line {
	const char *key, *value;
	uint64_t hwcap;
	int flags;
};

/* What ldconfig writes: downwards by name, named variants first, then legacy ones, then the plain file. */
static const struct line lines[] = {
	{"libz.so.1", "/lib/libz.so.1", 0, LIBC6_X86_64},
	{"libvar.so.1", "/v2/libvar.so.1", NAMED(0, 1), LIBC6_X86_64},
	{"libvar.so.1", "/v3/libvar.so.1", NAMED(1, 2), LIBC6_X86_64},
	{"libvar.so.1", "/zork/libvar.so.1", NAMED(2, 0), LIBC6_X86_64},
	{"libvar.so.1", "/lib/libvar.so.1", 0, LIBC6_X86_64},
	{"libold.so.1", "/haswell/libold.so.1", (uint64_t)1 << 50, LIBC6_X86_64},
	{"libold.so.1", "/phi/libold.so.1", (uint64_t)1 << 51, LIBC6_X86_64},
	{"libold.so.1", "/avx512/libold.so.1", 4, LIBC6_X86_64},
	{"libold.so.1", "/lib/libold.so.1", 0, LIBC6_X86_64},
	{"libn.so.10", "/lib/libn.so.10", 0, LIBC6_X86_64},
	{"libn.so.9", "/lib32/libn.so.9", 0, 0x803},
	{"libn.so.9", "/lib/libn.so.9", 0, LIBC6_X86_64},
	{"liba.so.1", "/lib/liba.so.1", 0, LIBC6_X86_64},
};
enum { LINE_COUNT = sizeof lines / sizeof *lines };

static const char *const hwcap_names[] = {"x86-64-v2", "x86-64-v3", "zork"};

struct image {
	char *bytes;
	size_t size;
};

static uint32_t put(struct image *image, const void *bytes, size_t size)
{
	uint32_t offset = (uint32_t)image->size;
	image->bytes = realloc(image->bytes, image->size + size);
	if (size != 0)
		memcpy(image->bytes + image->size, bytes, size);
	image->size += size;
	return offset;
}

/* A cache of LINES in the current format, behind FRONT bytes that count only for offsets in the file. */
static struct image cache_make(size_t front)
{
	struct image image = {calloc(1, front), front};
	struct file_header header = {.count = LINE_COUNT, .flags = 2};
	struct file_entry entries[LINE_COUNT];
	memcpy(header.magic, "glibc-ld.so.cache1.1", 20);
	put(&image, &header, sizeof header);
	uint32_t table = put(&image, entries, sizeof entries);
	for (int i = 0; i < LINE_COUNT; i++) {
		entries[i] = (struct file_entry){.flags = lines[i].flags, .hwcap = lines[i].hwcap};
		entries[i].key = put(&image, lines[i].key, strlen(lines[i].key) + 1) - (uint32_t)front;
		entries[i].value = put(&image, lines[i].value, strlen(lines[i].value) + 1) - (uint32_t)front;
	}
	memcpy(image.bytes + table, entries, sizeof entries);
	uint32_t names[3];
	for (int i = 0; i < 3; i++)
		names[i] = put(&image, hwcap_names[i], strlen(hwcap_names[i]) + 1);
	put(&image, "\0\0\0", (4 - image.size % 4) % 4);
	uint32_t names_offset = put(&image, names, sizeof names);
	uint32_t directory[] = {(uint32_t)-358342284, 2, 0, 0, names_offset, 0, 1, 0, names_offset, sizeof names};
	header.extension = put(&image, directory, sizeof directory);
	memcpy(image.bytes + front, &header, sizeof header);
	return image;
}

static const char *const machine_names[] = {"x86-64-v3", "x86-64-v2", NULL};
static const char *const feature_names[] = {"sse2", "x86_64", "avx512_1"};
static const struct rl_search_machine machine = {
	.platform = "haswell",
	.hwcaps = machine_names,
	.feature_names = feature_names,
	.features = 2,
	.features_mask = ~(uint64_t)0,
	.platform_mask = (uint64_t)15 << 48,
	.platform_bit = (uint64_t)1 << 50,
	.isa_levels = 7,
};

static bool finds(const struct rl_cache *cache, const struct rl_hwcaps *hwcaps, const char *name, const char *path)
{
	const char *found = rl_cache_find(cache, name, hwcaps);
	if (found == NULL || path == NULL)
		return found == path;
	return strcmp(found, path) == 0;
}

static void compare_check(void)
{
	CHECK(rl_cache_compare("libn.so.9", "libn.so.10") < 0);
	CHECK(rl_cache_compare("libn.so.10", "libn.so.9") > 0);
	CHECK(rl_cache_compare("libn.so.09", "libn.so.9") == 0);
	CHECK(rl_cache_compare("libn.so", "libn.so.1") < 0);
	CHECK(rl_cache_compare("libn1", "libna") > 0);
	CHECK(rl_cache_compare("libna", "libn1") < 0);
	CHECK(rl_cache_compare("a", "b") < 0);
	CHECK(rl_cache_compare("", "") == 0);
	CHECK(rl_cache_compare("x4294967297", "x1") == 0); /* numbers wrap, as in the original */
}

static void choice_check(const struct rl_cache *cache)
{
	struct rl_options options = {0};
	struct rl_hwcaps hwcaps;
	rl_hwcaps_init(&hwcaps, &options, &machine);
	CHECK(finds(cache, &hwcaps, "libz.so.1", "/lib/libz.so.1"));
	CHECK(finds(cache, &hwcaps, "liba.so.1", "/lib/liba.so.1"));
	CHECK(finds(cache, &hwcaps, "libn.so.9", "/lib/libn.so.9"));
	CHECK(finds(cache, &hwcaps, "libn.so.10", "/lib/libn.so.10"));
	CHECK(finds(cache, &hwcaps, "libn.so.11", NULL));
	CHECK(finds(cache, &hwcaps, "", NULL));
	CHECK(finds(cache, &hwcaps, "zzz", NULL));
	CHECK(finds(cache, &hwcaps, "libvar.so.1", "/v3/libvar.so.1"));
	CHECK(finds(cache, &hwcaps, "libold.so.1", "/haswell/libold.so.1"));

	options.hwcaps_prepend = "foo::zork";
	CHECK(finds(cache, &hwcaps, "libvar.so.1", "/zork/libvar.so.1"));
	options.hwcaps_prepend = NULL;
	options.hwcaps_mask = "x86-64-v2:x86-64-v4";
	CHECK(finds(cache, &hwcaps, "libvar.so.1", "/v2/libvar.so.1"));
	options.hwcaps_mask = "";
	CHECK(finds(cache, &hwcaps, "libvar.so.1", "/lib/libvar.so.1"));

	struct rl_search_machine other = machine;
	struct rl_options none = {0};
	other.isa_levels = 3;
	other.platform_bit = (uint64_t)1 << 51;
	rl_hwcaps_init(&hwcaps, &none, &other);
	CHECK(finds(cache, &hwcaps, "libvar.so.1", "/v2/libvar.so.1"));
	CHECK(finds(cache, &hwcaps, "libold.so.1", "/phi/libold.so.1"));
	other.platform_bit = 0;
	CHECK(finds(cache, &hwcaps, "libold.so.1", "/lib/libold.so.1"));
	other.features = 6;
	rl_hwcaps_init(&hwcaps, &none, &other);
	CHECK(finds(cache, &hwcaps, "libold.so.1", "/avx512/libold.so.1"));
}

static void format_check(void)
{
	struct rl_cache cache;
	struct image image = cache_make(0);
	CHECK(rl_cache_read(image.bytes, image.size, &cache));
	choice_check(&cache);
	struct file_header *header = (struct file_header *)image.bytes;
	header->flags = 0;
	CHECK(rl_cache_read(image.bytes, image.size, &cache));
	header->flags = 3;
	CHECK(!rl_cache_read(image.bytes, image.size, &cache));
	header->flags = 2;
	header->count = 0x7fffffff;
	CHECK(!rl_cache_read(image.bytes, image.size, &cache));
	header->count = 0;
	CHECK(rl_cache_read(image.bytes, image.size, &cache));
	struct rl_options options = {0};
	struct rl_hwcaps hwcaps;
	rl_hwcaps_init(&hwcaps, &options, &machine);
	CHECK(finds(&cache, &hwcaps, "libz.so.1", NULL));
	free(image.bytes);

	/* Behind a table of the old format with one entry: 16 + 12 bytes, aligned to 8. */
	image = cache_make(32);
	uint32_t words[] = {1, LIBC6_X86_64, 4, 14};
	memcpy(image.bytes, "ld.so-1.7.0", 12);
	memcpy(image.bytes + 12, words, sizeof words);
	CHECK(rl_cache_read(image.bytes, image.size, &cache));
	choice_check(&cache);

	/* The old format alone. */
	char strings[] = "\0\0\0\0liba.so.1\0/old/liba.so.1";
	memcpy(image.bytes + 28, strings, sizeof strings);
	CHECK(rl_cache_read(image.bytes, 28 + sizeof strings, &cache));
	CHECK(finds(&cache, &hwcaps, "liba.so.1", "/old/liba.so.1"));
	CHECK(finds(&cache, &hwcaps, "libb.so.1", NULL));
	CHECK(!rl_cache_read(image.bytes, 16, &cache) || finds(&cache, &hwcaps, "liba.so.1", NULL));
	CHECK(!rl_cache_read("", 0, &cache));
	free(image.bytes);
}

static uint64_t random_state = 88172645463325252u;

static uint32_t random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 16);
}

static void bytes_damage(char *bytes, size_t size)
{
	static const uint32_t evil[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffc};
	for (uint32_t count = random_next() % 8; size >= 4 && count-- > 0;) {
		/* Half of the blows fall on the header and the start of the table. */
		size_t range = random_next() % 2 != 0 && size > 128 ? 128 : size;
		size_t offset = random_next() % (range - 3);
		uint32_t word = random_next();
		if (random_next() % 3 == 0)
			word = evil[random_next() % 6];
		else if (random_next() % 2 == 0)
			word = (uint32_t)size - random_next() % 16;
		memcpy(bytes + (offset & (random_next() % 4 != 0 ? (size_t)-4 : (size_t)-1)), &word, 1 + random_next() % 4);
	}
}

static void all_asked(const struct rl_cache *cache, const char *extra)
{
	struct rl_options options = {.hwcaps_prepend = "zork"};
	struct rl_hwcaps hwcaps;
	rl_hwcaps_init(&hwcaps, &options, &machine);
	static const char *const names[] = {"libz.so.1", "libvar.so.1", "libold.so.1", "libn.so.9", "liba.so.1",
					    "libc.so.6", "", "zzz"};
	size_t length = 0;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *path = rl_cache_find(cache, names[i], &hwcaps);
		length += path != NULL ? strlen(path) : 0;
	}
	const char *path = rl_cache_find(cache, extra, &hwcaps);
	length += path != NULL ? strlen(path) : 0;
	CHECK(length <= cache->file_size * 9);
}

static void damage_check(const char *bytes, size_t size, int rounds)
{
	unsigned understood = 0;
	for (int round = 0; round < rounds; round++) {
		size_t cut = random_next() % 4 == 0 ? random_next() % (size + 1) : size;
		char *copy = malloc(cut + 1);
		char *start = copy;
		memcpy(start, bytes, cut);
		copy = realloc(copy, cut != 0 ? cut : 1);
		bytes_damage(copy, cut);
		struct rl_cache cache;
		if (rl_cache_read(copy, cut, &cache)) {
			understood++;
			all_asked(&cache, "libm.so.6");
		}
		free(copy);
	}
	CHECK(understood > (unsigned)rounds / 20); /* or the loop tests nothing */
}

static void system_check(void)
{
	FILE *file = fopen("/etc/ld.so.cache", "rb");
	if (file == NULL)
		return;
	struct image image = {NULL, 0};
	char piece[4096];
	for (size_t count; (count = fread(piece, 1, sizeof piece, file)) != 0;)
		put(&image, piece, count);
	fclose(file);
	struct rl_cache cache;
	if (image.size != 0 && rl_cache_read(image.bytes, image.size, &cache)) {
		all_asked(&cache, "libm.so.6");
		damage_check(image.bytes, image.size, 4000);
	}
	free(image.bytes);
}

int main(void)
{
	compare_check();
	format_check();
	struct image image = cache_make(0);
	damage_check(image.bytes, image.size, 20000);
	free(image.bytes);
	image = cache_make(32);
	memcpy(image.bytes, "ld.so-1.7.0\0\1\0\0\0", 16);
	damage_check(image.bytes, image.size, 10000);
	free(image.bytes);
	system_check();
	return check_result();
}
