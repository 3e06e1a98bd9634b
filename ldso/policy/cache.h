/* ld.so.cache, written by ldconfig: a sorted table from sonames to paths, with variants for better machines. */
#ifndef RL_POLICY_CACHE_H
#define RL_POLICY_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hwcaps.h"

/* A checked view of the file's bytes.  Every string below string_limit ends within the file. */
struct rl_cache {
	const char *file;
	size_t file_size;
	const char *strings;   /* what key and value are offsets from */
	size_t string_limit;
	const char *entries;
	size_t entry_size;     /* of the old or the current format */
	uint32_t entry_count;
	const uint32_t *names; /* offsets in the file of glibc-hwcaps names, NULL if there are none */
	uint32_t name_count;
};

/* Understand the bytes; false if they are no cache for this machine. */
bool rl_cache_read(const void *file, size_t file_size, struct rl_cache *out_cache);

/* The path of the best entry for NAME that this machine can use, or NULL. */
const char *rl_cache_find(const struct rl_cache *cache, const char *name, const struct rl_hwcaps *hwcaps);

/* ldconfig's order of names: digits compare as numbers. */
int rl_cache_compare(const char *left, const char *right);

#endif
