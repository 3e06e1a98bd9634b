/* The first C code of ld-relink.so: relocating itself.
 *
 * Runs before any relocation of ours is applied, so it must not use a pointer that lies in memory (a table, a string
 * list, an address taken of something): only its arguments.  The build checks that RELATIVE relocations are all we have.
 */
#include "self.h"

void rl_self_relocate(uintptr_t base, const Elf64_Dyn *dynamic)
{
	const Elf64_Rela *rela = 0, *end = 0;
	uint64_t size = 0;
	for (; dynamic->d_tag != DT_NULL; dynamic++) {
		if (dynamic->d_tag == DT_RELA)
			rela = (const Elf64_Rela *)(base + dynamic->d_un.d_ptr);
		else if (dynamic->d_tag == DT_RELASZ)
			size = dynamic->d_un.d_val;
	}
	end = rela + size / sizeof *rela;
	for (; rela < end; rela++)
		*(uintptr_t *)(base + rela->r_offset) = base + (uint64_t)rela->r_addend;
}
