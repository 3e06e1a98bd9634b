/* Our objects as gdb sees them, through its interface for code made at run time: a descriptor, a list of small files in
 * memory, and a function whose breakpoint says that the list has changed.  The host's own list is no place for them:
 * its linker reads private fields of every map that it finds there.
 *
 * A small file names the sections of the object with their addresses, and the object's file as the place of symbols and
 * lines, as stripped files name theirs.  That needs the file's checksum, so it is done only while a debugger has its
 * breakpoint set; one that comes later is told of everything at the next change. */
#include "host.h"

#include <string.h>
#include <sys/mman.h>

#include "../../base/heap.h"
#include "../../base/sys.h"

enum { PATH_SIZE = 4096 };

/* gdb's side of the contract; it knows these names and layouts. */
struct rl_host_symbol_file {
	struct rl_host_symbol_file *next, *previous;
	const void *start;
	uint64_t size;
};

struct descriptor {
	uint32_t version;
	enum { NOTHING, REGISTER, UNREGISTER } action;
	struct rl_host_symbol_file *relevant, *first;
};

extern struct descriptor __jit_debug_descriptor;
struct descriptor __jit_debug_descriptor __attribute__((used)) = {.version = 1};

void __jit_debug_register_code(void);
void rl_host_debug_twin(void);
/* Two functions of the same bytes: they differ where a breakpoint is. */
__asm__(".pushsection .text.debug, \"ax\"\n"
	".globl __jit_debug_register_code, rl_host_debug_twin\n"
	".hidden __jit_debug_register_code, rl_host_debug_twin\n"
	".type __jit_debug_register_code, %function\n.type rl_host_debug_twin, %function\n"
	".balign 16\n__jit_debug_register_code:\n\tret\n\tnop\n\tnop\n\tnop\n.size __jit_debug_register_code, 4\n"
	".balign 16\nrl_host_debug_twin:\n\tret\n\tnop\n\tnop\n\tnop\n.size rl_host_debug_twin, 4\n"
	".popsection\n");

static bool is_watched(void)
{
	const volatile unsigned char *own = (const volatile unsigned char *)__jit_debug_register_code;
	const volatile unsigned char *twin = (const volatile unsigned char *)rl_host_debug_twin;
	return own[0] != twin[0] || own[1] != twin[1] || own[2] != twin[2] || own[3] != twin[3];
}

static void tell(struct rl_host_symbol_file *file, int action)
{
	__jit_debug_descriptor.relevant = file;
	__jit_debug_descriptor.action = action;
	__jit_debug_register_code();
	__jit_debug_descriptor.action = NOTHING;
	__jit_debug_descriptor.relevant = NULL;
}

/* The object's file, mapped for reading. */
struct source {
	const char *bytes;
	size_t size;
	const Elf64_Shdr *sections;
	size_t count;
	const char *names;
	size_t names_size;
};

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

static bool source_open(const char *path, struct source *out)
{
	struct stat info;
	long fd = rl_sys_open(path), bytes = -1;
	if (rl_sys_is_error(fd))
		return false;
	if (!rl_sys_is_error(rl_sys_stat_fd((int)fd, &info)) && info.st_size > 0)
		bytes = rl_sys_map(0, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, (int)fd, 0);
	rl_sys_close((int)fd);
	if (rl_sys_is_error(bytes))
		return false;
	*out = (struct source){.bytes = (const char *)bytes, .size = (size_t)info.st_size};
	if (source_read(out))
		return true;
	rl_sys_unmap((uintptr_t)bytes, out->size);
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

static struct rl_host_symbol_file *file_make(const struct source *source, const char *path, uintptr_t bias)
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
	header->e_entry = 0;
	header->e_shoff = sizeof *header;
	header->e_shstrndx = (Elf64_Half)(writer.section - (Elf64_Shdr *)(header + 1));
	header->e_shnum = (Elf64_Half)(header->e_shstrndx + 1);
	file->start = header;
	file->size = writer.used;
	return file;
}

static void object_show(struct rl_object *object)
{
	char path[PATH_SIZE];
	struct source source;
	struct rl_host_shadow *shadow = rl_host_shadow(object);
	if (shadow->symbol_file != NULL || !path_complete(object->path, path) || !source_open(path, &source))
		return;
	struct rl_host_symbol_file *file = file_make(&source, path, object->image.bias);
	rl_sys_unmap((uintptr_t)source.bytes, source.size);
	if (file == NULL)
		return;
	shadow->symbol_file = file;
	file->next = __jit_debug_descriptor.first;
	if (file->next != NULL)
		file->next->previous = file;
	__jit_debug_descriptor.first = file;
	tell(file, REGISTER);
}

static void object_hide(struct rl_object *object)
{
	struct rl_host_symbol_file *file = rl_host_shadow(object)->symbol_file;
	if (file == NULL)
		return;
	if (file->next != NULL)
		file->next->previous = file->previous;
	if (file->previous != NULL)
		file->previous->next = file->next;
	else
		__jit_debug_descriptor.first = file->next;
	rl_host_shadow(object)->symbol_file = NULL;
	tell(file, UNREGISTER);
	rl_heap_give(file);
}

static void hear(void *context, const struct rl_event *event)
{
	const struct rl_host *host = context;
	if (event->kind == RL_EVENT_UNMAPPED && event->object->shadow != NULL)
		object_hide(event->object);
	if (event->kind != RL_EVENT_MAPPED || !is_watched())
		return;
	for (struct rl_object *object = host->linker->base.first; object != NULL; object = object->next)
		if (!object->is_hosted && object->shadow != NULL)
			object_show(object);
}

struct rl_listener rl_host_debug_listener(struct rl_host *host)
{
	return (struct rl_listener){.hear = hear, .context = host};
}
