/* The fuzzing targets, in every run: over the corpus, and over mutations of small libraries that are the same each
 * time. RELINK_FUZZ_COUNT sets the mutations of each library, RELINK_FUZZ_SEED another sequence; what failed is left
 * in the file fuzz-last of the working folder's temporary place, which the report names. */
#define _GNU_SOURCE
#include "../fuzz/header.c"
#include "../fuzz/loader.c"
#include "../fuzz/readers.c"

#include <dirent.h>
#include <signal.h>
#include <sanitizer/common_interface_defs.h>

unsigned long fuzz_accepted;

enum { HEAD_SIZE = 24 * 1024, FILE_LIMIT = 1 << 20 };

static unsigned char current[FILE_LIMIT];
static size_t current_size;

/* Keep the input that ends the process. */
static void death(void)
{
	char path[128];
	snprintf(path, sizeof path, "%s/fuzz-last", P_tmpdir);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd >= 0 && write(fd, current, current_size) == (ssize_t)current_size)
		dprintf(2, "the input is in %s\n", path);
}

static void on_alarm(int number)
{
	(void)number;
	dprintf(2, "no end\n");
	death();
	_exit(1);
}

static void run_one(void)
{
	alarm(5);
	fuzz_header(current, current_size);
	fuzz_readers(current, current_size);
	fuzz_loader(current, current_size);
	alarm(0);
}

static size_t file_read(const char *path, unsigned char *bytes)
{
	FILE *file = fopen(path, "rb");
	NEED(file != NULL);
	size_t size = fread(bytes, 1, FILE_LIMIT, file);
	fclose(file);
	return size;
}

static unsigned corpus_run(const char *folder)
{
	DIR *directory = opendir(folder);
	NEED(directory != NULL);
	unsigned count = 0;
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		char path[1024];
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		current_size = file_read(path, current);
		run_one();
		count++;
	}
	closedir(directory);
	return count;
}

/* Where a loader looks: the header, the program headers, the dynamic section, else anywhere in the first part. */
static size_t place_choose(uint64_t *state, const unsigned char *original, size_t size)
{
	Elf64_Ehdr header;
	Elf64_Phdr phdr;
	memcpy(&header, original, sizeof header);
	unsigned kind = random_step(state) % 8;
	if (kind == 0)
		return random_step(state) % sizeof header;
	if (kind <= 3)
		return header.e_phoff + random_step(state) % (header.e_phnum * sizeof phdr);
	for (unsigned i = 0; kind <= 5 && i < header.e_phnum; i++) {
		memcpy(&phdr, original + header.e_phoff + i * sizeof phdr, sizeof phdr);
		if (phdr.p_type == PT_DYNAMIC)
			return phdr.p_offset + random_step(state) % phdr.p_filesz;
	}
	return random_step(state) % (size < HEAD_SIZE ? size : HEAD_SIZE);
}

static void mutate(uint64_t *state, const unsigned char *original, size_t size)
{
	static const uint64_t evil[] = {0,
					1,
					8,
					0xfff,
					0x1000,
					0x7fffffff,
					0x80000000,
					0xffffffff,
					(uint64_t)1 << 62,
					INT64_MAX,
					(uint64_t)1 << 63,
					-(uint64_t)4096,
					UINT64_MAX};
	for (unsigned left = 1 + random_step(state) % 3; left != 0; left--) {
		size_t width = (size_t)1 << random_step(state) % 4;
		size_t at = place_choose(state, original, size);
		if (random_step(state) % 4 != 0)
			at &= -width;
		uint64_t value = 0;
		if (at + width > size)
			continue;
		memcpy(&value, current + at, width);
		switch (random_step(state) % 5) {
		case 0:
			value = evil[random_step(state) % (sizeof evil / sizeof *evil)];
			break;
		case 1:
			value += random_step(state) % 129 - 64;
			break;
		case 2:
			value ^= (uint64_t)1 << random_step(state) % (8 * width);
			break;
		case 3:
			value = random_step(state) % size;
			break;
		default:
			value = (uint64_t)random_step(state) << 32 | random_step(state);
		}
		memcpy(current + at, &value, width);
	}
	if (random_step(state) % 16 == 0)
		current_size = random_step(state) % size;
}

static void library_run(const char *name, unsigned count, uint64_t seed)
{
	static unsigned char original[FILE_LIMIT];
	char path[256];
	snprintf(path, sizeof path, "%s/%s", stub_folder, name);
	size_t size = file_read(path, original);
	uint64_t state = seed;
	unsigned long before = fuzz_accepted;
	memcpy(current, original, size);
	current_size = size;
	run_one();
	CHECK(fuzz_accepted - before >= 2); /* whole, it is accepted */
	before = fuzz_accepted;
	for (unsigned i = 0; i < count; i++) {
		memcpy(current, original, size);
		current_size = size;
		mutate(&state, original, size);
		run_one();
	}
	CHECK(count < 100 || fuzz_accepted - before > count / 4);
}

#define SEED_SOURCE                                                                                                    \
	"extern int missing(void) __attribute__((weak)); int seed_data = 4; int *seed_pointer = &seed_data;\n"         \
	"static int quiet[600]; void *table[] = {&seed_pointer, quiet, &quiet[7], missing};\n"                         \
	"int seed_old(void) { return 1; } int seed_call(void) { return missing ? missing() : *seed_pointer; }\n"       \
	"__attribute__((constructor)) static void begin(void) { quiet[1] = 2; }\n"

static void libraries_build(void)
{
	char path[128];
	snprintf(path, sizeof path, "%s/seed.map", stub_folder);
	FILE *file = fopen(path, "w");
	NEED(file != NULL);
	fputs("SEED_1 { global: seed_old; }; SEED_2 { global: seed_*; local: *; } SEED_1;\n", file);
	fclose(file);
	stub_library("libplain.so", SEED_SOURCE, "-Wl,--hash-style=gnu");
	stub_library("libsysv.so", SEED_SOURCE, "-Wl,--hash-style=sysv -Wl,-z,norelro -Wl,-z,noseparate-code");
	stub_library("libversions.so", SEED_SOURCE, "-Wl,--hash-style=both -Wl,--version-script=seed.map");
	stub_library("librelr.so", SEED_SOURCE, "-Wl,-z,pack-relative-relocs -Wl,-z,now");
	stub_library("libtext.so",
		     SEED_SOURCE "__asm__(\".section .text; .globl place; place: .quad seed_data; .quad place\");",
		     "-Wl,-z,notext");
}

int main(void)
{
	const char *count_text = getenv("RELINK_FUZZ_COUNT"), *seed_text = getenv("RELINK_FUZZ_SEED");
	unsigned count = count_text != NULL ? (unsigned)atoi(count_text) : 2000;
	uint64_t seed = seed_text != NULL ? (uint64_t)atoi(seed_text) : 1;
	char corpus[512];
	snprintf(corpus, sizeof corpus, "%.*s/../fuzz/corpus", (int)(strrchr(__FILE__, '/') - __FILE__), __FILE__);
	__sanitizer_set_death_callback(death);
	signal(SIGALRM, on_alarm);
	stub_folder_make();
	libraries_build();
	CHECK(corpus_run(corpus) >= 3);
	static const char *const names[] = {"libplain.so", "libsysv.so", "libversions.so", "librelr.so", "libtext.so"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		library_run(names[i], count, seed * 1000 + i);
	stub_folder_drop();
	return check_result();
}
