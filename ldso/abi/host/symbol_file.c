/* Files for gdb.
 *
 * Of a library, gdb gets the sections with their addresses, and the object's file as the place of symbols and lines, as
 * stripped files name theirs: gdb finds out itself how far that one's addresses are off.  This needs a path, which for
 * bytes in memory is that of a descriptor of ours, and the file's checksum.  A relocatable file can be told as it is,
 * with the addresses of its sections filled in, since gdb relocates what such a file says about lines. */
#include "symbol_file.h"

#include <string.h>
#include <sys/mman.h>

#include "../../base/heap.h"
#include "../../base/sys.h"
#include "../../base/text.h"
#include "../../elf/relocatable.h"
#include "../../link/section.h"

enum { PATH_SIZE = 4096 };

/* An object's file, mapped for reading. */
struct source {
	const char *bytes;
	size_t size;
	int fd;
	const Elf64_Shdr *sections;
	size_t count;
	const char *names;
	size_t names_size;
};

/* The file is what the object was mapped from, as far as the headers can tell. */
static bool is_file_of(const struct source *source, const struct rl_object *object)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)source->bytes;
	size_t size = object->image.phdr_count * sizeof(Elf64_Phdr);
	return source->size >= sizeof *header && header->e_phnum == object->image.phdr_count
	       && header->e_phoff <= source->size && size <= source->size - header->e_phoff
	       && memcmp(source->bytes + header->e_phoff, object->image.phdrs, size) == 0;
}

static bool source_read(struct source *source)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)source->bytes;
	if (source->size < sizeof *header || header->e_shoff > source->size || header->e_shoff % 8 != 0
	    || header->e_shentsize != sizeof(Elf64_Shdr)
	    || header->e_shnum > (source->size - header->e_shoff) / sizeof(Elf64_Shdr)
	    || header->e_shnum > 0xff00 || header->e_shstrndx >= header->e_shnum)
		return false;
	source->sections = (const Elf64_Shdr *)(source->bytes + header->e_shoff);
	source->count = header->e_shnum;
	const Elf64_Shdr *names = &source->sections[header->e_shstrndx];
	if (names->sh_size == 0 || names->sh_size > source->size || names->sh_offset > source->size - names->sh_size)
		return false;
	source->names = source->bytes + names->sh_offset;
	source->names_size = names->sh_size;
	return source->names[source->names_size - 1] == '\0';
}

/* Bytes that are in no file, as one that has a descriptor. */
static long source_copy(const struct rl_source *source)
{
	enum { CLOSE_ON_EXEC = 1 };
	long fd = rl_syscall2(SYS_memfd_create, (long)"relink", CLOSE_ON_EXEC);
	if (rl_sys_is_error(fd))
		return fd;
	long bytes = rl_syscall2(SYS_ftruncate, fd, (long)source->size);
	if (!rl_sys_is_error(bytes))
		bytes = rl_sys_map(0, source->size, PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd, 0);
	if (!rl_sys_is_error(bytes)) {
		bool is_read = source->read(source, (void *)bytes, source->size, 0) == 0;
		rl_sys_unmap((uintptr_t)bytes, source->size);
		if (is_read)
			return fd;
	}
	rl_sys_close((int)fd);
	return -1;
}

static long descriptor_open(const struct rl_object *object, const struct rl_file *file)
{
	enum { DUPLICATE = 1030 /* F_DUPFD_CLOEXEC */ };
	if (file == NULL)
		return rl_sys_open(object->path);
	return file->source != NULL ? source_copy(file->source) : rl_syscall3(SYS_fcntl, file->fd, DUPLICATE, 0);
}

static bool source_open(const struct rl_object *object, const struct rl_file *file, struct source *out)
{
	struct stat info;
	long fd = descriptor_open(object, file), bytes = -1;
	if (rl_sys_is_error(fd))
		return false;
	if (!rl_sys_is_error(rl_sys_stat_fd((int)fd, &info)) && info.st_size > 0)
		bytes = rl_sys_map(0, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, (int)fd, 0);
	if (!rl_sys_is_error(bytes)) {
		*out = (struct source){.bytes = (const char *)bytes, .size = (size_t)info.st_size, .fd = (int)fd};
		if (is_file_of(out, object) && source_read(out))
			return true;
		rl_sys_unmap((uintptr_t)bytes, out->size);
	}
	rl_sys_close((int)fd);
	return false;
}

/* The checksum of .gnu_debuglink. */
static uint32_t checksum(const char *bytes, size_t size)
{
	uint32_t table[256], sum = ~(uint32_t)0;
	for (uint32_t i = 0; i < 256; i++) {
		table[i] = i;
		for (int bit = 0; bit < 8; bit++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320 : 0);
	}
	for (size_t i = 0; i < size; i++)
		sum = sum >> 8 ^ table[(sum ^ (unsigned char)bytes[i]) & 0xff];
	return ~sum;
}

static bool path_complete(const char *path, char *buffer)
{
	size_t length = 0, size = strlen(path) + 1;
	if (path[0] != '/') {
		long result = rl_sys_working_directory(buffer, PATH_SIZE - 1);
		if (rl_sys_is_error(result) || buffer[0] != '/')
			return false;
		length = strlen(buffer);
		buffer[length++] = '/';
	}
	if (length + size > PATH_SIZE)
		return false;
	memcpy(buffer + length, path, size);
	return true;
}

/* Where gdb finds the file: at the object's path, or else among our descriptors. */
static bool link_make(const struct rl_object *object, const struct source *source, char *buffer, bool *out_keeps)
{
	struct stat own, other;
	*out_keeps = false;
	if (!rl_sys_is_error(rl_sys_stat_fd(source->fd, &own)) && !rl_sys_is_error(rl_sys_stat(object->path, &other))
	    && own.st_dev == other.st_dev && own.st_ino == other.st_ino)
		return path_complete(object->path, buffer);
	*out_keeps = true;
	rl_text_format(buffer, PATH_SIZE, "/proc/%d/fd/%d", (int)rl_syscall1(SYS_getpid, 0), source->fd);
	return true;
}

/* A small file that is being written. */
struct writer {
	char *start;
	size_t used;    /* of the part behind the section headers */
	Elf64_Shdr *section;
	size_t names;   /* offset of the names */
};

static Elf64_Shdr *section_add(struct writer *writer, const char *name, uint32_t type, const void *bytes, size_t size)
{
	Elf64_Shdr *section = ++writer->section;
	size_t name_size = strlen(name) + 1;
	section->sh_name = (Elf64_Word)(writer->used - writer->names);
	memcpy(writer->start + writer->used, name, name_size);
	writer->used += name_size;
	section->sh_type = type;
	section->sh_size = size;
	section->sh_addralign = 1;
	if (bytes != NULL) {
		writer->used = (writer->used + 3) & ~(size_t)3;
		section->sh_offset = writer->used;
		memcpy(writer->start + writer->used, bytes, size);
		writer->used += size;
	}
	return section;
}

/* Sections that have a place in memory, under their addresses; the build id with its content. */
static void sections_copy(struct writer *writer, const struct source *source, uintptr_t bias)
{
	for (size_t i = 1; i < source->count; i++) {
		const Elf64_Shdr *from = &source->sections[i];
		if ((from->sh_flags & SHF_ALLOC) == 0 || from->sh_name >= source->names_size)
			continue;
		const char *name = source->names + from->sh_name;
		bool is_id = strcmp(name, ".note.gnu.build-id") == 0 && from->sh_type == SHT_NOTE && from->sh_size <= 64
			     && from->sh_offset <= source->size - 64;
		Elf64_Shdr *section = section_add(writer, name, is_id ? SHT_NOTE : SHT_NOBITS,
						  is_id ? source->bytes + from->sh_offset : NULL, from->sh_size);
		section->sh_flags = from->sh_flags;
		section->sh_addr = from->sh_addr + bias;
		section->sh_addralign = is_id ? 4 : from->sh_addralign;
	}
}

/* Bytes that the small file has at most. */
static size_t size_limit(const struct source *source)
{
	size_t size = sizeof(Elf64_Ehdr) + (source->count + 3) * sizeof(Elf64_Shdr) + PATH_SIZE + 256;
	for (size_t i = 1; i < source->count; i++)
		if ((source->sections[i].sh_flags & SHF_ALLOC) && source->sections[i].sh_name < source->names_size)
			size += strlen(source->names + source->sections[i].sh_name) + 1
				+ (source->sections[i].sh_type == SHT_NOTE ? 64 + 4 : 0);
	return size;
}

static struct rl_host_symbol_file *file_write(const struct source *source, const char *path, uintptr_t bias)
{
	struct rl_host_symbol_file *file = rl_heap_take(sizeof *file + size_limit(source));
	char link[PATH_SIZE + 8] = {0};
	if (file == NULL)
		return NULL;
	Elf64_Ehdr *header = (Elf64_Ehdr *)(file + 1);
	*header = *(const Elf64_Ehdr *)source->bytes;
	size_t headers_size = sizeof *header + (source->count + 3) * sizeof(Elf64_Shdr);
	struct writer writer = {.start = (char *)header, .used = headers_size + 1, .names = headers_size,
				.section = (Elf64_Shdr *)(header + 1)};
	sections_copy(&writer, source, bias);
	size_t link_size = (strlen(path) + 4) & ~(size_t)3;
	uint32_t sum = checksum(source->bytes, source->size);
	memcpy(link, path, strlen(path));
	memcpy(link + link_size, &sum, sizeof sum);
	section_add(&writer, ".gnu_debuglink", SHT_PROGBITS, link, link_size + sizeof sum);
	Elf64_Shdr *names = section_add(&writer, ".shstrtab", SHT_STRTAB, NULL, 0);
	names->sh_offset = writer.names;
	names->sh_size = writer.used - writer.names;
	header->e_phnum = 0;
	header->e_phoff = 0;
	header->e_entry += bias; /* gdb takes sections for the same that are as far from the entry in both files */
	header->e_shoff = sizeof *header;
	header->e_shstrndx = (Elf64_Half)(writer.section - (Elf64_Shdr *)(header + 1));
	header->e_shnum = (Elf64_Half)(header->e_shstrndx + 1);
	file->start = header;
	file->size = writer.used;
	return file;
}

/* A relocatable file, while it is being linked: places of sections are known, and all its bytes are there. */
static struct rl_host_symbol_file *relocatable_copy(const struct rl_object *object)
{
	const struct rl_relocatable *from;
	const uint64_t *places;
	if (!object->namespace->linker->object_files->look(object, &from, &places))
		return NULL;
	struct rl_host_symbol_file *file = rl_heap_take(sizeof *file + from->size);
	if (file == NULL)
		return NULL;
	char *bytes = (char *)(file + 1);
	memcpy(bytes, from->bytes, from->size);
	Elf64_Shdr *sections = (Elf64_Shdr *)(bytes + ((const char *)from->sections - from->bytes));
	for (size_t i = 1; i < from->section_count; i++)
		if (places[i] != UINT64_MAX)
			sections[i].sh_addr = object->image.bias + places[i];
	file->start = bytes;
	file->size = from->size;
	file->fd = -1;
	return file;
}

struct rl_host_symbol_file *rl_host_symbol_file_make(const struct rl_object *object, const struct rl_file *file)
{
	char path[PATH_SIZE];
	struct source source;
	bool keeps;
	if (object->is_relocatable)
		return relocatable_copy(object);
	if (!source_open(object, file, &source))
		return NULL;
	struct rl_host_symbol_file *made = NULL;
	if (link_make(object, &source, path, &keeps))
		made = file_write(&source, path, object->image.bias);
	rl_sys_unmap((uintptr_t)source.bytes, source.size);
	if (made != NULL)
		made->fd = keeps ? source.fd : -1;
	if (made == NULL || !keeps)
		rl_sys_close(source.fd);
	return made;
}

void rl_host_symbol_file_drop(struct rl_host_symbol_file *file)
{
	if (file->fd >= 0)
		rl_sys_close(file->fd);
	rl_heap_give(file);
}
