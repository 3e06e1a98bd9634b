/* x86_64: relocations of relocatable files, as data.  Follows the x86-64 psABI 1.0, table 4.9. */
#ifndef RL_ARCH_X86_64_SECTION_H
#define RL_ARCH_X86_64_SECTION_H

#include <elf.h>
#include <stdint.h>

#ifndef R_X86_64_GOTPCRELX
#define R_X86_64_GOTPCRELX 41
#define R_X86_64_REX_GOTPCRELX 42
#endif

static inline struct rl_section_kind rl_section_kind(uint32_t type)
{
	static const struct rl_section_kind kinds[] = {
		[R_X86_64_64] = {RL_SECTION_SYMBOL, 8, false, false},
		[R_X86_64_PC32] = {RL_SECTION_SYMBOL, 4, true, true},
		[R_X86_64_PLT32] = {RL_SECTION_CALL, 4, true, true},
		[R_X86_64_32] = {RL_SECTION_SYMBOL, 4, false, false},
		[R_X86_64_32S] = {RL_SECTION_SYMBOL, 4, false, true},
		[R_X86_64_16] = {RL_SECTION_SYMBOL, 2, false, false},
		[R_X86_64_PC16] = {RL_SECTION_SYMBOL, 2, true, true},
		[R_X86_64_8] = {RL_SECTION_SYMBOL, 1, false, false},
		[R_X86_64_PC8] = {RL_SECTION_SYMBOL, 1, true, true},
		[R_X86_64_PC64] = {RL_SECTION_SYMBOL, 8, true, true},
		[R_X86_64_GOTPCREL] = {RL_SECTION_GOT, 4, true, true},
		[R_X86_64_GOTPCRELX] = {RL_SECTION_GOT, 4, true, true},
		[R_X86_64_REX_GOTPCRELX] = {RL_SECTION_GOT, 4, true, true},
		[R_X86_64_GOTPCREL64] = {RL_SECTION_GOT, 8, true, true},
		[R_X86_64_GOT32] = {RL_SECTION_GOT_DISTANCE, 4, false, true},
		[R_X86_64_GOT64] = {RL_SECTION_GOT_DISTANCE, 8, false, true},
		[R_X86_64_GOTPLT64] = {RL_SECTION_GOT_DISTANCE, 8, false, true},
		[R_X86_64_PLTOFF64] = {RL_SECTION_CALL_FROM_GOT, 8, false, true},
		[R_X86_64_GOTPC32] = {RL_SECTION_GOT_START, 4, true, true},
		[R_X86_64_GOTPC64] = {RL_SECTION_GOT_START, 8, true, true},
		[R_X86_64_GOTOFF64] = {RL_SECTION_FROM_GOT, 8, false, true},
		[R_X86_64_TLSGD] = {RL_SECTION_TLS_INDEX, 4, true, true},
		[R_X86_64_TLSLD] = {RL_SECTION_TLS_MODULE, 4, true, true},
		[R_X86_64_DTPOFF32] = {RL_SECTION_TLS_OFFSET, 4, false, true},
		[R_X86_64_DTPOFF64] = {RL_SECTION_TLS_OFFSET, 8, false, true},
		[R_X86_64_GOTTPOFF] = {RL_SECTION_TLS_WORD, 4, true, true},
		[R_X86_64_TPOFF32] = {RL_SECTION_TLS_STATIC, 4, false, true},
		[R_X86_64_TPOFF64] = {RL_SECTION_TLS_STATIC, 8, false, true},
		[R_X86_64_GOTPC32_TLSDESC] = {RL_SECTION_TLS_DESCRIPTOR, 4, true, true},
		[R_X86_64_TLSDESC_CALL] = {RL_SECTION_NOTHING, 1, false, false},
		[R_X86_64_SIZE32] = {RL_SECTION_SIZE, 4, false, false},
		[R_X86_64_SIZE64] = {RL_SECTION_SIZE, 8, false, false},
	};
	return type < sizeof kinds / sizeof kinds[0] ? kinds[type] : (struct rl_section_kind){.width = 0};
}

/* Code that jumps to the address in the GOT word at WORD: endbr64; jmp *word(%rip). */
enum { RL_SECTION_STUB_SIZE = 16, RL_SECTION_FINISH_SIZE = 32 };

static inline void rl_section_stub_write(unsigned char *stub, uintptr_t word)
{
	static const unsigned char code[] = {0xf3, 0x0f, 0x1e, 0xfa, 0xff, 0x25, 0, 0, 0, 0};
	enum { END = sizeof code };
	int32_t distance = (int32_t)(word - ((uintptr_t)stub + END));
	__builtin_memcpy(stub, code, END);
	__builtin_memcpy(stub + END - sizeof distance, &distance, sizeof distance);
}

/* Code that passes HANDLE to the function in the GOT word at WORD: endbr64; lea handle(%rip), %rdi; jmp *word(%rip). */
static inline void rl_section_finish_write(unsigned char *code, uintptr_t handle, uintptr_t word)
{
	static const unsigned char bytes[] = {0xf3, 0x0f, 0x1e, 0xfa, 0x48, 0x8d, 0x3d, 0, 0, 0, 0, 0xff, 0x25, 0, 0, 0, 0};
	enum { LEA_END = 11, END = sizeof bytes };
	int32_t to_handle = (int32_t)(handle - ((uintptr_t)code + LEA_END));
	int32_t to_word = (int32_t)(word - ((uintptr_t)code + END));
	__builtin_memcpy(code, bytes, END);
	__builtin_memcpy(code + LEA_END - sizeof to_handle, &to_handle, sizeof to_handle);
	__builtin_memcpy(code + END - sizeof to_word, &to_word, sizeof to_word);
}

#endif
