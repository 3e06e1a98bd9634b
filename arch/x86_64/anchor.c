/* x86_64: constants in the code of another library.  See arch/anchor.h; encodings from the Intel SDM volume 2.
 *
 * This is no disassembler: it looks for the byte patterns of three instructions.  A pattern of this length inside
 * another instruction of the tiny functions that are looked at is practically excluded, and what is found has to agree
 * with a table anyway.
 */
#include "../anchor.h"

enum {
	OPCODE_LOAD = 0x8b, /* mov r64, m64, with REX.W */
	OPCODE_LEA = 0x8d,  /* with REX.W */
	OPCODE_GROUP5 = 0xff,
	GROUP5_CALL = 2,
	GROUP5_JUMP = 4,
	MOD_NEAR = 1, /* one byte of displacement */
	MOD_FAR = 2,  /* four bytes */
	RM_SIB = 4,   /* another byte follows ModRM */
	RM_RIP = 5,   /* with mod 0: four bytes of displacement from the next instruction */
};

static int32_t displacement_at(const unsigned char *byte)
{
	return (int32_t)((uint32_t)byte[0] | (uint32_t)byte[1] << 8 | (uint32_t)byte[2] << 16
			 | (uint32_t)byte[3] << 24);
}

static bool is_rex_w(unsigned char byte)
{
	return (byte & 0xf8) == 0x48;
}

/* Bytes of the memory operand behind ModRM, as far as it is of a form that occurs here. */
static size_t operand_size(unsigned mod, unsigned rm)
{
	if (rm == RM_SIB)
		return 0;
	return mod == MOD_NEAR ? 1 : mod == 0 && rm == RM_RIP ? 4 : 0;
}

bool rl_port_code_field(const void *code, size_t size, uint32_t *out_offset)
{
	const unsigned char *start = code, *byte = start, *end = start + (size < 6 ? 0 : size - 5);
	while (byte < end) {
		/* Quickly past most bytes: group 5's opcode has all bits of the load's. */
		if ((*byte & OPCODE_LOAD) != OPCODE_LOAD) {
			byte++;
			continue;
		}
		unsigned mod = byte[1] >> 6, reg = (byte[1] >> 3) & 7, rm = byte[1] & 7;
		bool is_load = *byte == OPCODE_LOAD && byte > start && is_rex_w(byte[-1]);
		bool is_branch = *byte == OPCODE_GROUP5 && (reg == GROUP5_JUMP || reg == GROUP5_CALL);
		if ((is_load || is_branch) && mod == MOD_FAR && rm != RM_SIB) {
			*out_offset = (uint32_t)displacement_at(byte + 2);
			return true;
		}
		/* The bytes of an operand could look like an opcode. */
		byte += is_load || is_branch ? 2 + operand_size(mod, rm) : 1;
	}
	return false;
}

bool rl_port_code_address(const void *code, size_t size, int64_t *out_distance)
{
	const unsigned char *byte = code;
	for (size_t i = 0; i + 7 <= size; i++) {
		if (is_rex_w(byte[i]) && byte[i + 1] == OPCODE_LEA && (byte[i + 2] & 0xc7) == RM_RIP) {
			*out_distance = (int64_t)i + 7 + displacement_at(byte + i + 3);
			return true;
		}
	}
	return false;
}
