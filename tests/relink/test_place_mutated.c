/* Mutated files whose sections are to be moved: section headers, kept relocations, symbols, unwind tables, dynamic section and
 * dynamic relocations.  Each gives an error or a module that can be asked and unloaded: no crash, no hang.  RELINK_MUTATIONS
 * says how many; the default is 800.  Nothing of the files is run: they refer to what mutations may make of them. */
#include "mutate.h"

static relink_context *context;

static const char source[] =
	"extern int printf(const char *, ...); extern int far_data, far_function(int); __thread int own = 4; int exported = 3; static int hidden = 5;"
	"__attribute__((noinline)) static int helper(int x) { return x * hidden + far_data; }"
	"__attribute__((noinline)) int hot(int x) { switch (x) { case 0: return helper(1); case 1: return far_function(2); case 2: return exported;"
	" case 3: return own; case 4: return printf(\"x\"); case 5: return 99; case 6: return hidden++; default: return helper(x + exported); } }"
	"int cold(int x) { return hot(x) + helper(2); } int (*const table[])(int) = {hot, helper, cold}; int (*pointer)(int) = hot;"
	"void *words[] = {&hidden, &exported, words}; int zeros[50];";

static void regions_add(struct image *image)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)image->bytes;
	const Elf64_Shdr *sections = (const Elf64_Shdr *)(image->bytes + header->e_shoff);
	const char *names = image->bytes + sections[header->e_shstrndx].sh_offset;
	region_add(image, header->e_shoff, header->e_shnum * sizeof *sections);
	region_add(image, 0, sizeof *header + header->e_phnum * sizeof(Elf64_Phdr));
	for (int i = 1; i < header->e_shnum && image->region_count < REGIONS_LIMIT; i++) {
		uint32_t type = sections[i].sh_type;
		if ((type == SHT_RELA || type == SHT_SYMTAB || type == SHT_DYNSYM || type == SHT_DYNAMIC
		     || strncmp(names + sections[i].sh_name, ".eh_frame", 9) == 0
		     || strcmp(names + sections[i].sh_name, ".text") == 0)
		    && sections[i].sh_size != 0)
			region_add(image, sections[i].sh_offset, sections[i].sh_size);
	}
}

/* Only what needs no symbol is applied: a mutation may have made any of them a function that chooses. */
static int relocation_skip(void *user, const relink_relocation *relocation)
{
	(void)user;
	return relocation->type != R_X86_64_RELATIVE;
}

static void closure_place(relink_closure *closure, relink_error *error)
{
	static const char *const names[] = {"hot", "cold", "helper"};
	const relink_scan *scan = relink_closure_scan(closure, 0);
	relink_arena *arenas[3];
	unsigned how = random_number() % 4;
	for (int i = 0; i < 3; i++)
		NEED(relink_arena_new(closure, (relink_content)i, 4096, 0, &arenas[i], error) == RELINK_OK);
	for (int i = 0; i < 3 && how != 0; i++)
		(void)relink_place_function(closure, 0, names[i], arenas[0], i == 1 ? 65536 : RELINK_NEXT, error);
	for (size_t i = 1; i < relink_scan_get_info(scan)->section_count && how >= 2; i++)
		for (int j = how == 2; j < 3; j++)
			(void)relink_place_section(closure, 0, i, arenas[j], RELINK_NEXT, error);
	if (how != 3)
		(void)relink_place_all(closure, error);
}

static void module_ask(relink_module *module)
{
	relink_info info;
	relink_symbol symbol;
	size_t sum = 0;
	relink_get_info(module, &info);
	relink_each_symbol(module, symbol_visit, &sum);
	(void)relink_symbol_find(module, "hot", &symbol);
	(void)relink_symbol_at(module, (const char *)info.map_start + 100, &symbol);
}

static void try_one(const struct image *image, size_t region)
{
	char *copy = image_mutate(image, region);
	relink_input input =
		relink_bytes("mutated", copy, random_number() % 32 == 0 ? random_number() % image->size : image->size);
	relink_options options = {.flags = RELINK_DEFER_INIT};
	relink_closure *closure = NULL;
	relink_module *module = NULL;
	relink_error error;
	relink_status status = relink_closure_new(context, &input, &closure, &error);
	if (status == RELINK_OK) {
		closure_place(closure, &error);
		status = relink_closure_load(closure, &options, &module, &error);
	}
	outcome_note(status, module, &error);
	if (status == RELINK_OK)
		module_ask(module);
	relink_closure_free(closure);
	relink_unref(module);
	free(copy);
}

int main(void)
{
	static struct image images[3];
	relink_hooks hooks = {.relocation = relocation_skip};
	check_begin();
	unsigned count = mutations_begin(800);
	check_library("libplain.so", source,
		      "-O2 -ffunction-sections -nostartfiles -Wl,--emit-relocs -Wl,--unresolved-symbols=ignore-all");
	check_library(
		"libpacked.so", source,
		"-O0 -ffunction-sections -nostartfiles -fno-plt -Wl,--emit-relocs -Wl,-z,pack-relative-relocs -Wl,--unresolved-symbols=ignore-all");
	check_build(
		"clang", "c", "liblld.so", source,
		"-shared -fPIC -O2 -ffunction-sections -nostartfiles -fuse-ld=lld -Wl,--emit-relocs -Wl,--unresolved-symbols=ignore-all");
	static const char *const names[] = {"libplain.so", "libpacked.so", "liblld.so"};
	for (int i = 0; i < 3; i++) {
		image_read(&images[i], names[i]);
		regions_add(&images[i]);
	}
	context = check_context(RELINK_NO_UNWIND);
	relink_set_hooks(context, &hooks, NULL);
	for (unsigned i = 0; i < count; i++) {
		const struct image *image = &images[i % 3];
		try_one(image, i / 3 % image->region_count);
	}
	mutations_end(count);
	relink_context_free(context);
	return check_end();
}
