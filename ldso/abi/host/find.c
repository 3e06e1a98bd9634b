/* Finding the host's functions: before anything is adopted, by reading the symbol tables of its objects once each. */
#include "host.h"

#include <string.h>

#include "../../base/heap.h"
#include "../../elf/versions.h"

/* An object of the host, read for looking up a few names. */
struct library {
	struct rl_image image;
	struct rl_dynamic dynamic;
	struct rl_symbols symbols;
	struct rl_version_table versions;
	Elf64_Dyn *entries;
};

static bool library_read(const struct rl_host_map *map, struct library *out)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)map->l_addr;
	if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
		return false;
	*out = (struct library){0};
	out->image = rl_image_make(map->l_addr, (const Elf64_Phdr *)(map->l_addr + header->e_phoff), header->e_phnum);
	size_t count = 0;
	out->entries = rl_host_dynamic_copy(&out->image, map->l_ld, &count);
	return out->entries != NULL
	       && rl_dynamic_read_entries(&out->image, out->entries, count, &out->dynamic) == RL_OK
	       && rl_symbols_read(&out->dynamic, &out->symbols) == RL_OK
	       && rl_versions_read(&out->image, &out->dynamic, &out->versions) == RL_OK;
}

static void library_drop(struct library *library)
{
	rl_heap_give(library->entries);
	rl_heap_give(library->versions.versions);
}

static void *function_find(const struct library *library, const char *name)
{
	struct rl_symbols symbols = library->symbols;
	symbols.versions = library->versions.versions;
	symbols.version_count = library->versions.count;
	struct rl_name key = rl_name_make(name);
	struct rl_want want = {.newest = true};
	const Elf64_Sym *symbol = rl_symbols_find(&symbols, &key, &want);
	if (symbol == NULL)
		return NULL;
	uintptr_t address = library->image.bias + symbol->st_value;
	return (void *)(ELF64_ST_TYPE(symbol->st_info) == STT_GNU_IFUNC ? rl_port_ifunc_call(address) : address);
}

/* Names in the order of struct rl_host_functions. */
static const struct {
	char name[28];
	size_t offset;
} names[] = {
#define FUNCTION(name, field) {name, offsetof(struct rl_host_functions, field)}
	FUNCTION("dlopen", open),
	FUNCTION("dlsym", symbol),
	FUNCTION("dlclose", close),
	FUNCTION("dlerror", error),
	FUNCTION("dlvsym", symbol_version),
	FUNCTION("dlmopen", open_in),
	FUNCTION("dlinfo", info),
	FUNCTION("dladdr", address),
	FUNCTION("dladdr1", address_more),
	FUNCTION("dl_iterate_phdr", iterate),
	FUNCTION("_dl_find_object", find_object),
	FUNCTION("__tls_get_addr", tls_get_addr),
	FUNCTION("_dl_get_tls_static_info", static_info),
	FUNCTION("pthread_key_create", key_create),
	FUNCTION("pthread_setspecific", key_set),
	FUNCTION("__register_atfork", at_fork),
	FUNCTION("pthread_atfork", at_fork), /* the fourth argument is not looked at */
	FUNCTION("atexit", at_exit),
	FUNCTION("__cxa_thread_atexit_impl", thread_at_exit),
	FUNCTION("strerror", strerror),
	FUNCTION("__errno_location", errno_location),
	FUNCTION("dcgettext", dcgettext),
	FUNCTION("getauxval", auxiliary),
#undef FUNCTION
};

static bool is_host_name(const char *name)
{
	static const char *const starts[] = {"libc.", "libdl.", "libpthread.", "ld-linux", "ld-musl", "libc-2.",
					     "libdl-2.", "libpthread-2.", "ld-2."};
	const char *base = name;
	for (const char *c = name; *c != '\0'; c++)
		if (*c == '/')
			base = c + 1;
	for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
		if (strncmp(base, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}

/* By the name of the file or, for a linker that was copied to another place, the name it gives itself. */
static bool is_host_library(const struct rl_host_map *map)
{
	const Elf64_Dyn *soname = NULL;
	uintptr_t strings = 0;
	for (const Elf64_Dyn *entry = map->l_ld; entry != NULL && entry->d_tag != DT_NULL; entry++) {
		if (entry->d_tag == DT_SONAME)
			soname = entry;
		if (entry->d_tag == DT_STRTAB)
			strings = entry->d_un.d_ptr;
	}
	if (strings < map->l_addr)
		strings += map->l_addr; /* this host leaves dynamic sections as they are */
	return is_host_name(map->l_name)
	       || (soname != NULL && is_host_name((const char *)strings + soname->d_un.d_val));
}

bool rl_host_find(struct rl_host *host, struct rl_host_map *first)
{
	host->maps = first;
	host->is_single_threaded = rl_host_single_threaded();
	for (struct rl_host_map *map = first; map != NULL; map = map->l_next) {
		struct library library = {0};
		if (map->l_addr == 0 || !is_host_library(map))
			continue;
		if (library_read(map, &library)) {
			if (function_find(&library, "gnu_get_libc_version") != NULL)
				host->is_glibc = true;
			if (host->libc_map == NULL && function_find(&library, "malloc") != NULL)
				host->libc_map = map;
			for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
				void **field = (void **)((char *)&host->functions + names[i].offset);
				if (*field == NULL)
					*field = function_find(&library, names[i].name);
			}
		}
		library_drop(&library);
	}
	const struct rl_host_functions *functions = &host->functions;
	return functions->iterate != NULL && functions->open != NULL && functions->symbol != NULL
	       && functions->close != NULL && functions->error != NULL && functions->key_create != NULL
	       && functions->key_set != NULL && functions->tls_get_addr != NULL;
}
