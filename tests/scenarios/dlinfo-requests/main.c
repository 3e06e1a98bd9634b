#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>

#include "scenario.h"

static void search(void *handle)
{
	Dl_serinfo size = {0}, *info;

	SHOW("%d", dlinfo(handle, RTLD_DI_SERINFOSIZE, &size));
	printf("  %zu bytes, %u directories\n", (size_t)size.dls_size, size.dls_cnt);
	info = malloc(size.dls_size);
	memset(info, 0x55, size.dls_size);
	info->dls_size = size.dls_size;
	info->dls_cnt = size.dls_cnt;
	SHOW("%d", dlinfo(handle, RTLD_DI_SERINFO, info));
	for (unsigned i = 0; i < info->dls_cnt; i++)
		printf("  %s (%#x)\n", info->dls_serpath[i].dls_name, info->dls_serpath[i].dls_flags);
	free(info);
}

static void tls(void *handle, int *(*take)(void))
{
	size_t module = 77;
	void *data = &module;

	SHOW("%d", dlinfo(handle, RTLD_DI_TLS_MODID, &module));
	SHOW("%zu", module);
	SHOW("%d", dlinfo(handle, RTLD_DI_TLS_DATA, &data));
	printf("  data %s\n", !data ? "none" : take && data == (void *)take() ? "the variable's" : "something");
}

static void *other_thread(void *argument)
{
	puts("  in another thread");
	tls(argument, NULL);
	if (dlsym(argument, "take"))
		tls(argument, (int *(*)(void))dlsym(argument, "take"));
	return NULL;
}

static void show(const char *what, void *handle)
{
	struct link_map *map = NULL, *again = NULL;
	Lmid_t id = -9;
	char origin[4096];
	const ElfW(Phdr) *headers = NULL, *dynamic = NULL;
	int count;
	int *(*take)(void);
	pthread_t thread;

	printf("== %s\n", what);
	if (!handle) {
		printf("%s\n", ERROR_TEXT());
		return;
	}
	take = (int *(*)(void))dlsym(handle, "take");
	SHOW("%d", dlinfo(handle, RTLD_DI_LMID, &id));
	SHOW("%ld", (long)id);
	SHOW("%d", dlinfo(handle, RTLD_DI_LINKMAP, &map));
	CHECK(map == handle);
	SHOW("%d", dlinfo(handle, RTLD_DI_ORIGIN, origin));
	SHOW("%s", origin);
	count = dlinfo(handle, RTLD_DI_PHDR, &headers);
	for (int i = 0; i < count; i++)
		if (headers[i].p_type == PT_DYNAMIC)
			dynamic = &headers[i];
	printf("%d headers, %s\n", count, dynamic && map->l_addr + dynamic->p_vaddr == (uintptr_t)map->l_ld ? "its own" : "odd");
	search(handle);
	tls(handle, NULL);
	if (take)
		take();
	tls(handle, take);
	pthread_create(&thread, NULL, other_thread, handle);
	pthread_join(thread, NULL);
	if (take) {
		Dl_info info;
		const ElfW(Sym) *symbol = NULL;

		SHOW("%d", dladdr1((void *)take, &info, (void **)&again, RTLD_DL_LINKMAP));
		CHECK(info.dli_saddr == (void *)take);
		printf("%s %s of %s\n", info.dli_sname, info.dli_fbase == (void *)again->l_addr ? "at its base" : "elsewhere",
		       base_name(again->l_name));
		SHOW("%d", dladdr1((char *)take + 1, &info, (void **)&symbol, RTLD_DL_SYMENT));
		printf("type %d, %s, %lu bytes\n", ELF64_ST_TYPE(symbol->st_info), symbol->st_shndx ? "defined" : "undefined",
		       (unsigned long)symbol->st_size);
		again = NULL;
		SHOW("%d", dladdr1((void *)take, &info, (void **)&again, 0));
		CHECK(again == NULL);
		SHOW("%d", dladdr1((void *)take, &info, (void **)&again, 7));
		CHECK(again == NULL);
	}
	for (int request = 0; request < 14; request++)
		if (request == 0 || request == 3 || request == 7 || request == 8 || request > 11) {
			printf("request %d: %d", request, dlinfo(handle, request, origin));
			printf(", %s\n", ERROR_TEXT());
		}
}

int main(void)
{
	Dl_info info;
	void *extra = &info;
	int local;

	show("the program", dlopen(NULL, RTLD_NOW));
	show("a library of the start", dlopen("libstart.so", RTLD_NOW | RTLD_NOLOAD));
	show("libc", dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD));
	show("plain", dlopen("libplain.so", RTLD_NOW));
	show("dynamic", dlopen("libdynamic.so", RTLD_NOW));
	show("rpath", dlopen("librpath.so", RTLD_NOW));
	show("static", dlopen("libstatic.so", RTLD_NOW));
	show("relative path", dlopen("./sub/../libplain.so", RTLD_NOW));
	show("another namespace", dlmopen(LM_ID_NEWLM, "libdynamic.so", RTLD_NOW));
	show("another namespace, static", dlmopen(LM_ID_NEWLM, "libstatic.so", RTLD_LAZY));
	SHOW("%d", dladdr1(&local, &info, &extra, RTLD_DL_LINKMAP));
	CHECK(extra == &info);
	return 0;
}
