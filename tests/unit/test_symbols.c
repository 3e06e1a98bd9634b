/* Symbol lookup against the host's: every symbol of a dozen real libraries, with and without versions, must be found
 * where dlsym and dlvsym find it.  Then tables of both hash styles made for the purpose, and damaged ones. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>

#include "stub.h"

static struct rl_linker linker;

/* One file as the host sees it and as we read it. */
struct pair {
	void *handle;
	uintptr_t host_base;
	struct rl_object *object;
	unsigned long compared, versioned, absent;
};

static uint32_t host_hash(const char *name)
{
	uint32_t hash = 0;
	for (; *name != '\0'; name++) {
		hash = (hash << 4) + (unsigned char)*name;
		uint32_t high = hash & 0xf0000000;
		hash ^= high >> 24;
		hash &= ~high;
	}
	return hash;
}

static const Elf64_Sym *ours(struct pair *pair, const char *string, const struct rl_want *want)
{
	struct rl_name name = rl_name_make(string);
	return rl_symbols_find(&pair->object->symbols, &name, want);
}

/* What the host found must be our symbol, or lie in another library if we have none. */
static void result_compare(struct pair *pair, const char *name, const char *version, const Elf64_Sym *symbol,
			   void *host)
{
	if (symbol == NULL) {
		Dl_info info;
		int is_elsewhere =
			host == NULL || dladdr(host, &info) == 0 || (uintptr_t)info.dli_fbase != pair->host_base;
		if (!is_elsewhere)
			fprintf(stderr, "%s@%s: only the host finds it\n", name, version);
		CHECK(is_elsewhere);
		pair->absent++;
		return;
	}
	unsigned type = ELF64_ST_TYPE(symbol->st_info);
	uintptr_t expected = symbol->st_value + (symbol->st_shndx == SHN_ABS ? 0 : pair->host_base);
	if (type == STT_TLS || type == STT_GNU_IFUNC || ELF64_ST_BIND(symbol->st_info) == STB_GNU_UNIQUE) {
		CHECK(host != NULL); /* found, and then made into something else */
	} else if (host != (void *)expected) {
		fprintf(stderr, "%s@%s: host %p, ours %#lx\n", name, version, host, (unsigned long)expected);
		CHECK(!"the same address");
	}
	pair->compared++;
}

static void symbol_compare(struct pair *pair, uint32_t index)
{
	const struct rl_symbols *symbols = &pair->object->symbols;
	const char *name = symbols->strings + symbols->symbols[index].st_name;
	result_compare(pair, name, "", ours(pair, name, &(struct rl_want){.newest = true}), dlsym(pair->handle, name));
	const struct rl_version *version = rl_reference_version(symbols, index);
	if (version == NULL || version->file != NULL)
		return;
	CHECK(version->hash == host_hash(version->name));
	const struct rl_version exactly = {.name = version->name, .hash = version->hash, .is_hidden = true};
	result_compare(pair, name, version->name, ours(pair, name, &(struct rl_want){.version = &exactly}),
		       dlvsym(pair->handle, name, version->name));
	const struct rl_version wrong = {.name = "NO_SUCH_1", .hash = host_hash("NO_SUCH_1"), .is_hidden = true};
	CHECK(ours(pair, name, &(struct rl_want){.version = &wrong}) == NULL);
	pair->versioned++;
}

static struct rl_object *object_load(const char *path)
{
	struct rl_diag diag = RL_DIAG_NONE;
	struct rl_request request = {.name = path, .kind = RL_OBJECT_OPENED};
	struct rl_object *object = NULL;
	if (rl_load(&linker, &linker.base, &request, &object, &diag) != RL_OK)
		fprintf(stderr, "%s: status %d\n", path, (int)diag.status);
	NEED(object != NULL);
	return object;
}

static int library_compare(const char *name)
{
	struct pair pair = {.handle = dlopen(name, RTLD_LAZY | RTLD_LOCAL)};
	if (pair.handle == NULL)
		return 0; /* not on this machine */
	struct link_map *map;
	NEED(dlinfo(pair.handle, RTLD_DI_LINKMAP, &map) == 0);
	pair.host_base = map->l_addr;
	pair.object = object_load(map->l_name);
	const struct rl_symbols *symbols = &pair.object->symbols;
	size_t count = rl_symbols_count(symbols);
	for (uint32_t i = 1; i < count; i++)
		symbol_compare(&pair, i);
	static const char *const strangers[] = {"", "no_such_symbol", "x", "main_", "_Z3foov"};
	for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++)
		CHECK(ours(&pair, strangers[i], &(struct rl_want){0}) == NULL);
	CHECK(count < 20 || pair.compared > 5);
	rl_object_drop(&linker, pair.object);
	return 1;
}

/* The same source linked for each hash style must give the same answers. */
static void styles_check(void)
{
	static const char *const styles[] = {"gnu", "sysv", "both"};
	char source[20000];
	size_t used = 0;
	for (int i = 0; i < 300; i++)
		used += (size_t)snprintf(source + used, sizeof source - used, "int value_%d = %d;\n", i * 7, i);
	stub_library("libempty.so", "", "-Wl,--hash-style=gnu");
	stub_library("libempty2.so", "", "-Wl,--hash-style=sysv");
	for (size_t style = 0; style < 3; style++) {
		char name[32], flags[64];
		snprintf(name, sizeof name, "libmany%zu.so", style);
		snprintf(flags, sizeof flags, "-Wl,--hash-style=%s", styles[style]);
		stub_library(name, source, flags);
		struct pair pair = {.object = object_load(name)};
		CHECK(pair.object->symbols.is_sysv_hash == (style == 1));
		CHECK(rl_symbols_count(&pair.object->symbols) >= 301);
		for (int i = 0; i < 2100; i++) {
			char symbol[32];
			snprintf(symbol, sizeof symbol, "value_%d", i);
			const Elf64_Sym *found = ours(&pair, symbol, &(struct rl_want){0});
			CHECK((found != NULL) == (i % 7 == 0));
			CHECK(found == NULL || *(int *)(pair.object->image.bias + found->st_value) == i / 7);
		}
		rl_object_drop(&linker, pair.object);
	}
	for (int i = 0; i < 2; i++) {
		struct pair empty = {.object = object_load(i == 0 ? "libempty.so" : "libempty2.so")};
		CHECK(ours(&empty, "anything", &(struct rl_want){0}) == NULL);
		CHECK(rl_symbols_count(&empty.object->symbols) <= 10);
		rl_object_drop(&linker, empty.object);
	}
}

/* A SysV chain that loops, a GNU chain without an end, counts that are too large. */
static void damage_check(void)
{
	enum { COUNT = 4 };
	Elf64_Sym symbols[COUNT] = {0};
	for (int i = 1; i < COUNT; i++)
		symbols[i] = (Elf64_Sym){
			.st_name = 1, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), .st_shndx = 1, .st_value = 8};
	uint32_t sysv[] = {1, COUNT, 1, 0, 2, 3, 1};
	struct rl_dynamic dynamic = {.strings = "\0name",
				     .strings_size = 6,
				     .symbols = symbols,
				     .symbol_limit = COUNT,
				     .sysv_hash = sysv,
				     .sysv_hash_words = sizeof sysv / sizeof *sysv};
	struct rl_symbols read;
	struct rl_name name = rl_name_make("other"), there = rl_name_make("name");
	const struct rl_want want = {0};
	CHECK(rl_symbols_read(&dynamic, &read) == RL_OK && rl_symbols_find(&read, &name, &want) == NULL);
	CHECK(rl_symbols_find(&read, &there, &want) == &symbols[1]);
	sysv[1] = COUNT + 1;
	CHECK(rl_symbols_read(&dynamic, &read) == RL_DYNAMIC_DAMAGED);
	sysv[1] = UINT32_MAX;
	CHECK(rl_symbols_read(&dynamic, &read) == RL_DYNAMIC_DAMAGED);
	sysv[0] = 0, sysv[1] = COUNT;
	CHECK(rl_symbols_read(&dynamic, &read) == RL_OK && rl_symbols_find(&read, &there, &want) == NULL);

	_Alignas(8) uint32_t gnu[] = {1, 1, 1, 5, ~0u, ~0u, 1, 0, 0, 0};
	for (int i = 7; i < 10; i++)
		gnu[i] = name.gnu_hash & ~1u;
	dynamic.sysv_hash = NULL;
	dynamic.gnu_hash = gnu;
	dynamic.gnu_hash_words = sizeof gnu / sizeof *gnu;
	CHECK(rl_symbols_read(&dynamic, &read) == RL_OK && rl_symbols_find(&read, &name, &want) == NULL);
	CHECK(rl_symbols_count(&read) <= COUNT);
	static const struct {
		int word;
		uint32_t value;
	} wrong[] = {{0, 100}, {0, UINT32_MAX}, {2, 0}, {2, 3}, {2, UINT32_MAX}, {3, 32}, {3, UINT32_MAX}};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		uint32_t old = gnu[wrong[i].word];
		gnu[wrong[i].word] = wrong[i].value;
		CHECK(rl_symbols_read(&dynamic, &read) == RL_DYNAMIC_DAMAGED);
		gnu[wrong[i].word] = old;
	}
	gnu[6] = UINT32_MAX; /* a bucket far away */
	CHECK(rl_symbols_read(&dynamic, &read) == RL_OK && rl_symbols_find(&read, &name, &want) == NULL);
	symbols[2].st_name = UINT32_MAX;
	gnu[6] = 1;
	CHECK(rl_symbols_find(&read, &name, &want) == NULL);
}

/* Names of every length, with more or less behind them, read by words or by characters. */
static void name_read_check(void)
{
	char *text = malloc(64);
	for (size_t length = 0; length < 40; length++) {
		for (size_t i = 0; i < 64; i++)
			text[i] = (char)(0x41 + i * 37 % 190);
		text[length] = '\0';
		struct rl_name plain = rl_name_make(text);
		for (size_t end = length + 1; end <= 64; end++) {
			struct rl_name read = rl_name_read(text, text + end);
			CHECK(read.gnu_hash == plain.gnu_hash && read.size == length + 1 && read.string == text);
		}
	}
	free(text);
}

/* The remainder by multiplication is that by division. */
static void buckets_check(void)
{
	static const uint32_t counts[] = {1, 2, 3, 7, 263, 4096, 65537, 0x7fffffff, 0x80000000, 0xffffffff};
	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		struct rl_symbols symbols = {0};
		rl_buckets_set(&symbols, counts[i]);
		uint32_t hash = 1;
		for (int j = 0; j < 20000; j++, hash = hash * 1664525 + 1013904223)
			if (rl_bucket_of(&symbols, hash) != hash % counts[i])
				CHECK(!"another bucket");
		CHECK(rl_bucket_of(&symbols, 0xffffffff) == 0xffffffff % counts[i]);
	}
}

int main(void)
{
	static const char *const names[] = {"libc.so.6",        "libm.so.6",      "libstdc++.so.6",   "libgcc_s.so.1",
					    "libz.so.1",        "libcrypto.so.3", "libssl.so.3",      "libresolv.so.2",
					    "libncursesw.so.6", "libtinfo.so.6",  "libglib-2.0.so.0", "libgmp.so.10",
					    "libcurl.so.4",     "libacl.so.1",    "libpthread.so.0",  "libdl.so.2",
					    "libxml2.so.2"};
	stub_folder_make();
	stub_linker_make(&linker);
	int compared = 0;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		compared += library_compare(names[i]);
	CHECK(compared >= 5);
	styles_check();
	damage_check();
	static const char *const hashed[] = {"", "a", "printf", "_ZNSt6vectorIiSaIiEE9push_backEOi",
					     "\xff\xfe\xfd long \x80"};
	for (size_t i = 0; i < sizeof hashed / sizeof *hashed; i++) {
		uint32_t expected = 5381;
		for (const char *c = hashed[i]; *c != '\0'; c++)
			expected = expected * 33 + (unsigned char)*c;
		CHECK(rl_hash_sysv(hashed[i]) == host_hash(hashed[i]) && rl_hash_gnu(hashed[i]) == expected);
	}
	name_read_check();
	buckets_check();
	stub_folder_drop();
	return check_result();
}
