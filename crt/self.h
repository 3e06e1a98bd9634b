/* Relocating the linker itself. */
#ifndef RL_CRT_SELF_H
#define RL_CRT_SELF_H

#include <elf.h>
#include <stdint.h>

/* Apply the RELATIVE relocations of the image at BASE whose dynamic section is DYNAMIC. */
void rl_self_relocate(uintptr_t base, const Elf64_Dyn *dynamic);

#endif
