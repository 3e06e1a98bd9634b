/* Checking the ELF header.  Pure. */
#include "header.h"

#include <string.h>

#include "../../arch/port.h"

/* ABI versions an object for ELFOSABI_GNU (or SYSV, for libc's own absolute-symbol marking) may ask for. */
enum { GNU_ABI_VERSION_LIMIT = 4 };

static enum rl_status ident_check(const unsigned char *ident)
{
	if (memcmp(ident, ELFMAG, SELFMAG) != 0)
		return RL_ELF_MAGIC;
	if (ident[EI_CLASS] != RL_PORT_CLASS)
		return RL_ELF_CLASS;
	if (ident[EI_DATA] != RL_PORT_DATA)
		return RL_ELF_DATA;
	if (ident[EI_VERSION] != EV_CURRENT)
		return RL_ELF_IDENT_VERSION;
	if (ident[EI_OSABI] != ELFOSABI_SYSV && ident[EI_OSABI] != ELFOSABI_GNU)
		return RL_ELF_OSABI;
	if (ident[EI_ABIVERSION] != 0
	    && !(ident[EI_OSABI] == ELFOSABI_GNU && ident[EI_ABIVERSION] < GNU_ABI_VERSION_LIMIT))
		return RL_ELF_ABI_VERSION;
	for (int i = EI_PAD; i < EI_NIDENT; i++)
		if (ident[i] != 0)
			return RL_ELF_PADDING;
	return RL_OK;
}

enum rl_status rl_header_check(const struct rl_file_head *head)
{
	if (head->size < sizeof(Elf64_Ehdr))
		return RL_FILE_TOO_SHORT;
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)head->bytes;
	RL_TRY(ident_check(header->e_ident));
	if (header->e_version != EV_CURRENT)
		return RL_ELF_VERSION;
	if (header->e_machine != RL_PORT_MACHINE || (header->e_flags & RL_PORT_FLAGS_MASK) != RL_PORT_FLAGS)
		return RL_ELF_MACHINE;
	if (header->e_type != ET_DYN && header->e_type != ET_EXEC)
		return RL_ELF_TYPE;
	if (header->e_phentsize != sizeof(Elf64_Phdr))
		return RL_ELF_PHENTSIZE;
	return RL_OK;
}
