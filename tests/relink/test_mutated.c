/* Mutated images through the public functions: libraries (ELF header, program headers, dynamic section, first 24 KiB),
 * relocatable files (section headers, symbols, relocations) and archives.  Each gives an error or a module that can be
 * asked and unloaded: no crash, no hang.  RELINK_MUTATIONS says how many in all; the default is 2,000.
 *
 * The code of all images is nothing but "ret": what a mutation turns into a resolver of an IFUNC may be called. */
#include "mutate.h"

static relink_context *context;
static relink_module *libc;

static const char source[] =
	"__asm__(\".text; .fill 4096, 1, 0xc3; .globl f0, f1, f2; .type f0, @function; .type f1, @function; .set f0, code; .set f1, code + 64; .set f2, code + 128;"
	".section .text.code, \\\"ax\\\"; code: .fill 512, 1, 0xc3; .text\");"
	"extern void f0(void), f1(void), f2(void); extern char **environ; extern int printf(const char *, ...); extern void *malloc(unsigned long);"
	"void (*table[])(void) = {f0, f1, f2, f0, f1}; void *imports[] = {&environ, printf, malloc}; int numbers[100] = {1, 2, 3};"
	"const char *const strings[] = {\"one\", \"two\"}; __thread int local = 5; __thread char zeros[100]; int common_data; static int hidden = 4; int *pointer = &hidden;"
	"static void *const tls_user[] = {&numbers[3]}; void *use(void); void *use_table[] = {(void *)tls_user, &pointer};";

static void library_regions(struct image *image)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)image->bytes;
	const Elf64_Phdr *phdr = (const Elf64_Phdr *)(image->bytes + header->e_phoff);
	region_add(image, 0, sizeof *header);
	region_add(image, header->e_phoff, header->e_phnum * sizeof *phdr);
	for (int i = 0; i < header->e_phnum; i++)
		if (phdr[i].p_type == PT_DYNAMIC)
			region_add(image, phdr[i].p_offset, phdr[i].p_filesz);
	region_add(image, 0, image->size < 24576 ? image->size : 24576);
}

static void object_regions(struct image *image)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)image->bytes;
	const Elf64_Shdr *sections = (const Elf64_Shdr *)(image->bytes + header->e_shoff);
	region_add(image, header->e_shoff, header->e_shnum * sizeof *sections);
	for (int i = 0; i < header->e_shnum && image->region_count < 4; i++)
		if (sections[i].sh_type == SHT_SYMTAB || sections[i].sh_type == SHT_RELA)
			region_add(image, sections[i].sh_offset, sections[i].sh_size);
	region_add(image, 0, image->size);
}

/* What a host may ask of any module. */
static void module_ask(relink_module *module)
{
	static const char *const names[] = {"f0", "table", "local", "nobody", "numbers"};
	relink_info info;
	relink_symbol symbol;
	size_t sum = 0;
	relink_get_info(module, &info);
	sum += strlen(info.name) + strlen(info.path);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		(void)relink_get(module, names[i]);
		(void)relink_find(module, names[i]);
		(void)relink_get_version(module, names[i], "V1");
	}
	relink_each_symbol(module, symbol_visit, &sum);
	(void)relink_symbol_at(module, (const char *)info.map_start + 100, &symbol);
	for (size_t i = 0; i < info.dependency_count; i++)
		relink_unref(relink_dependency(module, i));
}

static void try_one(const struct image *image, size_t region, int as_group)
{
	char *copy = image_mutate(image, region);
	size_t size = random_number() % 16 == 0 ? random_number() % (image->size + 1) : image->size;
	relink_input input = relink_bytes(image->name, copy, size);
	relink_options options = {.flags = RELINK_DEFER_INIT | (random_number() % 2 == 0 ? RELINK_LAZY : 0),
				  .scope = &libc, .scope_count = 1};
	relink_module *module = NULL;
	relink_error error;
	relink_status status = as_group ? relink_link(context, image->name, &input, 1, &options, &module, &error)
					: relink_load(context, &input, &options, &module, &error);
	outcome_note(status, module, &error);
	if (status == RELINK_OK)
		module_ask(module);
	relink_unref(module);
	free(copy);
}

int main(void)
{
	static struct image images[5];
	relink_error error;
	check_begin();
	unsigned count = mutations_begin(2000);
	check_run("printf 'V1 { global: f0; f1; table; };\\nV2 { global: *; local: hidden; } V1;\\n' >map");
	check_library("libimage.so", source, "-nostartfiles -O1 -Wl,--version-script=map -Wl,-z,now -ftls-model=global-dynamic");
	check_library("libsysv.so", source, "-nostartfiles -O1 -Wl,--hash-style=sysv -Wl,-z,pack-relative-relocs");
	check_build("cc", "c", "image.o", source, "-c -fPIC -O1 -fcommon");
	check_run("cp image.o other_member_with_a_long_name.o && ar rcs image.a other_member_with_a_long_name.o");
	static const char *const names[] = {"libimage.so", "libsysv.so", "image.o", "image.a", "image.o"};
	for (int i = 0; i < 5; i++) {
		image_read(&images[i], names[i]);
		if (i < 2)
			library_regions(&images[i]);
		else if (i == 3)
			region_add(&images[i], 0, 1024);
		else
			object_regions(&images[i]);
	}
	context = check_context(0);
	NEED(relink_open(context, "libc.so.6", NULL, &libc, &error) == RELINK_OK);
	for (unsigned i = 0; i < count; i++) {
		const struct image *image = &images[i % 8 < 4 ? i % 2 : 2 + i % 8 % 3];
		try_one(image, i / 8 % image->region_count, image == &images[4]);
		if (relink_get(libc, "malloc") == NULL) {
			fprintf(stderr, "libc is lost after mutation %u\n", i);
			return 1;
		}
	}
	mutations_end(count);
	relink_unref(libc);
	relink_context_free(context);
	return check_end();
}
