/* riscv64: constants in the code of another library.  See arch/anchor.h; encodings from the unprivileged ISA manual.
 *
 * Instructions have two sizes, which their lowest bits tell, so each is looked at.  What tells a field from a load
 * through the GOT is that its base register was not made by AUIPC.
 */
#include "../anchor.h"

#include <string.h>

enum { NEAR_LIMIT = 128 };

/* The instruction at PLACE, or 0; a short one has no high half. */
static uint32_t instruction_at(const void *code, size_t size, size_t place, size_t *out_size)
{
	uint16_t halves[2] = {0, 0};
	if (place + sizeof halves[0] <= size)
		memcpy(&halves[0], (const char *)code + place, sizeof halves[0]);
	bool is_long = (halves[0] & 3) == 3;
	if (is_long && place + sizeof halves <= size)
		memcpy(&halves[1], (const char *)code + place + sizeof halves[0], sizeof halves[1]);
	*out_size = is_long ? sizeof halves : sizeof halves[0];
	return halves[0] | (uint32_t)halves[1] << 16;
}

static unsigned target_of(uint32_t instruction)
{
	return (instruction >> 7) & 31;
}

static unsigned base_of(uint32_t instruction)
{
	return (instruction >> 15) & 31;
}

/* The twelve bits of a signed immediate. */
static int32_t immediate_of(uint32_t instruction)
{
	return (int32_t)instruction >> 20;
}

static bool is_auipc(uint32_t instruction)
{
	return (instruction & 0x7f) == 0x17;
}

static bool is_addi(uint32_t instruction)
{
	return (instruction & 0x707f) == 0x13;
}

/* LD, and C.LD, which reaches registers 8 to 15 and offsets up to 248. */
static bool load_read(uint32_t instruction, unsigned *out_base, unsigned *out_target, int32_t *out_offset)
{
	if ((instruction & 0x707f) == 0x3003) {
		*out_base = base_of(instruction);
		*out_target = target_of(instruction);
		*out_offset = immediate_of(instruction);
		return true;
	}
	*out_base = 8 + ((instruction >> 7) & 7);
	*out_target = 8 + ((instruction >> 2) & 7);
	*out_offset = (int32_t)(((instruction >> 10) & 7) << 3 | ((instruction >> 5) & 3) << 6);
	return (instruction & 0xe003) == 0x6000;
}

bool rl_port_code_field(const void *code, size_t size, uint32_t *out_offset)
{
	uint32_t addresses = 0; /* bit n: register n holds an address that the code formed */
	size_t length;
	for (size_t place = 0; place < size; place += length) {
		uint32_t instruction = instruction_at(code, size, place, &length);
		unsigned base, target;
		int32_t offset;
		if (is_auipc(instruction)) {
			addresses |= UINT32_C(1) << target_of(instruction);
		} else if (load_read(instruction, &base, &target, &offset)) {
			if (!(addresses >> base & 1) && offset >= NEAR_LIMIT) {
				*out_offset = (uint32_t)offset;
				return true;
			}
			addresses &= ~(UINT32_C(1) << target);
		}
	}
	return false;
}

bool rl_port_code_address(const void *code, size_t size, int64_t *out_distance)
{
	size_t length, next_length;
	for (size_t place = 0; place < size; place += length) {
		uint32_t instruction = instruction_at(code, size, place, &length);
		uint32_t next = instruction_at(code, size, place + length, &next_length);
		if (!is_auipc(instruction) || !is_addi(next) || base_of(next) != target_of(instruction))
			continue;
		*out_distance = (int64_t)place + (int32_t)(instruction & 0xfffff000) + immediate_of(next);
		return true;
	}
	return false;
}
