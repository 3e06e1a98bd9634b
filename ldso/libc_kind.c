/* Which libc a program was made for: by the libc it needs, then by the loader it names, then by versions needed.
 * PT_INTERP alone does not tell, for it may name us.  Reads a file nobody checked yet, so every access is bounded;
 * what cannot be read leaves the question undecided, and whoever loads the file reports it. */
#include <string.h>
#include <sys/mman.h>

#include "base/sys.h"
#include "ldso.h"

/* A program's bytes by virtual address: in memory as the kernel mapped them, or a file mapped flat. */
struct view {
	uintptr_t bias;
	const Elf64_Phdr *phdrs;
	size_t phdr_count;
	const char *file; /* NULL: in memory */
	size_t file_size;
};

/* Where VADDR is, and how many bytes follow; NULL if there are none. */
static const void *view_at(const struct view *view, uint64_t vaddr, size_t *out_size)
{
	for (size_t i = 0; i < view->phdr_count; i++) {
		const Elf64_Phdr *phdr = &view->phdrs[i];
		if (phdr->p_type != PT_LOAD || vaddr < phdr->p_vaddr || vaddr - phdr->p_vaddr >= phdr->p_filesz)
			continue;
		*out_size = phdr->p_filesz - (vaddr - phdr->p_vaddr);
		if (view->file == NULL)
			return (const void *)(view->bias + vaddr);
		uint64_t offset = phdr->p_offset + (vaddr - phdr->p_vaddr);
		if (offset >= view->file_size)
			return NULL;
		if (*out_size > view->file_size - offset)
			*out_size = view->file_size - offset;
		return view->file + offset;
	}
	return NULL;
}

/* The string at OFFSET of the SIZE bytes at STRINGS, or "". */
static const char *string_at(const char *strings, size_t size, uint64_t offset)
{
	if (strings == NULL || offset >= size || memchr(strings + offset, '\0', size - offset) == NULL)
		return "";
	return strings + offset;
}

static enum rl_libc_kind kind_of_needed(const char *name)
{
	if (strcmp(name, "libc.so") == 0 || strncmp(name, "libc.musl-", 10) == 0)
		return RL_LIBC_MUSL;
	return strcmp(name, "libc.so.6") == 0 ? RL_LIBC_GLIBC : RL_LIBC_UNDECIDED;
}

static enum rl_libc_kind kind_of_loader(const char *path)
{
	const char *base = path;
	for (const char *c = path; *c != '\0'; c++)
		if (*c == '/')
			base = c + 1;
	if (strncmp(base, "ld-musl-", 8) == 0)
		return RL_LIBC_MUSL;
	return strncmp(base, "ld-linux", 8) == 0 ? RL_LIBC_GLIBC : RL_LIBC_UNDECIDED;
}

static enum rl_libc_kind kind_of_dynamic(const struct view *view, uint64_t vaddr)
{
	size_t size = 0, strings_size = 0;
	const Elf64_Dyn *entries = view_at(view, vaddr, &size);
	size_t count = entries == NULL ? 0 : size / sizeof *entries;
	const char *strings = NULL;
	bool needs_versions = false;
	for (size_t i = 0; i < count && entries[i].d_tag != DT_NULL; i++) {
		if (entries[i].d_tag == DT_STRTAB)
			strings = view_at(view, entries[i].d_un.d_ptr, &strings_size);
		needs_versions |= entries[i].d_tag == DT_VERNEED;
	}
	for (size_t i = 0; i < count && entries[i].d_tag != DT_NULL; i++) {
		enum rl_libc_kind kind = RL_LIBC_UNDECIDED;
		if (entries[i].d_tag == DT_NEEDED)
			kind = kind_of_needed(string_at(strings, strings_size, entries[i].d_un.d_val));
		if (kind != RL_LIBC_UNDECIDED)
			return kind;
	}
	for (size_t i = 0; i < view->phdr_count; i++) {
		if (view->phdrs[i].p_type != PT_INTERP)
			continue;
		const char *name = view_at(view, view->phdrs[i].p_vaddr, &size);
		enum rl_libc_kind kind = kind_of_loader(string_at(name, size, 0));
		if (kind != RL_LIBC_UNDECIDED)
			return kind;
	}
	/* musl's objects have no versions. */
	return needs_versions ? RL_LIBC_GLIBC : RL_LIBC_UNDECIDED;
}

static enum rl_libc_kind kind_of_view(const struct view *view)
{
	for (size_t i = 0; i < view->phdr_count; i++)
		if (view->phdrs[i].p_type == PT_DYNAMIC)
			return kind_of_dynamic(view, view->phdrs[i].p_vaddr);
	return RL_LIBC_UNDECIDED;
}

enum rl_libc_kind rl_libc_kind_of_image(uintptr_t bias, const Elf64_Phdr *phdrs, size_t phdr_count)
{
	struct view view = {.bias = bias, .phdrs = phdrs, .phdr_count = phdr_count};
	return kind_of_view(&view);
}

static enum rl_libc_kind kind_of_bytes(const char *file, size_t size)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)file;
	if (size < sizeof *header || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0
	    || header->e_ident[EI_CLASS] != RL_PORT_CLASS || header->e_phentsize != sizeof(Elf64_Phdr)
	    || header->e_phoff % sizeof(uint64_t) != 0 || header->e_phoff > size
	    || header->e_phnum > (size - header->e_phoff) / sizeof(Elf64_Phdr))
		return RL_LIBC_UNDECIDED;
	struct view view = {.phdrs = (const Elf64_Phdr *)(file + header->e_phoff),
			    .phdr_count = header->e_phnum,
			    .file = file,
			    .file_size = size};
	return kind_of_view(&view);
}

enum rl_libc_kind rl_libc_kind_of_file(const char *path)
{
	long fd = rl_sys_open(path);
	if (rl_sys_is_error(fd))
		return RL_LIBC_UNDECIDED;
	struct stat stat;
	enum rl_libc_kind kind = RL_LIBC_UNDECIDED;
	bool has_bytes = !rl_sys_is_error(rl_sys_stat_fd((int)fd, &stat)) && S_ISREG(stat.st_mode) && stat.st_size > 0;
	long start = has_bytes ? rl_sys_map(0, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, (int)fd, 0) : -1;
	if (!rl_sys_is_error(start)) {
		kind = kind_of_bytes((const char *)start, (size_t)stat.st_size);
		rl_sys_unmap((uintptr_t)start, (size_t)stat.st_size);
	}
	rl_sys_close((int)fd);
	return kind;
}
