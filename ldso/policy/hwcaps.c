/* The list of subdirectories and the rank of glibc-hwcaps names.  Names come from --glibc-hwcaps-prepend, then from
 * the machine as far as --glibc-hwcaps-mask lets them.  Behind them, releases before 2.37 look into every combination
 * of "tls", the platform and the CPU's features.
 */
#define _GNU_SOURCE /* strchrnul */
#include "hwcaps.h"

#include <string.h>

#include "../base/heap.h"

static const char prefix[] = "glibc-hwcaps/";
enum { PREFIX_LENGTH = sizeof prefix - 1, LEGACY_LIMIT = 10 };

void rl_hwcaps_init(struct rl_hwcaps *hwcaps, const struct rl_options *options,
		    const struct rl_search_machine *machine)
{
	*hwcaps = (struct rl_hwcaps){.options = options, .machine = machine, .features = machine->features};
	hwcaps->features &= options->has_hwcap_mask ? options->hwcap_mask : machine->features_mask;
}

/* The next name of a colon list; false at the end.  Start with *LENGTH zero. */
static bool name_next(const char **name, size_t *length)
{
	if (*name == NULL)
		return false;
	*name += *length;
	while (**name == ':')
		++*name;
	*length = (size_t)(strchrnul(*name, ':') - *name);
	return *length != 0;
}

static bool name_is_in(const char *list, const char *name)
{
	size_t size = strlen(name);
	size_t length = 0;
	while (name_next(&list, &length))
		if (length == size && memcmp(list, name, size) == 0)
			return true;
	return false;
}

/* The machine's names one by one, masked ones left out.  Start with *INDEX zero. */
static const char *machine_next(const struct rl_hwcaps *hwcaps, size_t *index)
{
	const char *const *names = hwcaps->machine->hwcaps;
	while (names != NULL && names[*index] != NULL) {
		const char *name = names[(*index)++];
		if (hwcaps->options->hwcaps_mask == NULL || name_is_in(hwcaps->options->hwcaps_mask, name))
			return name;
	}
	return NULL;
}

unsigned rl_hwcaps_priority(const struct rl_hwcaps *hwcaps, const char *name)
{
	unsigned priority = 0;
	size_t size = strlen(name);
	const char *prepended = hwcaps->options->hwcaps_prepend;
	for (size_t length = 0; name_next(&prepended, &length);) {
		priority++;
		if (length == size && memcmp(prepended, name, size) == 0)
			return priority;
	}
	size_t index = 0;
	for (const char *active; (active = machine_next(hwcaps, &index)) != NULL;) {
		priority++;
		if (strcmp(active, name) == 0)
			return priority;
	}
	return 0;
}

/* A growing list: counted in a first pass (strings NULL), written in a second. */
struct listing {
	struct rl_subdirectory *entries;
	char *strings;
	size_t used, longest;
	unsigned count;
};

static void listing_start(struct listing *listing)
{
	if (listing->strings != NULL)
		listing->entries[listing->count].name = listing->strings + listing->used;
}

static void listing_append(struct listing *listing, const char *text, size_t length)
{
	if (listing->strings != NULL) {
		memcpy(listing->strings + listing->used, text, length);
		listing->entries[listing->count].length += length;
	}
	listing->used += length;
}

static void listing_end(struct listing *listing, size_t start)
{
	listing->count++;
	if (listing->used - start > listing->longest)
		listing->longest = listing->used - start;
}

static void hwcap_list(struct listing *listing, const char *name, size_t length)
{
	size_t start = listing->used;
	listing_start(listing);
	listing_append(listing, prefix, PREFIX_LENGTH);
	listing_append(listing, name, length);
	listing_append(listing, "/", 1);
	listing_end(listing, start);
}

/* What legacy subdirectories are made of, most significant last. */
struct part {
	const char *text;
	size_t length;
};

static struct part part_make(const char *text)
{
	return (struct part){text, strlen(text)};
}

static unsigned legacy_parts(const struct rl_hwcaps *hwcaps, struct part parts[LEGACY_LIMIT])
{
	unsigned count = 0;
	uint64_t features = hwcaps->machine->feature_names != NULL ? hwcaps->features : 0;
	for (; features != 0 && count < LEGACY_LIMIT - 2; features &= features - 1)
		parts[count++] = part_make(hwcaps->machine->feature_names[__builtin_ctzll(features)]);
	const char *platform = hwcaps->machine->platform;
	if (platform != NULL && *platform != '\0')
		parts[count++] = part_make(platform);
	parts[count++] = part_make("tls");
	return count;
}

/* Every combination of the parts, as if counting down in binary; the last is the empty one. */
static void legacy_list(struct listing *listing, const struct part *parts, unsigned part_count)
{
	for (unsigned combination = 1u << part_count; combination-- != 0;) {
		size_t start = listing->used;
		listing_start(listing);
		for (unsigned part = part_count; part-- != 0;) {
			if ((combination >> part & 1) == 0)
				continue;
			listing_append(listing, parts[part].text, parts[part].length);
			listing_append(listing, "/", 1);
		}
		listing_end(listing, start);
	}
}

static void all_list(const struct rl_hwcaps *hwcaps, struct listing *listing)
{
	const char *prepended = hwcaps->options->hwcaps_prepend;
	for (size_t length = 0; name_next(&prepended, &length);)
		hwcap_list(listing, prepended, length);
	size_t index = 0;
	for (const char *active; (active = machine_next(hwcaps, &index)) != NULL;)
		hwcap_list(listing, active, strlen(active));
	struct part parts[LEGACY_LIMIT];
	unsigned part_count = legacy_parts(hwcaps, parts);
	legacy_list(listing, parts, part_count);
}

bool rl_hwcaps_list(struct rl_hwcaps *hwcaps)
{
	if (hwcaps->subdirectories != NULL)
		return true;
	struct listing counted = {0};
	all_list(hwcaps, &counted);
	size_t entries_size = counted.count * sizeof(struct rl_subdirectory);
	char *block = rl_heap_take(entries_size + counted.used + 1);
	if (block == NULL)
		return false;
	struct listing written = {.entries = (struct rl_subdirectory *)block, .strings = block + entries_size};
	all_list(hwcaps, &written);
	hwcaps->subdirectories = written.entries;
	hwcaps->count = written.count;
	hwcaps->longest = written.longest;
	return true;
}
