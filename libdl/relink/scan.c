/* Looking at a file without mapping it: header, segments, sections, dynamic section, all through the file's offsets, each
 * read once and checked against the file's size.  What was scanned can be loaded without reading its head again. */
#include <string.h>

#include "../../ldso/base/heap.h"
#include "../../ldso/link/list.h"
#include "closure.h"
#include "view.h"

struct relink_scan {
	relink_input input; /* name is ours, the rest as it was given */
	struct rl_input_source source;
	struct rl_file file;
	uint64_t size; /* of the file */
	void *program_headers, *sections, *dynamic;
	char *section_names, *strings;
	size_t section_names_size, strings_size;
	const char **needed;
	char *interpreter;
	struct rl_view *views;
	relink_scan_info info;
};

struct rl_view **rl_scan_views(relink_scan *scan)
{
	return &scan->views;
}

static enum rl_status scan_bytes(const struct relink_scan *scan, void *buffer, size_t size, uint64_t offset)
{
	if (offset > scan->size || size > scan->size - offset)
		return RL_FILE_TOO_SHORT;
	if (offset + size <= scan->file.head.size) {
		memcpy(buffer, scan->file.head.bytes + offset, size);
		return RL_OK;
	}
	return rl_file_read(&scan->file, buffer, size, offset) == 0 ? RL_OK : RL_FILE_UNREADABLE;
}

/* SIZE bytes at OFFSET as a heap block with a NUL behind; NULL: why is in *status. */
static void *bytes_take(const struct relink_scan *scan, uint64_t offset, uint64_t size, enum rl_status *status)
{
	*status = offset > scan->size || size > scan->size - offset ? RL_FILE_TOO_SHORT : RL_OK;
	char *bytes = *status == RL_OK ? rl_heap_take(size + 1) : NULL;
	if (*status == RL_OK && bytes == NULL)
		*status = RL_NO_MEMORY;
	if (*status == RL_OK)
		*status = scan_bytes(scan, bytes, size, offset);
	if (*status == RL_OK)
		return bytes;
	rl_heap_give(bytes);
	return NULL;
}

/* Where the file has the SIZE bytes that are at VADDR in memory. */
bool rl_scan_offset(const struct relink_scan *scan, uint64_t vaddr, uint64_t size, uint64_t *out_offset)
{
	const Elf64_Phdr *phdrs = scan->program_headers;
	for (size_t i = 0; i < scan->info.program_header_count; i++)
		if (phdrs[i].p_type == PT_LOAD && vaddr >= phdrs[i].p_vaddr && vaddr - phdrs[i].p_vaddr < phdrs[i].p_filesz
		    && size <= phdrs[i].p_filesz - (vaddr - phdrs[i].p_vaddr)) {
			*out_offset = phdrs[i].p_offset + (vaddr - phdrs[i].p_vaddr);
			return true;
		}
	return false;
}

static const Elf64_Phdr *phdr_find(const struct relink_scan *scan, uint32_t type)
{
	const Elf64_Phdr *phdrs = scan->program_headers;
	for (size_t i = 0; i < scan->info.program_header_count; i++)
		if (phdrs[i].p_type == type)
			return &phdrs[i];
	return NULL;
}

static const char *string_at(const struct relink_scan *scan, uint64_t offset)
{
	return offset < scan->strings_size ? scan->strings + offset : NULL;
}

/* What DT_… with numbers say; strings come when it is known where they are. */
static void numbers_read(struct relink_scan *scan, uint64_t *out_strings, uint64_t *out_strings_size)
{
	const Elf64_Dyn *entries = scan->dynamic;
	for (size_t i = 0; i < scan->info.dynamic_count; i++)
		switch (entries[i].d_tag) {
		case DT_STRTAB:
			*out_strings = entries[i].d_un.d_ptr;
			break;
		case DT_STRSZ:
			*out_strings_size = entries[i].d_un.d_val;
			break;
		case DT_NEEDED:
			scan->info.needed_count++;
			break;
		case DT_FLAGS:
			scan->info.flags = entries[i].d_un.d_val;
			break;
		case DT_FLAGS_1:
			scan->info.flags_1 = entries[i].d_un.d_val;
			break;
		case DT_BIND_NOW:
			scan->info.binds_now = 1;
			break;
		}
	scan->info.binds_now |= (scan->info.flags & DF_BIND_NOW) != 0 || (scan->info.flags_1 & DF_1_NOW) != 0;
	scan->info.has_static_tls = (scan->info.flags & DF_STATIC_TLS) != 0;
}

static enum rl_status names_read(struct relink_scan *scan)
{
	const Elf64_Dyn *entries = scan->dynamic;
	size_t count = 0;
	scan->needed = rl_heap_take((scan->info.needed_count + 1) * sizeof *scan->needed);
	if (scan->needed == NULL)
		return RL_NO_MEMORY;
	for (size_t i = 0; i < scan->info.dynamic_count; i++) {
		const char **place = entries[i].d_tag == DT_NEEDED    ? &scan->needed[count++]
				     : entries[i].d_tag == DT_SONAME  ? &scan->info.soname
				     : entries[i].d_tag == DT_RPATH   ? &scan->info.rpath
				     : entries[i].d_tag == DT_RUNPATH ? &scan->info.runpath
								      : NULL;
		if (place != NULL && (*place = string_at(scan, entries[i].d_un.d_val)) == NULL)
			return RL_DYNAMIC_DAMAGED;
	}
	scan->info.needed = scan->needed;
	return RL_OK;
}

static enum rl_status dynamic_scan(struct relink_scan *scan)
{
	const Elf64_Phdr *phdr = phdr_find(scan, PT_DYNAMIC);
	uint64_t strings = 0, strings_size = 0, offset;
	enum rl_status status;
	if (phdr == NULL)
		return RL_OK;
	scan->dynamic = bytes_take(scan, phdr->p_offset, phdr->p_filesz, &status);
	RL_TRY(status);
	const Elf64_Dyn *entries = scan->dynamic;
	while (scan->info.dynamic_count < phdr->p_filesz / sizeof *entries
	       && entries[scan->info.dynamic_count].d_tag != DT_NULL)
		scan->info.dynamic_count++;
	scan->info.dynamic = entries;
	numbers_read(scan, &strings, &strings_size);
	if (strings_size != 0) {
		if (!rl_scan_offset(scan, strings, strings_size, &offset))
			return RL_DYNAMIC_DAMAGED;
		scan->strings = bytes_take(scan, offset, strings_size, &status);
		RL_TRY(status);
		scan->strings_size = strings_size;
	}
	return names_read(scan);
}

/* Whether relocations were kept when the file was linked (--emit-relocs): its sections can be moved. */
static bool has_retained_relocations(const struct relink_scan *scan)
{
	const Elf64_Shdr *sections = scan->sections;
	for (size_t i = 0; i < scan->info.section_count; i++)
		if ((sections[i].sh_type == SHT_RELA || sections[i].sh_type == SHT_REL)
		    && (sections[i].sh_flags & SHF_ALLOC) == 0 && sections[i].sh_link != 0 && sections[i].sh_info != 0)
			return true;
	return false;
}

/* Sections are for tools, and a file may do without: what is no table is none. */
static enum rl_status sections_scan(struct relink_scan *scan, const Elf64_Ehdr *header)
{
	Elf64_Shdr first;
	if (header->e_shoff == 0 || header->e_shentsize != sizeof first
	    || scan_bytes(scan, &first, sizeof first, header->e_shoff) != RL_OK)
		return RL_OK;
	uint64_t count = header->e_shnum != 0 ? header->e_shnum : first.sh_size;
	uint64_t names = header->e_shstrndx != SHN_XINDEX ? header->e_shstrndx : first.sh_link;
	if (count > (scan->size - header->e_shoff) / sizeof first)
		return RL_OK;
	enum rl_status status;
	scan->sections = bytes_take(scan, header->e_shoff, count * sizeof first, &status);
	RL_TRY(status);
	scan->info.sections = scan->sections;
	scan->info.section_count = count;
	const Elf64_Shdr *sections = scan->sections;
	if (names < count && sections[names].sh_type == SHT_STRTAB) {
		scan->section_names = bytes_take(scan, sections[names].sh_offset, sections[names].sh_size, &status);
		if (status == RL_NO_MEMORY)
			return status;
		scan->section_names_size = status == RL_OK ? sections[names].sh_size : 0;
	}
	scan->info.is_relinkable = has_retained_relocations(scan);
	return RL_OK;
}

/* As relink_load tells them apart; a static PIE says itself that it is one. */
static relink_kind kind_of(const struct relink_scan *scan, const Elf64_Ehdr *header)
{
	if (header->e_type == ET_REL)
		return RELINK_OBJECT;
	if (header->e_type == ET_EXEC || phdr_find(scan, PT_DYNAMIC) == NULL || (scan->info.flags_1 & DF_1_PIE))
		return RELINK_EXECUTABLE;
	return RELINK_LIBRARY;
}

static enum rl_status scan_read(struct relink_scan *scan)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)scan->file.head.bytes;
	enum rl_status status;
	if (rl_file_size(&scan->file, &scan->size) != 0)
		return RL_FILE_STAT;
	scan->info.header = header;
	scan->info.name = scan->input.name;
	scan->info.size = scan->size;
	if (header->e_phnum != 0) {
		if (header->e_phentsize != sizeof(Elf64_Phdr))
			return RL_ELF_PHENTSIZE;
		scan->program_headers =
			bytes_take(scan, header->e_phoff, header->e_phnum * sizeof(Elf64_Phdr), &status);
		RL_TRY(status);
		scan->info.program_headers = scan->program_headers;
		scan->info.program_header_count = header->e_phnum;
	}
	const Elf64_Phdr *interpreter = phdr_find(scan, PT_INTERP);
	if (interpreter != NULL) {
		scan->interpreter = bytes_take(scan, interpreter->p_offset, interpreter->p_filesz, &status);
		RL_TRY(status);
		scan->info.interpreter = scan->interpreter;
	}
	RL_TRY(dynamic_scan(scan));
	RL_TRY(sections_scan(scan, header));
	scan->info.kind = kind_of(scan, header);
	return RL_OK;
}

void relink_scan_free(relink_scan *scan)
{
	if (scan == NULL)
		return;
	rl_input_close(&scan->file);
	rl_heap_give(scan->file.path);
	rl_heap_give(scan->program_headers);
	rl_heap_give(scan->sections);
	rl_heap_give(scan->dynamic);
	rl_heap_give(scan->section_names);
	rl_heap_give(scan->strings);
	rl_heap_give(scan->needed);
	rl_heap_give(scan->interpreter);
	rl_views_drop(scan->views);
	rl_heap_give((char *)scan->input.name);
	rl_heap_give(scan);
}

relink_status relink_scan_new(const relink_input *input, relink_scan **out_scan, relink_error *error)
{
	struct rl_diag diag = RL_DIAG_NONE;
	if (input == NULL || out_scan == NULL || (input->kind == 0 && input->name == NULL))
		return rl_error_plain(error, RELINK_E_ARGUMENT, "");
	relink_scan *scan = rl_heap_take(sizeof *scan);
	if (scan == NULL)
		return rl_error_plain(error, RELINK_E_MEMORY, input->name);
	scan->input = *input;
	scan->file.fd = -1;
	scan->input.name = rl_heap_string(input->name != NULL ? input->name : "<memory>");
	enum rl_status status = scan->input.name == NULL ? rl_fail(&diag, RL_NO_MEMORY, .subject = "") : RL_OK;
	if (status == RL_OK)
		status = rl_input_open(&scan->input, &scan->source, &scan->file, &diag);
	if (status == RL_OK) {
		status = scan_read(scan);
		if (status != RL_OK)
			status = rl_fail(&diag, status, .subject = scan->input.name);
	}
	if (status != RL_OK) {
		relink_scan_free(scan);
		return rl_error_take(&diag, error);
	}
	*out_scan = scan;
	return RELINK_OK;
}

relink_status rl_scan_take(struct rl_file *file, relink_scan **out_scan, relink_error *error)
{
	struct rl_diag diag = RL_DIAG_NONE;
	relink_scan *scan = rl_heap_take(sizeof *scan);
	char *name = rl_heap_string(file->path);
	if (scan == NULL || name == NULL) {
		rl_heap_give(name);
		rl_heap_give(scan);
		return rl_error_plain(error, RELINK_E_MEMORY, file->path);
	}
	scan->input = relink_path(name);
	scan->file = *file;
	enum rl_status status = scan_read(scan);
	if (status == RL_OK) {
		*out_scan = scan;
		return RELINK_OK;
	}
	(void)rl_fail(&diag, status, .subject = name);
	scan->file.fd = -1; /* the caller's still */
	scan->file.path = NULL;
	relink_scan_free(scan);
	return rl_error_take(&diag, error);
}

const struct rl_file *rl_scan_file(const relink_scan *scan)
{
	return &scan->file;
}

const relink_scan_info *relink_scan_get_info(const relink_scan *scan)
{
	return &scan->info;
}

const char *relink_scan_section_name(const relink_scan *scan, size_t index)
{
	const Elf64_Shdr *sections = scan->sections;
	if (index >= scan->info.section_count || sections[index].sh_name >= scan->section_names_size)
		return "";
	return scan->section_names + sections[index].sh_name;
}

relink_status relink_scan_read(const relink_scan *scan, void *buffer, size_t size, uint64_t offset, relink_error *error)
{
	struct rl_diag diag = RL_DIAG_NONE;
	enum rl_status status = scan_bytes(scan, buffer, size, offset);
	if (status == RL_OK)
		return RELINK_OK;
	status = rl_fail(&diag, status, .subject = scan->input.name);
	(void)status;
	return rl_error_take(&diag, error);
}

relink_status relink_load_scanned(relink_context *context, relink_scan *scan, const relink_options *options,
				  relink_module **out_module, relink_error *error)
{
	if (scan == NULL)
		return rl_error_plain(error, RELINK_E_ARGUMENT, "");
	if (scan->file.path == NULL && (scan->file.path = rl_heap_string(scan->input.name)) == NULL)
		return rl_error_plain(error, RELINK_E_MEMORY, scan->input.name);
	return rl_load_file(context, &scan->input, &scan->file, options, out_module, error);
}

relink_status relink_read_header(const relink_input *input, void *out_header, relink_error *error)
{
	struct rl_diag diag = RL_DIAG_NONE;
	struct rl_input_source source;
	struct rl_file file;
	if (input == NULL || out_header == NULL || (input->kind == 0 && input->name == NULL))
		return rl_error_plain(error, RELINK_E_ARGUMENT, "");
	if (rl_input_open(input, &source, &file, &diag) != RL_OK)
		return rl_error_take(&diag, error);
	memcpy(out_header, file.head.bytes, sizeof(Elf64_Ehdr));
	rl_heap_give(file.path);
	rl_input_close(&file);
	return RELINK_OK;
}
