/* What the tests with mutated images share: an image and the regions of it where changes matter, the changes, which look
 * random but are the same in every run, and what became of the images. */
#ifndef RELINK_TEST_MUTATE_H
#define RELINK_TEST_MUTATE_H

#include "check.h"

enum { REGIONS_LIMIT = 40 };

struct image {
	const char *name;
	char *bytes;
	size_t size;
	struct {
		size_t start, size;
	} regions[REGIONS_LIMIT];
	size_t region_count;
};

static unsigned loaded, refused;

static inline uint32_t random_number(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15;
	return random_step(&state);
}

static inline void image_read(struct image *image, const char *name)
{
	FILE *file = fopen(name, "r");
	NEED(file != NULL && fseek(file, 0, SEEK_END) == 0);
	image->name = name;
	image->size = (size_t)ftell(file);
	image->bytes = malloc(image->size);
	rewind(file);
	NEED(fread(image->bytes, 1, image->size, file) == image->size);
	fclose(file);
}

static inline void region_add(struct image *image, size_t start, size_t size)
{
	NEED(size != 0 && start + size <= image->size && image->region_count < REGIONS_LIMIT);
	image->regions[image->region_count].start = start;
	image->regions[image->region_count++].size = size;
}

/* A copy of IMAGE, the caller's, with one to three changes in REGION. */
static inline char *image_mutate(const struct image *image, size_t region)
{
	static const unsigned char interesting[] = {0, 1, 0x7f, 0x80, 0xff, 8, 16};
	char *copy = malloc(image->size);
	memcpy(copy, image->bytes, image->size);
	for (unsigned changes = 1 + random_number() % 3; changes > 0; changes--) {
		size_t at = image->regions[region].start + random_number() % image->regions[region].size;
		copy[at] = random_number() % 3 == 0 ? (char)interesting[random_number() % sizeof interesting]
						    : (char)(copy[at] ^ (1 << random_number() % 8));
		if (random_number() % 4 == 0)
			copy[at] = (char)random_number();
	}
	return copy;
}

/* Each image gives a module or an error that can be told. */
static inline void outcome_note(relink_status status, const relink_module *module, const relink_error *error)
{
	char text[900];
	CHECK((status == RELINK_OK) == (module != NULL));
	if (status == RELINK_OK) {
		loaded++;
		return;
	}
	refused++;
	CHECK(error->status == status && relink_error_format(error, text, sizeof text) > 0);
}

/* Read all that a visitor is shown. */
static inline int symbol_visit(void *user, const relink_symbol *symbol)
{
	*(size_t *)user += strlen(symbol->name) + strlen(symbol->version);
	return 0;
}

/* How many images there are to be, STANDARD if nobody says; a test that hangs is ended. */
static inline unsigned mutations_begin(unsigned standard)
{
	const char *wanted = getenv("RELINK_MUTATIONS");
	unsigned count = wanted == NULL ? standard : (unsigned)atoi(wanted);
	alarm(count < 10000 ? 200 : 3000);
	return count;
}

static inline void mutations_end(unsigned count)
{
	printf("%u loaded, %u refused\n", loaded, refused);
	CHECK(loaded > count / 20 && refused > count / 20);
}

#endif
