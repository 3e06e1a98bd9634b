/* Relocations of relocatable files (ET_REL) as data: what a place gets, and its form.  Each CPU's section.h gives
 * rl_section_kind and the stub through which calls reach far. */
#ifndef RL_ARCH_SECTION_H
#define RL_ARCH_SECTION_H

#include <stdbool.h>

#include "port.h"

enum rl_section_value {
	RL_SECTION_SYMBOL,         /* S + A */
	RL_SECTION_CALL,           /* S + A, or a stub that leads there */
	RL_SECTION_CALL_FROM_GOT,  /* the same less GOT */
	RL_SECTION_GOT,            /* the GOT word of S, + A */
	RL_SECTION_GOT_DISTANCE,   /* the same less GOT */
	RL_SECTION_GOT_START,      /* GOT + A */
	RL_SECTION_FROM_GOT,       /* S + A - GOT */
	RL_SECTION_TLS_INDEX,      /* the GOT words with S's module and offset, + A */
	RL_SECTION_TLS_MODULE,     /* the GOT words with our module and 0, + A */
	RL_SECTION_TLS_OFFSET,     /* S + A in its TLS block */
	RL_SECTION_TLS_STATIC,     /* S + A from the thread pointer */
	RL_SECTION_TLS_WORD,       /* the GOT word with S from the thread pointer, + A */
	RL_SECTION_TLS_DESCRIPTOR, /* the GOT words with S's TLS descriptor, + A */
	RL_SECTION_SIZE,           /* Z + A */
	RL_SECTION_NOTHING,        /* a remark for link editors */
};

struct rl_section_kind {
	enum rl_section_value value;
	unsigned char width; /* bytes; 0: unknown type */
	bool is_relative;    /* to the place */
	bool is_signed;      /* how it must fit */
};

#if defined(__x86_64__)
#include "x86_64/section.h"
#else
/* No relocation of such files is known: each one is refused. */
enum { RL_SECTION_STUB_SIZE = 16, RL_SECTION_FINISH_SIZE = 32 };

static inline struct rl_section_kind rl_section_kind(uint32_t type)
{
	(void)type;
	return (struct rl_section_kind){.width = 0};
}

static inline void rl_section_stub_write(unsigned char *stub, uintptr_t word)
{
	(void)stub, (void)word;
}

static inline void rl_section_finish_write(unsigned char *code, uintptr_t handle, uintptr_t word)
{
	(void)code, (void)handle, (void)word;
}
#endif

#endif
