/* Structures that <link.h> and <dlfcn.h> make public, the same for the programs of every libc. */
#ifndef RL_LINK_VISIBLE_H
#define RL_LINK_VISIBLE_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

/* struct dl_phdr_info, what dl_iterate_phdr shows of an object. */
struct rl_phdr_info {
	uintptr_t dlpi_addr;
	const char *dlpi_name;
	const Elf64_Phdr *dlpi_phdr;
	uint16_t dlpi_phnum;
	unsigned long long dlpi_adds, dlpi_subs;
	size_t dlpi_tls_modid;
	void *dlpi_tls_data;
};
typedef int rl_phdr_visitor(struct rl_phdr_info *info, size_t size, void *argument);

/* struct dl_find_object, what _dl_find_object tells of an address.  The reserved words are left as they are. */
struct rl_found_object {
	uint64_t dlfo_flags;
	uintptr_t dlfo_map_start, dlfo_map_end;
	void *dlfo_link_map;
	const void *dlfo_eh_frame;
	uint64_t dlfo_reserved[7];
};

#endif
