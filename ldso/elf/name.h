/* A symbol's name, measured and hashed once (GNU hash: h = 5381, then h * 33 + character for each).
 * Pure.  The hash is a sum of characters times powers of 33, so eight characters can be added in one step. */
#ifndef RL_ELF_NAME_H
#define RL_ELF_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first character of a word is in its lowest byte");

enum { RL_NAME_HASH_START = 5381 };

struct rl_name {
	const char *string;
	size_t size; /* with the final NUL */
	uint32_t gnu_hash;
	uint32_t sysv_hash; /* computed on first need; valid if sysv_ready */
	bool sysv_ready;
	bool is_open; /* the string has no NUL at its end; size counts one all the same */
};

static inline uint64_t rl_name_word(const char *bytes)
{
	uint64_t word;
	__builtin_memcpy(&word, bytes, sizeof word);
	return word;
}

/* The share of eight characters, the first in the lowest byte: neighbours are joined three times. */
static inline uint32_t rl_name_hash_eight(uint64_t word)
{
	const uint64_t bytes = 0x00ff00ff00ff00ff, halves = 0x0000ffff0000ffff;
	uint64_t twos = (word & bytes) * 33 + (word >> 8 & bytes);
	uint64_t fours = (twos & halves) * (33 * 33) + (twos >> 16 & halves);
	return (uint32_t)fours * (33u * 33 * 33 * 33) + (uint32_t)(fours >> 32);
}

/* High bits where WORD has NULs; exact up to the first one, which the lowest bit marks. */
static inline uint64_t rl_name_zeros(uint64_t word)
{
	return (word - 0x0101010101010101) & ~word & 0x8080808080808080;
}

/* Whether two strings are equal.  Each ends with a NUL; up to its end there are more bytes that can be read, if the
 * caller knows of any. */
static inline bool rl_name_text_equal(const char *a, const char *a_end, const char *b, const char *b_end)
{
	while ((size_t)(a_end - a) >= sizeof(uint64_t) && (size_t)(b_end - b) >= sizeof(uint64_t)) {
		uint64_t word = rl_name_word(a), zeros = rl_name_zeros(word), difference = word ^ rl_name_word(b);
		/* Equal up to and with the first NUL, or in all eight. */
		if (zeros != 0 || difference != 0)
			return zeros != 0 && (difference & (zeros ^ (zeros - 1))) == 0;
		a += sizeof(uint64_t);
		b += sizeof(uint64_t);
	}
	for (; *a == *b; a++, b++)
		if (*a == '\0')
			return true;
	return false;
}

/* HASH with the characters from C up to a NUL, which is *out_end.  Four a step make the chain of multiplications short. */
static inline uint32_t rl_name_hash_rest(uint32_t hash, const char *c, const char **out_end)
{
	const unsigned char *u = (const unsigned char *)c;
	for (; u[0] != '\0' && u[1] != '\0' && u[2] != '\0' && u[3] != '\0'; u += 4)
		hash = hash * (33u * 33 * 33 * 33) + (u[0] * 33u + u[1]) * (33u * 33) + (u[2] * 33u + u[3]);
	for (; *u != '\0'; u++)
		hash = hash * 33 + *u;
	*out_end = (const char *)u;
	return hash;
}

/* The name that starts at STRING and ends before END, where its NUL is known to be. */
static inline struct rl_name rl_name_read(const char *string, const char *end)
{
	static const uint32_t powers[] = {1, 33, 33 * 33, 33 * 33 * 33, 33 * 33 * 33 * 33, 39135393u,
					  39135393u * 33, 39135393u * 33 * 33};
	uint32_t hash = RL_NAME_HASH_START;
	const char *c = string;
	while ((size_t)(end - c) >= sizeof(uint64_t)) {
		uint64_t word = rl_name_word(c), zeros = rl_name_zeros(word);
		if (zeros == 0) {
			hash = hash * (powers[7] * 33) + rl_name_hash_eight(word);
			c += sizeof word;
			continue;
		}
		/* Characters moved to the top have NULs before them, which add nothing. */
		unsigned count = (unsigned)__builtin_ctzl(zeros) / 8;
		if (count != 0)
			hash = hash * powers[count] + rl_name_hash_eight(word << (64 - 8 * count));
		return (struct rl_name){.string = string, .size = (size_t)(c - string) + count + 1, .gnu_hash = hash};
	}
	hash = rl_name_hash_rest(hash, c, &c);
	return (struct rl_name){.string = string, .size = (size_t)(c - string) + 1, .gnu_hash = hash};
}

/* The name STRING, behind whose NUL nothing may be read. */
static inline struct rl_name rl_name_make(const char *string)
{
	const char *end;
	uint32_t hash = rl_name_hash_rest(RL_NAME_HASH_START, string, &end);
	return (struct rl_name){.string = string, .size = (size_t)(end - string) + 1, .gnu_hash = hash};
}

/* The same in few registers: four characters a step. */
static inline struct rl_name rl_name_take(const char *string)
{
	const unsigned char *c = (const unsigned char *)string;
	uint32_t hash = 5381;
	for (;; c += 4) {
		uint32_t a = c[0], b, d, e;
		if (a == 0)
			break;
		b = c[1];
		if (b == 0) {
			hash = hash * 33 + a;
			c += 1;
			break;
		}
		d = c[2];
		if (d == 0) {
			hash = hash * (33 * 33) + (a * 33 + b);
			c += 2;
			break;
		}
		e = c[3];
		if (e == 0) {
			hash = hash * (33 * 33 * 33) + (a * (33 * 33) + (b * 33 + d));
			c += 3;
			break;
		}
		hash = hash * (33 * 33 * 33 * 33) + ((a * 33 + b) * (33 * 33) + (d * 33 + e));
	}
	return (struct rl_name){.string = string, .size = (size_t)((const char *)c - string) + 1, .gnu_hash = hash};
}

/* The name of LENGTH characters at STRING, which may go on behind. */
static inline struct rl_name rl_name_of(const char *string, size_t length)
{
	uint32_t hash = 5381;
	const unsigned char *c = (const unsigned char *)string, *end = c + length;
	for (; end - c >= 4; c += 4)
		hash = hash * (33 * 33 * 33 * 33) + ((c[0] * 33u + c[1]) * (33 * 33) + (c[2] * 33u + c[3]));
	for (; c < end; c++)
		hash = hash * 33 + *c;
	return (struct rl_name){.string = string, .size = length + 1, .gnu_hash = hash, .is_open = true};
}

static inline uint32_t rl_hash_gnu(const char *name)
{
	const char *end;
	return rl_name_hash_rest(RL_NAME_HASH_START, name, &end);
}

#endif
