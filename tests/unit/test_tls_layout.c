/* The static TLS area: offsets against those the host's linker gives the modules of real programs, and the rules that
 * hold for any modules at all. */
#include "stub.h"

enum { MODULE_LIMIT = 64 };

static struct rl_object modules[MODULE_LIMIT];

static void module_make(struct rl_linker *linker, size_t index, size_t size, size_t align, size_t first_offset)
{
	struct rl_object *object = &modules[index];
	memset(object, 0, sizeof *object);
	object->path = "module";
	object->tls = (struct rl_tls_block){.size = size, .align = align, .first_offset = first_offset};
	NEED(rl_tls_module_add(linker, object) == RL_OK);
	CHECK(object->tls.module == index + 1);
}

/* Prints, for each module in order: memory size, alignment, address modulo alignment, bytes below the thread pointer. */
static const char source_report[] =
	"#define _GNU_SOURCE\n#include <link.h>\n#include <stdio.h>\n"
	"static int visit(struct dl_phdr_info *info, size_t size, void *argument) {\n"
	" for (int i = 0; i < info->dlpi_phnum; i++) { const ElfW(Phdr) *p = &info->dlpi_phdr[i];\n"
	"  if (p->p_type == PT_TLS && p->p_memsz) printf(\"%lu %lu %lu %lu %ld\\n\", info->dlpi_tls_modid, p->p_memsz,\n"
	"   p->p_align, p->p_vaddr & (p->p_align - 1), (char *)__builtin_thread_pointer() - (char *)info->dlpi_tls_data); }\n"
	" return 0; }\n"
	"int main(void) { dl_iterate_phdr(visit, 0); return 0; }\n";

/* A program with some libraries whose blocks have the sizes and alignments of SHAPES. */
static void program_build(const char *name, const unsigned (*shapes)[2], size_t count)
{
	char path[128], libraries[512] = "";
	for (size_t i = 0; i < count; i++) {
		char library[64], text[256];
		snprintf(library, sizeof library, "lib%s%zu.so", name, i);
		snprintf(text, sizeof text, "__thread char block[%u] __attribute__((aligned(%u))) = {%d};",
			 shapes[i][0], shapes[i][1], i % 2 ? 1 : 0);
		stub_library(library, text, "");
		strcat(strcat(libraries, " "), library);
	}
	snprintf(path, sizeof path, "%s/%s.c", stub_folder, name);
	FILE *file = fopen(path, "w");
	NEED(file != NULL);
	fprintf(file, "%s__thread char own[%u] __attribute__((aligned(%u)));", source_report, shapes[0][1] / 2 + 3,
		shapes[count - 1][1]);
	fclose(file);
	check_command("cd %s && cc -w -O1 -o %s %s.c -Wl,--no-as-needed %s -Wl,-rpath,%s && ./%s > %s.txt", stub_folder,
		     name, name, libraries, stub_folder, name, name);
}

static void host_compare(const char *name, const unsigned (*shapes)[2], size_t count)
{
	struct line {
		unsigned long module, size, align, first;
		long offset;
	} lines[MODULE_LIMIT];
	char path[128];
	size_t found = 0;
	program_build(name, shapes, count);
	snprintf(path, sizeof path, "%s/%s.txt", stub_folder, name);
	FILE *file = fopen(path, "r");
	NEED(file != NULL);
	struct line line;
	memset(lines, 0, sizeof lines);
	while (fscanf(file, "%lu %lu %lu %lu %ld", &line.module, &line.size, &line.align, &line.first, &line.offset)
	       == 5) {
		NEED(line.module >= 1 && line.module < MODULE_LIMIT);
		lines[line.module - 1] = line;
		found++;
	}
	fclose(file);
	CHECK(found >= count);
	struct rl_linker linker;
	stub_linker_make(&linker);
	for (size_t i = 0; i < found; i++)
		module_make(&linker, i, lines[i].size, lines[i].align, lines[i].first);
	rl_tls_layout(&linker);
	for (size_t i = 0; i < found; i++) {
		if ((long)modules[i].tls.offset != lines[i].offset)
			fprintf(stderr, "%s module %zu: size %lu align %lu first %lu: host %ld, ours %zu\n", name,
				i + 1, lines[i].size, lines[i].align, lines[i].first, lines[i].offset,
				modules[i].tls.offset);
		CHECK((long)modules[i].tls.offset == lines[i].offset);
	}
}

static void host_check(void)
{
	static const unsigned plain[][2] = {{4, 4}, {8, 8}, {1, 1}, {100, 16}};
	static const unsigned gaps[][2] = {{16, 256}, {8, 8}, {40, 8}, {3, 1}, {1000, 1024}, {5, 1}, {64, 32}};
	static const unsigned large[][2] = {{1, 4096}, {70000, 64}, {12, 4}, {4096, 4096}, {1, 1}};
	static const unsigned odd[][2] = {{7, 1}, {33, 32}, {65, 64}, {129, 128}, {1, 2}, {17, 16}, {9, 8}};
	host_compare("plain", plain, 4);
	host_compare("gaps", gaps, 7);
	host_compare("large", large, 5);
	host_compare("odd", odd, 7);
}

/* Aligned as the file asks, inside the area, and no two blocks share a byte. */
static void block_check(const struct rl_tls_state *tls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct rl_tls_block *one = &modules[i].tls;
		if (!one->has_offset)
			continue;
		CHECK(((-one->offset) & (one->align - 1)) == one->first_offset);
		CHECK(one->offset >= one->size && one->offset <= tls->static_limit && one->align <= tls->static_align);
		for (size_t j = 0; j < i; j++) {
			const struct rl_tls_block *other = &modules[j].tls;
			CHECK(!other->has_offset || one->offset - one->size >= other->offset
			      || other->offset - other->size >= one->offset);
		}
		CHECK(one->offset - one->size >= tls->own_offset
		      || tls->own_offset - sizeof(struct rl_thread) >= one->offset);
	}
}

static void rules_check(void)
{
	uint64_t state = 21;
	for (int round = 0; round < 400; round++) {
		struct rl_linker linker;
		stub_linker_make(&linker);
		linker.abi.thread_size = 2304;
		linker.abi.thread_align = 64;
		linker.tls.surplus = 1664;
		size_t early = random_step(&state) % 12, late = early + random_step(&state) % 20;
		for (size_t i = 0; i < late; i++) {
			if (i == early)
				rl_tls_layout(&linker);
			size_t align = (size_t)1 << random_step(&state) % (i < early ? 12 : 8);
			module_make(&linker, i, 1 + random_step(&state) % (i < early ? 3000 : 300), align,
				    random_step(&state) % align);
			if (i < early)
				continue;
			size_t used = linker.tls.static_used;
			struct rl_tls_lack lack;
			enum rl_status status = rl_tls_static_add(&linker, &modules[i], &lack);
			CHECK(status == RL_OK || status == RL_TLS_STATIC_FULL);
			CHECK(status == RL_OK || (linker.tls.static_used == used && !modules[i].tls.has_offset));
			/* Twice is no second place. */
			CHECK(rl_tls_static_add(&linker, &modules[i], &lack) == status);
		}
		if (late == early)
			rl_tls_layout(&linker);
		block_check(&linker.tls, late);
		CHECK(linker.tls.static_size % linker.tls.static_align == 2304 % linker.tls.static_align);
		CHECK(linker.tls.static_size >= linker.tls.static_limit + 2304);
	}
}

static size_t resized, resize_refusals;

static bool threads_resize(void *context, size_t size)
{
	(void)context;
	if (resize_refusals != 0)
		return false;
	resized = size;
	return true;
}

/* Beyond the surplus while there is only the first thread, and the error says what is missing. */
static void raise_check(void)
{
	struct rl_linker linker;
	struct rl_tls_lack lack;
	stub_linker_make(&linker);
	linker.abi.thread_size = 2304;
	linker.abi.thread_align = 64;
	linker.abi.threads_resize = threads_resize;
	linker.tls.surplus = 1664;
	linker.tls.first_surplus = 10000;
	rl_tls_layout(&linker);
	size_t first = linker.tls.first_limit, size = linker.tls.static_size;
	CHECK(linker.tls.area_size >= first + 2304 && first == linker.tls.static_limit + 10000);
	const size_t sizes[] = {1000, 5000, 64, 100000, 3000, 3000, 8};
	const size_t aligns[] = {8, 8, 8, 8, 8, 8, 128};
	for (size_t i = 0; i < 7; i++)
		module_make(&linker, i, sizes[i], aligns[i], 0);
	CHECK(rl_tls_static_add(&linker, &modules[0], &lack) == RL_OK && resized == 0);
	CHECK(rl_tls_static_add(&linker, &modules[1], &lack) == RL_OK && resized > size + 4000);
	CHECK(resized == linker.tls.static_size && linker.tls.static_limit == linker.tls.static_used + 1664);
	size = resized;
	CHECK(rl_tls_static_add(&linker, &modules[2], &lack) == RL_OK && resized == size);
	CHECK(rl_tls_static_add(&linker, &modules[3], &lack) == RL_TLS_STATIC_FULL && lack.obstacle == RL_TLS_AREA_FULL);
	CHECK(lack.wanted == 100000 && lack.possible == first - linker.tls.static_used);
	resize_refusals = 1;
	CHECK(rl_tls_static_add(&linker, &modules[4], &lack) == RL_TLS_STATIC_FULL && lack.obstacle == RL_TLS_THREADS_FULL);
	CHECK(lack.possible == linker.tls.static_limit - linker.tls.static_used && resized == size);
	resize_refusals = 0;
	modules[5].tls.is_forced_dynamic = true;
	CHECK(rl_tls_static_add(&linker, &modules[5], &lack) == RL_TLS_STATIC_FULL && lack.obstacle == RL_TLS_IN_USE);
	CHECK(rl_tls_static_add(&linker, &modules[6], &lack) == RL_TLS_STATIC_FULL && lack.obstacle == RL_TLS_ALIGNMENT);
	CHECK(rl_tls_static_add(&linker, &modules[4], &lack) == RL_OK && linker.tls.static_limit <= first);
}

/* Ids of modules that went away are given again, and every change is a new generation. */
static void ids_check(void)
{
	struct rl_linker linker;
	stub_linker_make(&linker);
	for (size_t i = 0; i < MODULE_LIMIT; i++)
		module_make(&linker, i, 8, 8, 0);
	CHECK(linker.tls.highest_module == MODULE_LIMIT);
	size_t generation = atomic_load(&linker.tls.generation);
	rl_tls_publish(&linker);
	CHECK(atomic_load(&linker.tls.generation) == generation + 1);
	rl_tls_module_remove(&linker, &modules[10]);
	rl_tls_module_remove(&linker, &modules[3]);
	CHECK(modules[3].tls.module == 0 && linker.tls.highest_module == MODULE_LIMIT);
	NEED(rl_tls_module_add(&linker, &modules[10]) == RL_OK);
	CHECK(modules[10].tls.module == 4); /* the lowest that is free */
	for (size_t i = MODULE_LIMIT; i-- > 20;)
		rl_tls_module_remove(&linker, &modules[i]);
	CHECK(linker.tls.highest_module == 20);
	struct rl_tls_table *table = atomic_load(&linker.tls.table);
	CHECK(table->slots[4].object == &modules[10] && table->slots[11].object == NULL);
	CHECK(table->slots[4].generation == generation + 2);
}

int main(void)
{
	stub_folder_make();
	host_check();
	rules_check();
	raise_check();
	ids_check();
	stub_folder_drop();
	return check_result();
}
