/* Maps of functions for perf, as it looks for them under /tmp/perf-PID.map: a line for each function, "START SIZE name"
 * with hexadecimal numbers (linux, tools/perf/Documentation/jit-interface.txt).  Files on disk perf reads itself; this is
 * for what comes from memory, and for relocatable files. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "../../ldso/base/heap.h"
#include "../../ldso/base/sys.h"
#include "../../ldso/elf/relocatable.h"
#include "../../ldso/link/section.h"
#include "log.h"

enum { BUFFER_SIZE = 8192, LINE_SIZE = 4096 };

/* Lines on their way to a file. */
struct map {
	int fd;
	int error; /* errno of the first that could not be written */
	size_t used;
	char buffer[BUFFER_SIZE];
};

static void map_flush(struct map *map)
{
	for (size_t at = 0; at < map->used && map->error == 0;) {
		long written = rl_sys_write(map->fd, map->buffer + at, map->used - at);
		if (rl_sys_is_error(written))
			map->error = (int)-written;
		else
			at += (size_t)written;
	}
	map->used = 0;
}

static void function_put(struct map *map, uintptr_t start, uint64_t size, const char *name)
{
	if (size == 0 || *name == '\0')
		return;
	if (BUFFER_SIZE - map->used < LINE_SIZE)
		map_flush(map);
	size_t length = rl_text_format(map->buffer + map->used, LINE_SIZE - 1, "%lx %lx %s", (unsigned long)start,
				       (unsigned long)size, name);
	map->used += length < LINE_SIZE - 2 ? length : LINE_SIZE - 2; /* a longer name is cut */
	map->buffer[map->used++] = '\n';
}

static bool is_function(const Elf64_Sym *symbol)
{
	unsigned type = ELF64_ST_TYPE(symbol->st_info);
	return (type == STT_FUNC || type == STT_GNU_IFUNC) && symbol->st_shndx != SHN_UNDEF;
}

/* What a loaded object exports. */
static int exported_put(void *user, const relink_symbol *symbol)
{
	if (symbol->type == STT_FUNC || symbol->type == STT_GNU_IFUNC)
		function_put(user, (uintptr_t)symbol->address, symbol->size, symbol->name);
	return 0;
}

/* The functions of a relocatable file, local ones too. */
static void relocatable_put(struct map *map, const struct rl_object *object)
{
	const struct rl_relocatable *file;
	const uint64_t *places;
	if (!rl_object_files.look(object, &file, &places))
		return;
	for (size_t i = 1; i < file->symbol_count; i++) {
		const Elf64_Sym *symbol = &file->symbols[i];
		uint32_t section = rl_relocatable_section(file, i);
		if (is_function(symbol) && section < file->section_count && places[section] != UINT64_MAX)
			function_put(map, object->image.bias + places[section] + symbol->st_value, symbol->st_size,
				     file->strings + symbol->st_name);
	}
}

/* SIZE bytes at OFFSET of SOURCE as a heap block with a NUL behind them; NULL: they are not there. */
static char *part_read(const struct rl_source *source, uint64_t offset, uint64_t size)
{
	char *bytes = offset > source->size || size > source->size - offset ? NULL : rl_heap_take(size + 1);
	if (bytes == NULL || source->read(source, bytes, size, offset) == 0)
		return bytes;
	rl_heap_give(bytes);
	return NULL;
}

/* The functions in the symbol table of a library's file.  False: it has none. */
static bool table_put(struct map *map, const struct rl_object *object, const struct rl_source *source,
		      const Elf64_Ehdr *header)
{
	bool is_found = false;
	Elf64_Shdr *sections = (Elf64_Shdr *)part_read(source, header->e_shoff, header->e_shnum * sizeof *sections);
	for (unsigned i = 1; sections != NULL && header->e_shentsize == sizeof *sections && i < header->e_shnum; i++) {
		if (sections[i].sh_type != SHT_SYMTAB || sections[i].sh_link >= header->e_shnum)
			continue;
		const Elf64_Shdr *names = &sections[sections[i].sh_link];
		Elf64_Sym *symbols = (Elf64_Sym *)part_read(source, sections[i].sh_offset, sections[i].sh_size);
		char *strings = part_read(source, names->sh_offset, names->sh_size);
		size_t count = sections[i].sh_size / sizeof *symbols;
		for (size_t j = 1; symbols != NULL && strings != NULL && j < count; j++)
			if (is_function(&symbols[j]) && symbols[j].st_name < names->sh_size)
				function_put(map, object->image.bias + symbols[j].st_value, symbols[j].st_size,
					     strings + symbols[j].st_name);
		is_found = symbols != NULL && strings != NULL;
		rl_heap_give(symbols);
		rl_heap_give(strings);
		break;
	}
	rl_heap_give(sections);
	return is_found;
}

static void path_make(char *path, size_t size)
{
	rl_text_format(path, size, "/tmp/perf-%d.map", (int)rl_syscall1(SYS_getpid, 0));
}

static struct map *map_open(const char *path, int flags, int *out_error)
{
	struct map *map = rl_heap_take(sizeof *map);
	*out_error = ENOMEM;
	if (map == NULL)
		return NULL;
	long fd = rl_syscall4(SYS_openat, AT_FDCWD, (long)path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);
	if (rl_sys_is_error(fd)) {
		*out_error = (int)-fd;
		rl_heap_give(map);
		return NULL;
	}
	map->fd = (int)fd;
	return map;
}

static int map_close(struct map *map)
{
	map_flush(map);
	int error = map->error;
	rl_sys_close(map->fd);
	rl_heap_give(map);
	return error;
}

void rl_perf_tell(const struct rl_object *object, const struct rl_file *file)
{
	char path[64];
	int error;
	bool is_in_memory = file != NULL && file->source != NULL;
	if (!object->is_relocatable && !is_in_memory)
		return;
	path_make(path, sizeof path);
	struct map *map = map_open(path, O_APPEND | O_NOFOLLOW, &error);
	if (map == NULL)
		return;
	if (object->is_relocatable)
		relocatable_put(map, object);
	else if (!table_put(map, object, file->source, (const Elf64_Ehdr *)file->head.bytes))
		(void)rl_symbols_each(object, exported_put, map);
	(void)map_close(map);
}

relink_status relink_write_perf_map(relink_context *context, const char *path, relink_error *error)
{
	char own_path[64];
	int number;
	if (context == NULL)
		return rl_error_plain(error, RELINK_E_ARGUMENT, "");
	if (path == NULL)
		path_make(own_path, sizeof own_path);
	struct map *map = map_open(path == NULL ? own_path : path, path == NULL ? O_TRUNC | O_NOFOLLOW : O_TRUNC, &number);
	if (map != NULL) {
		rl_engine_lock();
		for (const struct rl_object *object = context->space.first; object != NULL; object = object->next)
			(void)rl_symbols_each(object, exported_put, map);
		rl_engine_unlock();
		number = map_close(map);
	}
	if (number == 0)
		return RELINK_OK;
	relink_status status = rl_error_plain(error, RELINK_E_IO_OPEN, path == NULL ? own_path : path);
	if (error != NULL)
		error->error_number = number;
	return status;
}
