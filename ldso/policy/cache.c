/* Reading ld.so.cache.  Formats: "glibc-ld.so.cache1.1" alone, the same behind a table of the old format "ld.so-1.7.0",
 * and the old format alone.  The bytes are foreign: offsets are checked where they are used, counts when the file is
 * understood.  Pure; mapping the file is the search's business.
 */
#include "cache.h"

#include <string.h>

#include "../../arch/port.h"

struct old_header {
	char magic[11];
	uint32_t entry_count;
};

struct old_entry {
	int32_t flags;
	uint32_t key, value;
};

struct header {
	char magic[20];
	uint32_t entry_count;
	uint32_t strings_size;
	uint8_t flags;
	uint8_t unused[3];
	uint32_t extension_offset;
	uint32_t reserved[3];
};

struct entry {
	int32_t flags;
	uint32_t key, value;
	uint32_t os_version;
	uint64_t hwcap;
};

struct section {
	uint32_t tag, flags, offset, size;
};

struct extension {
	uint32_t magic, count;
	struct section sections[];
};

static const char old_magic[] = "ld.so-1.7.0";
static const char current_magic[] = "glibc-ld.so.cache1.1";

enum {
	EXTENSION_MAGIC = -358342284,
	SECTION_HWCAPS = 1,
	SECTION_KINDS = 2,
	ENDIAN_MASK = 3,
	ENDIAN_OURS = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 2 : 3,
};

/* An entry's hwcap field: bit 62 alone in the upper half, but for the ISA level, says that the lower half is an index
 * into the names; otherwise it is a set of legacy features, of which bit 63 ("tls") is always ours. */
#define HWCAP_NAMED ((uint64_t)1 << 62)
#define HWCAP_TLS ((uint64_t)1 << 63)
enum { LEVEL_SHIFT = 32, LEVEL_MASK = 0x3ff };

/* A little-endian reader leaves the low bit alone, as the original does. */
static bool is_our_endian(uint8_t flags)
{
	return flags == 0 || (flags & ENDIAN_MASK) == ENDIAN_OURS;
}

/* Find the section of glibc-hwcaps names.  A damaged directory means no names at all. */
static void names_read(struct rl_cache *cache, const struct header *header)
{
	uint64_t offset = header->extension_offset;
	if (offset == 0 || offset % 4 != 0 || offset + sizeof(struct extension) > cache->file_size)
		return;
	const struct extension *extension = (const void *)(cache->file + offset);
	uint64_t end = offset + sizeof *extension + (uint64_t)extension->count * sizeof(struct section);
	if (extension->magic != (uint32_t)EXTENSION_MAGIC || end > cache->file_size)
		return;
	const struct section *found = NULL;
	for (uint32_t i = 0; i < extension->count; i++) {
		const struct section *section = &extension->sections[i];
		if ((uint64_t)section->offset + section->size > cache->file_size)
			return;
		if (section->tag == SECTION_HWCAPS)
			found = section;
	}
	if (found == NULL || found->size == 0 || found->size % 4 != 0 || found->offset % 4 != 0)
		return;
	cache->names = (const void *)(cache->file + found->offset);
	cache->name_count = found->size / 4;
}

/* The current format at OFFSET in the file. */
static bool current_read(struct rl_cache *cache, size_t offset)
{
	const struct header *header = (const void *)(cache->file + offset);
	size_t room = cache->file_size - offset - sizeof *header;
	if (!is_our_endian(header->flags) || header->entry_count > room / sizeof(struct entry))
		return false;
	cache->strings = (const char *)header;
	cache->entries = (const char *)(header + 1);
	cache->entry_size = sizeof(struct entry);
	cache->entry_count = header->entry_count;
	names_read(cache, header);
	return true;
}

static bool is_current(const struct rl_cache *cache, size_t offset)
{
	return cache->file_size - offset >= sizeof(struct header)
	       && memcmp(cache->file + offset, current_magic, sizeof current_magic - 1) == 0;
}

/* The old format, which may have the current one behind its table. */
static bool old_read(struct rl_cache *cache)
{
	const struct old_header *header = (const void *)cache->file;
	size_t room = cache->file_size - sizeof *header;
	if (memcmp(header->magic, old_magic, sizeof header->magic) != 0
	    || header->entry_count > room / sizeof(struct old_entry))
		return false;
	size_t table_end = sizeof *header + header->entry_count * sizeof(struct old_entry);
	size_t aligned = (table_end + _Alignof(struct entry) - 1) & -_Alignof(struct entry);
	if (aligned <= cache->file_size && is_current(cache, aligned))
		return current_read(cache, aligned);
	cache->strings = cache->file + table_end;
	cache->entries = (const char *)(header + 1);
	cache->entry_size = sizeof(struct old_entry);
	cache->entry_count = header->entry_count;
	return true;
}

bool rl_cache_read(const void *file, size_t file_size, struct rl_cache *out_cache)
{
	struct rl_cache cache = {.file = file, .file_size = file_size};
	if (file_size <= sizeof(struct old_header))
		return false;
	bool is_good = file_size > sizeof(struct header) && is_current(&cache, 0) ? current_read(&cache, 0)
										  : old_read(&cache);
	if (!is_good)
		return false;
	/* Strings end at a NUL; those behind the last one do not, and nobody may ask for them. */
	const char *end = cache.file + file_size;
	while (end > cache.strings && end[-1] != '\0')
		end--;
	cache.string_limit = (size_t)(end - cache.strings);
	*out_cache = cache;
	return true;
}

int rl_cache_compare(const char *left, const char *right)
{
	while (*left != '\0') {
		bool is_left_digit = (unsigned char)(*left - '0') < 10;
		bool is_right_digit = (unsigned char)(*right - '0') < 10;
		if (is_left_digit != is_right_digit)
			return is_left_digit ? 1 : -1;
		if (!is_left_digit) {
			if (*left != *right)
				return *left - *right;
			left++;
			right++;
			continue;
		}
		/* Numbers wrap around like the original's, so that even absurd ones sort alike. */
		uint32_t left_number = 0, right_number = 0;
		while ((unsigned char)(*left - '0') < 10)
			left_number = left_number * 10 + (uint32_t)(*left++ - '0');
		while ((unsigned char)(*right - '0') < 10)
			right_number = right_number * 10 + (uint32_t)(*right++ - '0');
		if (left_number != right_number)
			return (int32_t)(left_number - right_number);
	}
	return *left - *right;
}

/* Both formats begin an entry alike. */
static const struct old_entry *entry_at(const struct rl_cache *cache, uint32_t index)
{
	return (const void *)(cache->entries + index * cache->entry_size);
}

/* Compare NAME with the key of an entry; false if the key is no string of the file. */
static bool entry_compare(const struct rl_cache *cache, uint32_t index, const char *name, int *out_order)
{
	uint32_t key = entry_at(cache, index)->key;
	if (key >= cache->string_limit)
		return false;
	*out_order = rl_cache_compare(name, cache->strings + key);
	return true;
}

static bool entry_has_name(const struct rl_cache *cache, uint32_t index, const char *name)
{
	int order;
	return entry_compare(cache, index, name, &order) && order == 0;
}

static bool is_named(uint64_t hwcap)
{
	return ((hwcap >> LEVEL_SHIFT) & ~(uint64_t)LEVEL_MASK) == HWCAP_NAMED >> LEVEL_SHIFT;
}

/* Preference of an entry with a glibc-hwcaps name: 1 is best, 0 means not for this machine. */
static unsigned named_priority(const struct rl_cache *cache, uint64_t hwcap, const struct rl_hwcaps *hwcaps)
{
	uint32_t levels = hwcaps->machine->isa_levels;
	unsigned level = (hwcap >> LEVEL_SHIFT) & LEVEL_MASK;
	if (levels != 0 && (level > 31 || (levels >> level & 1) == 0))
		return 0;
	uint32_t index = (uint32_t)hwcap;
	if (index >= cache->name_count)
		return 0;
	size_t end = cache->string_limit + (size_t)(cache->strings - cache->file);
	if (cache->names[index] >= end)
		return 0;
	return rl_hwcaps_priority(hwcaps, cache->file + cache->names[index]);
}

static bool legacy_is_usable(uint64_t hwcap, const struct rl_hwcaps *hwcaps)
{
	uint64_t platforms = hwcaps->machine->platform_mask;
	if ((hwcap & ~(hwcaps->features | platforms | HWCAP_TLS)) != 0)
		return false;
	return (hwcap & platforms) == 0 || (hwcap & platforms) == hwcaps->machine->platform_bit;
}

/* Of the entries FIRST … LAST that bear NAME, the best one's path.  Up to KNOWN the name has been seen to match. */
static const char *run_choose(const struct rl_cache *cache, const char *name, uint32_t first, uint32_t known,
			      uint32_t last, const struct rl_hwcaps *hwcaps)
{
	const char *best = NULL;
	unsigned best_priority = 0;
	for (uint32_t i = first; i <= last; i++) {
		if (i > known && !entry_has_name(cache, i, name))
			break;
		const struct old_entry *candidate = entry_at(cache, i);
		if (candidate->flags != RL_PORT_CACHE_FLAGS || candidate->value >= cache->string_limit)
			continue;
		const char *path = cache->strings + candidate->value;
		if (cache->entry_size != sizeof(struct entry))
			return path;
		uint64_t hwcap = ((const struct entry *)candidate)->hwcap;
		if (!is_named(hwcap)) {
			/* Named entries come first, so the best of them is known by now. */
			if (best != NULL)
				break;
			if (legacy_is_usable(hwcap, hwcaps))
				return path;
			continue;
		}
		unsigned priority = named_priority(cache, hwcap, hwcaps);
		if (priority != 0 && (best == NULL || priority < best_priority)) {
			best = path;
			best_priority = priority;
		}
	}
	return best;
}

const char *rl_cache_find(const struct rl_cache *cache, const char *name, const struct rl_hwcaps *hwcaps)
{
	int64_t left = 0;
	int64_t right = (int64_t)cache->entry_count - 1;
	while (left <= right) {
		int64_t middle = (left + right) / 2;
		int order;
		if (!entry_compare(cache, (uint32_t)middle, name, &order))
			return NULL;
		if (order == 0) {
			uint32_t first = (uint32_t)middle;
			while (first > 0 && entry_has_name(cache, first - 1, name))
				first--;
			return run_choose(cache, name, first, (uint32_t)middle, (uint32_t)right, hwcaps);
		}
		/* The table is sorted downwards. */
		if (order < 0)
			left = middle + 1;
		else
			right = middle - 1;
	}
	return NULL;
}
