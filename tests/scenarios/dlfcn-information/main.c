#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>

#include "scenario.h"

int info_function(void);
extern int info_data[4];
extern int (*hidden_pointer)(void);

static void address(const char *what, const void *pointer)
{
	Dl_info info;
	struct link_map *map = NULL;
	const ElfW(Sym) *symbol = NULL;

	if (!dladdr(pointer, &info)) {
		printf("%s: unknown\n", what);
		return;
	}
	printf("%s: %s, %s, offset %ld, base %s\n", what, base_name(info.dli_fname), info.dli_sname ? info.dli_sname : "no symbol",
	       info.dli_sname ? (long)((const char *)pointer - (const char *)info.dli_saddr) : 0,
	       memcmp(info.dli_fbase, ELFMAG, SELFMAG) ? "odd" : "an ELF header");
	CHECK(dladdr1(pointer, &info, (void **)&map, RTLD_DL_LINKMAP));
	printf("  map %s\n", base_name(map->l_name));
	CHECK(dladdr1(pointer, &info, (void **)&symbol, RTLD_DL_SYMENT));
	printf("  symbol type %d size %lu\n", symbol ? ELF64_ST_TYPE(symbol->st_info) : -1, symbol ? (unsigned long)symbol->st_size : 0);
}

static void search_path(void *handle)
{
	Dl_serinfo size, *info;

	SHOW("%d", dlinfo(handle, RTLD_DI_SERINFOSIZE, &size));
	info = malloc(size.dls_size);
	*info = size;
	SHOW("%d", dlinfo(handle, RTLD_DI_SERINFO, info));
	for (unsigned i = 0; i < info->dls_cnt; i++)
		printf("  %s (%#x)\n", info->dls_serpath[i].dls_name, info->dls_serpath[i].dls_flags);
	free(info);
}

static void information(const char *what, void *handle)
{
	struct link_map *map;
	Lmid_t namespace;
	char origin[4096];
	size_t module;
	const ElfW(Phdr) *headers = NULL;
	int count;

	printf("== %s\n", what);
	SHOW("%d", dlinfo(handle, RTLD_DI_LMID, &namespace));
	SHOW("%ld", (long)namespace);
	SHOW("%d", dlinfo(handle, RTLD_DI_LINKMAP, &map));
	SHOW("%s", map->l_name);
	CHECK((void *)map == handle);
	SHOW("%d", dlinfo(handle, RTLD_DI_ORIGIN, origin));
	SHOW("%s", origin);
	SHOW("%d", dlinfo(handle, RTLD_DI_TLS_MODID, &module));
	SHOW("%zu", module);
	count = dlinfo(handle, RTLD_DI_PHDR, &headers);
	printf("%d program headers, %s\n", count, headers ? "given" : "not given");
	search_path(handle);
	SHOW("%d", dlinfo(handle, 99, &module));
	printf("%s\n", ERROR_TEXT());
}

static int show(struct dl_phdr_info *info, size_t size, void *data)
{
	/* How many headers a linker has is its own business. */
	int is_linker = strncmp(base_name(info->dlpi_name), "ld-", 3) == 0;

	(void)data;
	printf("  %s: %d headers, size %zu, adds %llu, subs %llu, module %zu\n", base_name(info->dlpi_name),
	       is_linker ? info->dlpi_phnum > 0 : info->dlpi_phnum, size,
	       info->dlpi_adds, info->dlpi_subs, info->dlpi_tls_modid);
	return 0;
}

static int stop(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)info;
	(void)size;
	return ++*(int *)data == 2 ? 42 : 0;
}

int main(void)
{
	void *plug = dlopen("libplug.so", RTLD_NOW);
	int count = 0, local;

	SHOW("%d", info_function());
	address("function", (void *)info_function);
	address("function + 3", (char *)info_function + 3);
	address("hidden", (void *)hidden_pointer);
	address("data", &info_data[2]);
	address("data end", (char *)info_data + 15);
	address("main", (void *)main);
	address("printf", dlsym(RTLD_DEFAULT, "printf"));
	address("opened", dlsym(plug, "plug_function"));
	address("stack", &local);
	address("null", NULL);
	information("the program", dlopen(NULL, RTLD_NOW));
	information("a start-up library", dlopen("libinfo.so", RTLD_NOW | RTLD_NOLOAD));
	information("an opened library", plug);
	dl_iterate_phdr(show, NULL);
	SHOW("%d", dl_iterate_phdr(stop, &count));
	SHOW("%d", dlclose(plug));
	dl_iterate_phdr(show, NULL);
	return 0;
}
