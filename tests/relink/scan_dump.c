/* Prints all that a scan knows of each FILE, for scan-all.py. */
#include <elf.h>
#include <stdio.h>

#include "../../include/relink.h"

static const char *text(const char *string)
{
	return string != NULL ? string : "-";
}

static void dump(const relink_scan *scan, const char *path)
{
	const relink_scan_info *info = relink_scan_get_info(scan);
	const Elf64_Ehdr *h = info->header;
	const Elf64_Phdr *phdrs = info->program_headers;
	const Elf64_Shdr *sections = info->sections;
	const Elf64_Dyn *entries = info->dynamic;
	printf("file %s\nheader %u %u %lx %lu %lu %x %u %u %u %u %u %u\n", path, h->e_type, h->e_machine, h->e_entry, h->e_phoff,
	       h->e_shoff, h->e_flags, h->e_ehsize, h->e_phentsize, h->e_phnum, h->e_shentsize, h->e_shnum, h->e_shstrndx);
	for (size_t i = 0; i < info->program_header_count; i++)
		printf("segment %x %lx %lx %lx %lx %u %lx\n", phdrs[i].p_type, phdrs[i].p_offset, phdrs[i].p_vaddr,
		       phdrs[i].p_filesz, phdrs[i].p_memsz, phdrs[i].p_flags, phdrs[i].p_align);
	for (size_t i = 1; i < info->section_count; i++)
		printf("section %zu %s %x %lx %lx %lx %lx %lx %u %u %lu\n", i, relink_scan_section_name(scan, i),
		       sections[i].sh_type, sections[i].sh_addr, sections[i].sh_offset, sections[i].sh_size,
		       sections[i].sh_entsize, sections[i].sh_flags, sections[i].sh_link, sections[i].sh_info,
		       sections[i].sh_addralign);
	for (size_t i = 0; i < info->dynamic_count; i++)
		printf("dynamic %lx %lx\n", entries[i].d_tag, entries[i].d_un.d_val);
	for (size_t i = 0; i < info->needed_count; i++)
		printf("needed %s\n", info->needed[i]);
	printf("names %s %s %s %s\n", text(info->interpreter), text(info->soname), text(info->rpath), text(info->runpath));
	printf("flags %lx %lx %d %d %d %d\n", info->flags, info->flags_1, info->binds_now, info->has_static_tls,
	       info->is_relinkable, (int)info->kind);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		relink_scan *scan;
		relink_error error;
		relink_input input = relink_path(argv[i]);
		if (relink_scan_new(&input, &scan, &error) != RELINK_OK) {
			printf("file %s\nerror %s\n", argv[i], relink_status_name(error.status));
			continue;
		}
		dump(scan, argv[i]);
		relink_scan_free(scan);
	}
	return 0;
}
