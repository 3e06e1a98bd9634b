/* Scanning: what a scan tells is what readelf tells, for the libraries of the system; what was scanned loads without its
 * head being read again, though the file has gone; damaged files are refused. */
#include <glob.h>

#include "check.h"

enum { LIBRARY_LIMIT = 60 };

static relink_scan *scan_new(relink_input input)
{
	relink_scan *scan = NULL;
	relink_error error;
	check_ok(relink_scan_new(&input, &scan, &error), input.name, &error);
	return scan;
}

/* A line of `readelf -Wd` against the scan. */
static void dynamic_line_check(const relink_scan_info *info, const char *line, size_t *needed)
{
	static const char *const tags[] = {"(NEEDED)", "(SONAME)", "(RPATH)", "(RUNPATH)"};
	const char *const found[] = {*needed < info->needed_count ? info->needed[*needed] : NULL, info->soname,
				     info->rpath, info->runpath};
	const char *open = strchr(line, '[');
	for (size_t i = 0; i < 4; i++)
		if (strstr(line, tags[i]) != NULL && open != NULL) {
			size_t size = strcspn(open + 1, "]");
			CHECK(found[i] != NULL && strlen(found[i]) == size && memcmp(found[i], open + 1, size) == 0);
			*needed += i == 0;
		}
	if (strstr(line, "(BIND_NOW)") != NULL || (strstr(line, "(FLAGS_1)") != NULL && strstr(line, "NOW") != NULL))
		CHECK(info->binds_now);
	if (strstr(line, "STATIC_TLS") != NULL)
		CHECK(info->has_static_tls);
}

static void library_compare(const char *path)
{
	char command[512], line[4096];
	relink_scan *scan = scan_new(relink_path(path));
	const relink_scan_info *info = relink_scan_get_info(scan);
	const Elf64_Ehdr *header = info->header;
	Elf64_Ehdr again;
	relink_input input = relink_path(path);
	size_t needed = 0, sections = 0;
	unsigned long number;
	CHECK(relink_read_header(&input, &again, NULL) == RELINK_OK && memcmp(&again, header, sizeof again) == 0);
	snprintf(command, sizeof command, "env -u ASAN_OPTIONS readelf -WdhlS '%s' 2>/dev/null", path);
	FILE *output = popen(command, "r");
	NEED(output != NULL);
	while (fgets(line, sizeof line, output) != NULL) {
		int index;
		char name[256];
		dynamic_line_check(info, line, &needed);
		if (sscanf(line, " Number of program headers: %lu", &number) == 1)
			CHECK(number == info->program_header_count);
		if (sscanf(line, " Number of section headers: %lu", &number) == 1)
			CHECK(number == info->section_count);
		if (sscanf(line, " Entry point address: %lx", &number) == 1)
			CHECK(number == header->e_entry);
		if (strncmp(line, "  [", 3) == 0 && line[7] != 'N' && sscanf(line, "  [%d] %255s", &index, name) == 2
		    && index != 0 && name[0] == '.') {
			CHECK(strcmp(relink_scan_section_name(scan, (size_t)index), name) == 0);
			sections++;
		}
		if (strstr(line, "program interpreter:") != NULL)
			CHECK(info->interpreter != NULL && strstr(line, info->interpreter) != NULL);
	}
	pclose(output);
	CHECK(needed == info->needed_count && sections > 5 && sections < info->section_count);
	CHECK(info->kind == (path[0] == '.' ? RELINK_EXECUTABLE : RELINK_LIBRARY));
	relink_scan_free(scan);
}

static void system_compare(void)
{
	glob_t found;
	size_t compared = 0;
	NEED(glob("/usr/lib/*-linux-gnu/lib*.so.[0-9]*", 0, NULL, &found) == 0);
	size_t step = found.gl_pathc / LIBRARY_LIMIT + 1;
	for (size_t i = 0; i < found.gl_pathc; i += step, compared++)
		library_compare(found.gl_pathv[i]);
	globfree(&found);
	CHECK(compared > 5);
}

static struct counted {
	char bytes[65536];
	size_t size;
	int reads;
} counted;

static int counted_read(void *user, void *buffer, size_t size, uint64_t offset)
{
	struct counted *file = user;
	file->reads++;
	memcpy(buffer, file->bytes + offset, size);
	return 0;
}

/* The head is read once, by the scan: loading reads the segments and nothing else. */
static void reads_count(void)
{
	FILE *file = fopen("libplain.so", "r");
	counted.size = fread(counted.bytes, 1, sizeof counted.bytes, file);
	fclose(file);
	relink_context *context = check_context(0);
	relink_scan *scan = scan_new(relink_reader("libplain.so", counted.size, counted_read, &counted));
	const relink_scan_info *info = relink_scan_get_info(scan);
	const Elf64_Phdr *phdrs = info->program_headers;
	int segments = 0;
	for (size_t i = 0; i < info->program_header_count; i++)
		segments += phdrs[i].p_type == PT_LOAD && phdrs[i].p_filesz != 0;
	relink_module *module = NULL;
	counted.reads = 0;
	NEED(relink_load_scanned(context, scan, NULL, &module, NULL) == RELINK_OK);
	CHECK(counted.reads == segments && check_call(module, "plain") == 4);
	relink_scan_free(scan);
	CHECK(check_call(module, "plain") == 4);
	relink_unref(module);
	relink_context_free(context);
}

static void gone_load(void)
{
	relink_context *context = check_context(0);
	relink_scan *scan = scan_new(relink_path("./libplain.so"));
	relink_module *first = NULL, *second = NULL, *third = NULL;
	relink_options copy = {.flags = RELINK_COPY}, object = {.flags = RELINK_ONLY_OBJECT};
	relink_error error;
	NEED(remove("libplain.so") == 0);
	NEED(relink_load_scanned(context, scan, NULL, &first, NULL) == RELINK_OK);
	NEED(relink_load_scanned(context, scan, &copy, &second, NULL) == RELINK_OK);
	CHECK(relink_get(first, "plain") != relink_get(second, "plain") && check_call(second, "plain") == 4);
	CHECK(relink_load_scanned(context, scan, &object, &third, &error) == RELINK_E_KIND && third == NULL);
	relink_scan_free(scan);
	relink_unref(first);
	relink_unref(second);
	relink_context_free(context);
}

/* Sections of a relocatable file, and their bytes. */
static void object_scan(void)
{
	check_build("cc", "c", "unit.o", "int value[1000] = {7}; int *pointer = value;", "-c");
	relink_scan *scan = scan_new(relink_path("./unit.o"));
	const relink_scan_info *info = relink_scan_get_info(scan);
	const Elf64_Shdr *sections = info->sections;
	int word = 0, seen = 0;
	CHECK(info->kind == RELINK_OBJECT && info->program_headers == NULL && info->dynamic == NULL);
	for (size_t i = 0; i < info->section_count; i++)
		if (strcmp(relink_scan_section_name(scan, i), ".data") == 0) {
			seen = 1;
			CHECK(sections[i].sh_size == 4000
			      && relink_scan_read(scan, &word, sizeof word, sections[i].sh_offset, NULL) == RELINK_OK);
		}
	CHECK(seen && word == 7);
	CHECK(relink_scan_read(scan, &word, sizeof word, info->size - 3, NULL) == RELINK_E_IO_SHORT);
	CHECK(relink_scan_read(scan, &word, sizeof word, UINT64_MAX - 1, NULL) == RELINK_E_IO_SHORT);
	CHECK(strcmp(relink_scan_section_name(scan, 1000), "") == 0);
	relink_scan_free(scan);
	check_library("libkept.so", "int kept(void) { return 1; }", "-Wl,--emit-relocs");
	scan = scan_new(relink_path("./libkept.so"));
	CHECK(relink_scan_get_info(scan)->is_relinkable);
	relink_scan_free(scan);
}

static size_t section_find(const relink_scan *scan, const char *name)
{
	size_t index = 1;
	while (index < relink_scan_get_info(scan)->section_count && strcmp(relink_scan_section_name(scan, index), name) != 0)
		index++;
	CHECK(index < relink_scan_get_info(scan)->section_count);
	return index;
}

/* Sections as arrays of a type: all symbols are those that readelf lists, and what does not fit is refused. */
static void view_check(void)
{
	size_t count = 0, chars = 0, none = 7, listed = 0;
	relink_error error;
	char line[512];
	check_library("libview.so", "int one(void) { return 1; } static int two = 2; int *three = &two; int four[100];"
				    "char string[3] __attribute__((section(\"odd\"), aligned(1))) = \"ab\";", "");
	relink_scan *scan = scan_new(relink_path("./libview.so"));
	size_t table = section_find(scan, ".symtab"), strings = section_find(scan, ".strtab"), odd = section_find(scan, "odd");
	const Elf64_Sym *symbols = RELINK_VIEW(scan, table, Elf64_Sym, &count, &error);
	const char *names = RELINK_VIEW(scan, strings, char, &chars, &error);
	NEED(symbols != NULL && names != NULL && count > 4);
	CHECK(RELINK_VIEW(scan, table, Elf64_Sym, &count, &error) == symbols);
	FILE *output = popen("env -u ASAN_OPTIONS readelf -W --syms libview.so", "r");
	NEED(output != NULL);
	int is_whole = 0;
	while (fgets(line, sizeof line, output) != NULL) {
		unsigned long number, value;
		char name[256] = "";
		is_whole |= strstr(line, "'.symtab'") != NULL;
		if (!is_whole || sscanf(line, " %lu: %lx %*s %*s %*s %*s %*s %255s", &number, &value, name) < 2)
			continue;
		CHECK(number == listed && number < count && symbols[number].st_value == value && symbols[number].st_name < chars);
		if (ELF64_ST_TYPE(symbols[number].st_info) != STT_SECTION)
			CHECK(strncmp(names + symbols[number].st_name, name, strcspn(name, "@")) == 0);
		listed++;
	}
	pclose(output);
	CHECK(listed == count);
	CHECK(listed > 4);
	CHECK(RELINK_VIEW(scan, table, Elf64_Dyn, &none, &error) == NULL && error.status == RELINK_E_VIEW_SIZE && error.value == 16);
	CHECK(RELINK_VIEW(scan, odd, uint16_t, &none, &error) == NULL && error.status == RELINK_E_VIEW_SIZE);
	CHECK(RELINK_VIEW(scan, section_find(scan, ".comment"), char, &none, &error) != NULL && none > 3);
	const Elf64_Shdr *sections = relink_scan_get_info(scan)->sections;
	size_t place = sections[odd].sh_addr % 2 != 0 ? 2 : 16;
	while (place > 1 && sections[odd].sh_addr % place == 0)
		place /= 2;
	if (place > 1) /* an address of the linker's choice */
		CHECK(relink_scan_view(scan, odd, 3, place, &none, &error) == NULL && error.status == RELINK_E_VIEW_ALIGN
		      && error.value == place);
	CHECK(memcmp(relink_scan_view(scan, odd, 3, 1, &none, &error), "ab", 3) == 0 && none == 1);
	CHECK(RELINK_VIEW(scan, section_find(scan, ".bss"), int, &none, &error) != NULL && none == 0);
	none = 7;
	CHECK(RELINK_VIEW(scan, 1000, char, &none, &error) == NULL && error.status == RELINK_E_ARGUMENT && none == 7);
	CHECK(relink_scan_view(scan, odd, 0, 1, &none, NULL) == NULL && relink_scan_view(scan, odd, 1, 3, &none, NULL) == NULL);
	relink_scan_free(scan);
	/* A section that says more than the file has. */
	char bytes[65536];
	FILE *file = fopen("libview.so", "rb");
	size_t size = fread(bytes, 1, sizeof bytes, file);
	fclose(file);
	((Elf64_Shdr *)(bytes + ((Elf64_Ehdr *)bytes)->e_shoff))[strings].sh_size = UINT64_MAX / 2;
	scan = scan_new(relink_bytes("long", bytes, size));
	CHECK(RELINK_VIEW(scan, strings, char, &none, &error) == NULL && error.status == RELINK_E_IO_SHORT);
	relink_scan_free(scan);
}

/* No cut and no wrong byte in the head or the dynamic section makes a scan crash. */
static void damage_try(void)
{
	static char bytes[65536];
	relink_error error;
	unsigned random = 1;
	for (size_t size = 0; size < counted.size; size += size < 2000 ? 7 : 997) {
		relink_scan *scan = NULL;
		char *cut = malloc(size + 1); /* of its own, so that a sanitizer sees its end */
		memcpy(cut, counted.bytes, size);
		relink_input input = relink_bytes("cut", cut, size);
		CHECK(relink_scan_new(&input, &scan, &error) == error.status || scan != NULL);
		relink_scan_free(scan);
		free(cut);
	}
	for (int i = 0; i < 3000; i++) {
		relink_scan *scan = NULL;
		memcpy(bytes, counted.bytes, counted.size);
		for (int j = 0; j < 3; j++) {
			random = random * 1103515245 + 12345;
			size_t place = (random >> 8) % (i % 2 ? 1024 : counted.size);
			bytes[place] = (char)(random >> 24);
		}
		relink_input input = relink_bytes("damaged", bytes, counted.size);
		(void)relink_scan_new(&input, &scan, NULL);
		relink_scan_free(scan);
	}
	relink_scan *scan = NULL;
	relink_input absent = relink_path("./absent");
	CHECK(relink_scan_new(&absent, &scan, &error) == RELINK_E_IO_OPEN && scan == NULL && error.error_number == 2);
	CHECK(relink_scan_new(NULL, &scan, NULL) == RELINK_E_ARGUMENT);
}

int main(void)
{
	check_begin();
	check_library("libplain.so", "int plain(void) { return 4; } int *self(int *x) { return x; } int data = 3, *p = &data;",
		      "");
	check_build("cc", "c", "program", "int main(void) { return 0; }", "");
	library_compare("./program");
	system_compare();
	reads_count();
	gone_load();
	object_scan();
	view_check();
	damage_try();
	return check_end();
}
