/* aarch64: constants in the code of another library.  See arch/anchor.h; encodings from the Arm ARM, C4.1.
 *
 * Instructions have one size, so each is looked at.  Every load has room for a far field: what tells one from a load
 * through the GOT is that the register was not made by ADRP.
 */
#include "../anchor.h"

#include <string.h>

enum { NEAR_LIMIT = 128, WORD = 8 };

static uint32_t instruction_at(const void *code, size_t place)
{
	uint32_t word;
	memcpy(&word, (const char *)code + place, sizeof word);
	return word;
}

static unsigned target_of(uint32_t instruction)
{
	return instruction & 31;
}

static unsigned base_of(uint32_t instruction)
{
	return (instruction >> 5) & 31;
}

/* The twelve bits of an unsigned immediate. */
static uint32_t immediate_of(uint32_t instruction)
{
	return (instruction >> 10) & 0xfff;
}

static bool is_adr(uint32_t instruction)
{
	return (instruction & 0x9f000000) == 0x10000000;
}

static bool is_adrp(uint32_t instruction)
{
	return (instruction & 0x9f000000) == 0x90000000;
}

/* ADD of 64 bits, immediate not shifted. */
static bool is_add(uint32_t instruction)
{
	return (instruction & 0xffc00000) == 0x91000000;
}

/* LDR of 64 bits, unsigned offset. */
static bool is_load(uint32_t instruction)
{
	return (instruction & 0xffc00000) == 0xf9400000;
}

bool rl_port_code_field(const void *code, size_t size, uint32_t *out_offset)
{
	uint32_t pages = 0; /* bit n: register n holds an address that the code formed */
	for (size_t place = 0; place + sizeof(uint32_t) <= size; place += sizeof(uint32_t)) {
		uint32_t instruction = instruction_at(code, place);
		uint32_t target = UINT32_C(1) << target_of(instruction), base = UINT32_C(1) << base_of(instruction);
		if (is_adrp(instruction) || is_adr(instruction) || (is_add(instruction) && (pages & base))) {
			pages |= target;
		} else if (is_load(instruction)) {
			uint32_t offset = immediate_of(instruction) * WORD;
			if (!(pages & base) && offset >= NEAR_LIMIT) {
				*out_offset = offset;
				return true;
			}
			pages &= ~target;
		}
	}
	return false;
}

/* What ADR and ADRP add to the address of the instruction or its page: 21 bits, the lowest two of them apart. */
static int64_t relative_of(uint32_t instruction)
{
	uint32_t bits = ((instruction >> 5) & 0x7ffff) << 2 | ((instruction >> 29) & 3);
	return (int64_t)((uint64_t)bits << 43) >> 43;
}

bool rl_port_code_address(const void *code, size_t size, int64_t *out_distance)
{
	const uintptr_t page = 4096;
	for (size_t place = 0; place + sizeof(uint32_t) <= size; place += sizeof(uint32_t)) {
		uint32_t instruction = instruction_at(code, place);
		if (is_adr(instruction)) {
			*out_distance = (int64_t)place + relative_of(instruction);
			return true;
		}
		if (!is_adrp(instruction) || place + 2 * sizeof(uint32_t) > size)
			continue;
		uint32_t next = instruction_at(code, place + sizeof(uint32_t));
		if (!is_add(next) || base_of(next) != target_of(instruction))
			continue;
		/* Where the code is in its page is the same in the file and in memory. */
		uintptr_t start = (uintptr_t)code;
		*out_distance = (int64_t)(((start + place) & -page) - start) + relative_of(instruction) * (int64_t)page
				+ immediate_of(next);
		return true;
	}
	return false;
}
