/* Telling which glibc a libc.so.6 is: by libraries made up from the rows, by the table's own order, and by the libc of
 * this machine, which is also asked at run time whether its fields are where the row says.
 *
 * With arguments the program names the layouts of the given files instead.
 */
#define _GNU_SOURCE
#include "../../ldso/abi/glibc/fingerprint.h"
#include "../../ldso/abi/glibc/glibc.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../arch/anchor.h"
#include "../../arch/port.h"
#include "../../ldso/base/heap.h"
#include "../../ldso/elf/versions.h"
#include "check.h"

/* ---- A libc made up for a row ------------------------------------------------------------------------------------ */

enum { SYMBOL_MAX = 16, STRINGS_SIZE = 512, MEMORY_SIZE = 1024, MEMORY_START = 64 };

/* All in one segment; one hash bucket, so that every look-up walks the whole table. */
struct fake {
	_Alignas(16) unsigned char memory[MEMORY_SIZE];
	size_t memory_used;
	char strings[STRINGS_SIZE];
	size_t strings_used;
	Elf64_Sym table[SYMBOL_MAX];
	Elf64_Half versym[SYMBOL_MAX];
	uint32_t chains[SYMBOL_MAX], bucket;
	uint64_t bloom;
	uint32_t symbol_count;
	struct rl_version versions[6];
	char version_names[3][24];
	Elf64_Phdr load;
	struct rl_image image;
	struct rl_symbols symbols;
};

static void fake_add(struct fake *fake, const char *name, const void *content, size_t size)
{
	uint32_t index = fake->symbol_count++;
	fake->table[index] = (Elf64_Sym){.st_name = (Elf64_Word)fake->strings_used,
					 .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT),
					 .st_shndx = 1,
					 .st_value = fake->memory_used,
					 .st_size = size};
	strcpy(fake->strings + fake->strings_used, name);
	fake->strings_used += strlen(name) + 1;
	memcpy(fake->memory + fake->memory_used, content, size);
	fake->memory_used += (size + 15) & ~(size_t)15;
	fake->versym[index] = 4;
	fake->chains[index - 1] &= ~1u;
	fake->chains[index] = rl_hash_gnu(name) | 1;
}

/* A version definition, the number of which is its place. */
static void fake_version(struct fake *fake, size_t place, int release, const char *file)
{
	char *name = fake->version_names[place - 1];
	snprintf(name, sizeof(fake->version_names[0]), "GLIBC_%d.%d", release / 100, release % 100);
	fake->versions[place] = (struct rl_version){.name = name, .hash = rl_hash_sysv(name), .file = file};
}

/* mov far(%rax),%rax behind a load through the GOT and a near one; jmp *far(%rax) likewise; lea. */
static void fake_code(struct fake *fake, const struct rl_glibc_layout *row)
{
	unsigned char getauxval[] = {0xf3, 0x0f, 0x1e, 0xfa, 0x48, 0x8b, 0x05, 0x48, 0x8b, 0x80, 0x01, 0x48,
				     0x8b, 0x40, 0x60, 0x48, 0x8b, 0x80, 0,    0,    0,    0,    0xc3};
	unsigned char find_object[] = {0x48, 0x8b, 0x05, 0xff, 0xa0, 0x10, 0, 0xff, 0xa0, 0, 0, 0, 0};
	uint32_t far = row->global_ro.dl_hwcap2;
	memcpy(getauxval + 18, &far, 4);
	fake_add(fake, "getauxval", getauxval, sizeof(getauxval));
	far = row->global_ro.dl_find_object;
	memcpy(find_object + 9, &far, 4);
	if (far != RL_ABSENT)
		fake_add(fake, "_dl_find_object", find_object, sizeof(find_object));
}

static void fake_descriptors(struct fake *fake, const struct rl_glibc_layout *row)
{
	uint32_t size = row->pthread.size;
	uint32_t user[3] = {128, 1, row->global.dl_stack_user}, modid[3] = {64, 1, row->link_map.l_tls_modid};
	fake_add(fake, "_thread_db_sizeof_pthread", &size, sizeof(size));
	fake_add(fake, "_thread_db_rtld_global__dl_stack_user", user, sizeof(user));
	fake_add(fake, "_thread_db_link_map_l_tls_modid", modid, sizeof(modid));
}

/* A libc that says of itself what this row has; the caller may change things before fake_finish. */
static void fake_make(struct fake *fake, const struct rl_glibc_layout *row, const char *version)
{
	memset(fake, 0, sizeof(*fake));
	fake->memory_used = MEMORY_START;
	fake->strings_used = 1;
	fake->symbol_count = 1;
	size_t length = strlen(version) + 1;
	if (row->thread_setup == RL_GLIBC_THREADS_BY_LINKER) {
		fake_add(fake, "__nptl_version", version, length);
		fake_descriptors(fake, row);
	} else {
		/* lea 9(%rip),%rax; ret; the string 16 bytes behind. */
		unsigned char code[64] = {0x48, 0x8d, 0x05, 9, 0, 0, 0, 0xc3};
		memcpy(code + 16, version, length);
		fake_add(fake, "gnu_get_libc_version", code, sizeof(code));
	}
	fake_code(fake, row);
	fake_version(fake, 1, row->release - 1, NULL);
	fake_version(fake, 2, row->release + 1, "ld.so"); /* needed, not defined */
	fake->versions[4] = (struct rl_version){.name = "GLIBC_PRIVATE", .hash = rl_hash_sysv("GLIBC_PRIVATE")};
}

static enum rl_status fake_identify(struct fake *fake, const struct rl_glibc_layout **out_layout,
				    struct rl_glibc_identity *out_identity)
{
	fake->load = (Elf64_Phdr){.p_type = PT_LOAD, .p_flags = PF_R, .p_filesz = MEMORY_SIZE, .p_memsz = MEMORY_SIZE};
	fake->image = rl_image_make((uintptr_t)fake->memory, &fake->load, 1);
	fake->bucket = 1;
	fake->bloom = ~(uint64_t)0;
	fake->symbols = (struct rl_symbols){.bloom = &fake->bloom,
					    .bucket_count = 1,
					    .chain_limit = fake->symbol_count,
					    .buckets = &fake->bucket,
					    .chains = fake->chains,
					    .symbols = fake->table,
					    .strings = fake->strings,
					    .strings_size = fake->strings_used,
					    .symbol_limit = fake->symbol_count,
					    .chain_first = 1,
					    .versym = fake->versym,
					    .versym_limit = fake->symbol_count,
					    .versions = fake->versions,
					    .version_count = 5};
	return rl_glibc_identify(&fake->image, &fake->symbols, out_layout, out_identity);
}

static const char *version_string(const struct rl_glibc_layout *row)
{
	static char version[24];
	snprintf(version, sizeof(version), "%d.%d", row->release / 100, row->release % 100);
	return version;
}

static bool is_unknown(struct fake *fake)
{
	const struct rl_glibc_layout *found = (const void *)fake;
	struct rl_glibc_identity identity;
	return fake_identify(fake, &found, &identity) == RL_LIBC_UNKNOWN && found == (const void *)fake;
}

/* Every way in which a libc can differ from this row makes it unknown. */
static void row_refusal_check(const struct rl_glibc_layout *row)
{
	static struct fake fake;
	struct rl_glibc_layout other = *row;
	other.global_ro.dl_hwcap2 += 40;
	fake_make(&fake, &other, version_string(row));
	CHECK(is_unknown(&fake));
	other = *row;
	other.global_ro.dl_find_object = row->global_ro.dl_find_object == RL_ABSENT ? 888 : RL_ABSENT;
	fake_make(&fake, &other, version_string(row));
	CHECK(is_unknown(&fake));
	fake_make(&fake, row, version_string(row));
	fake_version(&fake, 3, row->release + 1, NULL);
	CHECK(is_unknown(&fake));
	fake_make(&fake, row, "2.99");
	CHECK(is_unknown(&fake));
	fake_make(&fake, row, "2.36.9000");
	CHECK(is_unknown(&fake));
	fake_make(&fake, row, "a version with too many characters");
	CHECK(is_unknown(&fake));
	if (row->thread_setup == RL_GLIBC_THREADS_BY_LIBPTHREAD)
		return;
	other = *row;
	other.pthread.size += 64;
	fake_make(&fake, &other, version_string(row));
	CHECK(is_unknown(&fake));
	other = *row;
	other.global.dl_stack_user += 24;
	fake_make(&fake, &other, version_string(row));
	CHECK(is_unknown(&fake));
	other = *row;
	other.link_map.l_tls_modid += 16;
	fake_make(&fake, &other, version_string(row));
	CHECK(is_unknown(&fake));
}

static void rows_check(void)
{
	static struct fake fake;
	for (size_t i = 0; i < rl_glibc_layouts_count; i++) {
		const struct rl_glibc_layout *row = &rl_glibc_layouts[i], *found = NULL;
		struct rl_glibc_identity identity;
		if (row->machine != RL_PORT_MACHINE)
			continue;
		fake_make(&fake, row, version_string(row));
		CHECK(fake_identify(&fake, &found, &identity) == RL_OK);
		if (found != row)
			fprintf(stderr, "%s was taken for %s\n", row->label, found == NULL ? "none" : found->label);
		CHECK(found == row);
		CHECK(identity.release == row->release && strcmp(identity.version, version_string(row)) == 0);
		row_refusal_check(row);
	}
}

/* Bytes that are no libc: nothing is found, nothing is read outside. */
static void damage_check(void)
{
	static struct fake fake;
	const struct rl_glibc_layout *row = &rl_glibc_layouts[rl_glibc_layouts_count - 1], *found;
	struct rl_glibc_identity identity;
	fake_make(&fake, row, version_string(row));
	for (uint32_t i = 1; i < fake.symbol_count; i++)
		fake.table[i].st_value = i % 2 != 0 ? MEMORY_SIZE - 3 : (uint64_t)1 << 40;
	CHECK(is_unknown(&fake));
	fake_make(&fake, row, version_string(row));
	for (uint32_t i = 1; i < fake.symbol_count; i++)
		fake.table[i].st_value++;
	CHECK(is_unknown(&fake));
	fake_make(&fake, row, version_string(row));
	for (uint32_t i = 1; i < fake.symbol_count; i++)
		fake.table[i].st_size = 0;
	CHECK(fake_identify(&fake, &found, &identity) == RL_LIBC_UNKNOWN);
	CHECK(identity.hwcap2 == RL_ABSENT && identity.find_object == RL_ABSENT && identity.release == row->release);
	struct rl_symbols nothing = {.bloom = &fake.bloom};
	CHECK(rl_glibc_identify(&fake.image, &nothing, &found, &identity) == RL_LIBC_UNKNOWN);
	CHECK(identity.version == NULL && identity.release == 0 && identity.thread_size == RL_ABSENT);
}

/* ---- The table --------------------------------------------------------------------------------------------------- */

static void info_check(const struct rl_glibc_layout *row)
{
	static const int64_t tags[] = {DT_NULL,     DT_STRTAB,    DT_INIT_ARRAY, 34,           DT_VERSYM,
				       DT_FLAGS_1,  DT_RELACOUNT, DT_VERNEEDNUM, DT_AUXILIARY, DT_FILTER,
				       DT_VALRNGHI, DT_ADDRRNGHI, DT_GNU_HASH};
	bool seen[256] = {false};
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		int index = rl_glibc_info_index(row, tags[i]);
		CHECK(index >= 0 && index < row->link_map.l_info_count && !seen[index]);
		seen[index] = true;
	}
	CHECK(rl_glibc_info_index(row, DT_GNU_HASH) == row->link_map.l_info_count - 1);
	CHECK(rl_glibc_info_index(row, DT_STRTAB) == DT_STRTAB);
	CHECK(rl_glibc_info_index(row, -1) == -1 && rl_glibc_info_index(row, 0x6ffffef4) == -1);
	CHECK(rl_glibc_info_index(row, 100) == -1 && rl_glibc_info_index(row, 0x6000000d) == -1);
	CHECK(row->link_map.l_info + row->link_map.l_info_count * 8 == row->link_map.l_phdr);
}

static void table_check(void)
{
	for (size_t i = 0; i < rl_glibc_layouts_count; i++) {
		const struct rl_glibc_layout *row = &rl_glibc_layouts[i];
		info_check(row);
		CHECK(strlen(row->label) < sizeof(row->label));
		CHECK(row->link_map.l_relro_size < row->link_map.size && row->link_map.size <= RL_GLIBC_MAP_SIZE);
		CHECK(row->global_ro.dl_naudit < row->global_ro.size);
		/* riscv64's libc keeps none. */
		CHECK(row->global_ro.dl_cpu_features == RL_ABSENT
		      || row->global_ro.dl_cpu_features + row->cpu_features.size <= row->global_ro.size);
		CHECK(row->global.ns_count == 16 && row->global.ns_size * 16 == row->global.dl_nns);
		/* Each meaning needs its field. */
		CHECK((row->exception_owner == RL_GLIBC_EXCEPTIONS_IN_LINKER) == (row->release >= 237));
		CHECK((row->clear_tid == RL_GLIBC_CLEAR_JOINSTATE) == (row->release >= 243));
		CHECK((row->rseq_place == RL_GLIBC_RSEQ_PTHREAD) == (row->release >= 235 && row->release <= 240));
		CHECK((row->rseq_place == RL_GLIBC_RSEQ_EXTRA_TLS) == (row->release >= 241));
		CHECK((row->pthread.user_stack == RL_ABSENT) == (row->release >= 242));
		CHECK(row->has_dlfcn_hook == (row->release >= 234));
		CHECK((row->global.dl_tls_static_size == RL_ABSENT)
		      != (row->global_ro.dl_tls_static_size == RL_ABSENT));
	}
}

/* ---- The libc of this machine ------------------------------------------------------------------------------------ */

struct file_map {
	struct rl_image image;
	struct rl_symbols symbols;
	void *start;
	size_t size;
	Elf64_Phdr phdrs[32];
};

/* Map the segments of a library as a linker would, without relocating it. */
static bool file_map(const char *path, struct file_map *out)
{
	int file = open(path, O_RDONLY);
	Elf64_Ehdr header;
	if (file < 0 || pread(file, &header, sizeof(header), 0) != sizeof(header) || header.e_phnum > 32
	    || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_machine != RL_PORT_MACHINE
	    || header.e_ident[EI_CLASS] != RL_PORT_CLASS)
		return false;
	size_t size = header.e_phnum * sizeof(Elf64_Phdr);
	if (pread(file, out->phdrs, size, (off_t)header.e_phoff) != (ssize_t)size)
		return false;
	out->size = 0;
	for (int i = 0; i < header.e_phnum; i++)
		if (out->phdrs[i].p_type == PT_LOAD)
			out->size = (out->phdrs[i].p_vaddr + out->phdrs[i].p_memsz + 4095) & ~(size_t)4095;
	out->start = mmap(NULL, out->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t dynamic_vaddr = 0;
	for (int i = 0; i < header.e_phnum; i++) {
		const Elf64_Phdr *phdr = &out->phdrs[i];
		if (phdr->p_type == PT_LOAD
		    && pread(file, (char *)out->start + phdr->p_vaddr, phdr->p_filesz, (off_t)phdr->p_offset)
			       != (ssize_t)phdr->p_filesz)
			return false;
		if (phdr->p_type == PT_DYNAMIC)
			dynamic_vaddr = phdr->p_vaddr;
	}
	close(file);
	out->image = rl_image_make((uintptr_t)out->start, out->phdrs, header.e_phnum);
	struct rl_dynamic dynamic;
	struct rl_version_table table;
	if (rl_dynamic_read(&out->image, dynamic_vaddr, &dynamic) != RL_OK
	    || rl_symbols_read(&dynamic, &out->symbols) != RL_OK
	    || rl_versions_read(&out->image, &dynamic, &table) != RL_OK)
		return false;
	out->symbols.versions = table.versions;
	out->symbols.version_count = table.count;
	return true;
}

static void file_unmap(struct file_map *map)
{
	rl_heap_give(map->symbols.versions);
	munmap(map->start, map->size);
}

static void identity_print(const char *path, const struct rl_glibc_identity *identity, const char *label)
{
	printf("%s: version %s%s, thread %d, stack_user %d, tls_modid %d, hwcap2 %d, find_object %d: %s\n", path,
	       identity->version == NULL ? "none" : identity->version,
	       identity->versions_agree ? "" : " with symbol versions of another release", identity->thread_size,
	       identity->stack_user, identity->tls_modid, identity->hwcap2, identity->find_object, label);
}

static uintptr_t word_at(const void *base, uint16_t offset)
{
	uintptr_t word;
	memcpy(&word, (const char *)base + offset, sizeof(word));
	return word;
}

/* What the linker of this very process wrote is what the row says is there. */
static void process_check(const struct rl_glibc_layout *row)
{
	const char *global = dlsym(RTLD_DEFAULT, "_rtld_global"), *ro = dlsym(RTLD_DEFAULT, "_rtld_global_ro");
	const struct link_map *program = dlopen(NULL, RTLD_NOW);
	CHECK(global != NULL && ro != NULL && program != NULL);
	if (global == NULL || ro == NULL || program == NULL)
		return;
	CHECK(word_at(ro, row->global_ro.dl_pagesize) == getauxval(AT_PAGESZ));
	CHECK(word_at(ro, row->global_ro.dl_hwcap2) == getauxval(AT_HWCAP2));
	CHECK(word_at(global, row->global.ns_loaded) == (uintptr_t)program);
	CHECK(word_at(global, row->global.dl_nns) == 1);
	CHECK(word_at(global, row->global.dl_load_adds) >= 4 && word_at(global, row->global.dl_load_adds) < 100);
	CHECK(word_at(program, row->link_map.l_real) == (uintptr_t)program);
	CHECK(word_at(program, row->link_map.l_phdr) == getauxval(AT_PHDR));
	CHECK(word_at(program, row->link_map.l_entry) == getauxval(AT_ENTRY));
	CHECK((uint16_t)word_at(program, row->link_map.l_phnum) == getauxval(AT_PHNUM));
	static const int64_t tags[] = {DT_STRTAB, DT_INIT_ARRAY, DT_GNU_HASH, DT_VERSYM, DT_RELACOUNT, DT_DEBUG};
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		uint16_t place = (uint16_t)(row->link_map.l_info + 8 * rl_glibc_info_index(row, tags[i]));
		const Elf64_Dyn *entry = (const void *)word_at(program, place);
		CHECK(entry != NULL && entry->d_tag == tags[i]);
	}
	if (row->thread_setup == RL_GLIBC_THREADS_BY_LINKER) {
		const char *thread = (const char *)rl_port_thread_pointer() - (RL_TLS_BELOW_TP ? 0 : row->pthread.size);
		CHECK((pid_t)word_at(thread, row->pthread.tid) == getpid());
		CHECK(word_at(thread, row->pthread.specific) == (uintptr_t)thread + row->pthread.specific_1stblock);
		CHECK(word_at(thread, row->pthread.robust_prev) == (uintptr_t)thread + row->pthread.robust_head);
		CHECK(word_at(global, row->global.dl_stack_user) == (uintptr_t)thread + row->pthread.list);
	}
}

static void machine_check(void)
{
	static struct file_map map;
	Dl_info info;
	struct rl_glibc_identity identity;
	const struct rl_glibc_layout *found = NULL;
	CHECK(dladdr(dlsym(RTLD_DEFAULT, "gnu_get_libc_version"), &info) != 0 && file_map(info.dli_fname, &map));
	if (check_failures != 0)
		return;
	enum rl_status status = rl_glibc_identify(&map.image, &map.symbols, &found, &identity);
	identity_print(info.dli_fname, &identity, status == RL_OK ? found->label : "unknown");
	CHECK(status == RL_OK);
	CHECK(identity.version != NULL && strcmp(identity.version, gnu_get_libc_version()) == 0);
	if (status == RL_OK)
		process_check(found);
	/* The way to the version that older releases need. */
	int64_t distance;
	const char *code = dlsym(RTLD_DEFAULT, "gnu_get_libc_version");
	CHECK(rl_port_code_address(code, 32, &distance) && strcmp(code + distance, gnu_get_libc_version()) == 0);
	file_unmap(&map);
}

int main(int argc, char **argv)
{
	static struct file_map map;
	for (int i = 1; i < argc; i++) {
		struct rl_glibc_identity identity;
		const struct rl_glibc_layout *found = NULL;
		if (!file_map(argv[i], &map)) {
			fprintf(stderr, "%s: not a library of this machine\n", argv[i]);
			return 1;
		}
		if (rl_glibc_identify(&map.image, &map.symbols, &found, &identity) != RL_OK)
			check_failures++;
		identity_print(argv[i], &identity, found == NULL ? "unknown" : found->label);
		file_unmap(&map);
	}
	if (argc == 1) {
		table_check();
		rows_check();
		damage_check();
		machine_check();
	}
	return check_result();
}
