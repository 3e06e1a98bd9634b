/* Images as data, on this machine: one that is for this CPU is loaded through callbacks alone and really called; failures
 * of each callback give everything back; damaged files of several CPUs never make it read outside. */
#include <sys/mman.h>

#include "check.h"

enum { PAGE = 4096 };

static struct machine {
	int maps, blocks; /* in use */
	int fails_after;  /* calls that may fail until one does; -1: none */
	int protects;
} machine = {.fails_after = -1};

static int fails(struct machine *m)
{
	return m->fails_after >= 0 && m->fails_after-- == 0;
}

static int map(void *user, uint64_t address, uint64_t size, uint64_t align, void **out_memory, uint64_t *out_address)
{
	struct machine *m = user;
	if (fails(m) || align > PAGE || size > 1 << 26)
		return 1;
	void *memory = mmap((void *)(uintptr_t)address, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return 1;
	m->maps++;
	*out_memory = memory;
	*out_address = (uintptr_t)memory;
	return 0;
}

static void unmap(void *user, void *memory, uint64_t size)
{
	((struct machine *)user)->maps--;
	munmap(memory, size);
}

static void *allocate(void *user, size_t size)
{
	struct machine *m = user;
	void *block = fails(m) ? NULL : malloc(size);
	m->blocks += block != NULL;
	return block;
}

static void release(void *user, void *block, size_t size)
{
	(void)size;
	((struct machine *)user)->blocks--;
	free(block);
}

static int protect(void *user, void *memory, uint64_t address, uint64_t size, unsigned flags)
{
	struct machine *m = user;
	CHECK((uintptr_t)memory == address && size % PAGE == 0);
	m->protects++;
	return fails(m) || mprotect(memory, size, (flags & PF_R ? PROT_READ : 0) | (flags & PF_W ? PROT_WRITE : 0)
						  | (flags & PF_X ? PROT_EXEC : 0)) != 0;
}

static int host_seven(void)
{
	return 7;
}

static int symbol(void *user, const char *name, uint64_t *out_address)
{
	(void)user;
	*out_address = (uintptr_t)host_seven;
	return strcmp(name, "seven") != 0;
}

static int ifunc(void *user, const relink_image *image, uint64_t resolver, uint64_t *out_address)
{
	(void)user, (void)image;
	*out_address = (uintptr_t)((void *(*)(void))(uintptr_t)resolver)();
	return 0;
}

static relink_backend backend = {PAGE, &machine, map, unmap, allocate, release, protect, symbol, ifunc, NULL};

static relink_input file_input(const char *path, char *bytes, size_t limit)
{
	FILE *file = fopen(path, "r");
	NEED(file != NULL);
	size_t size = fread(bytes, 1, limit, file);
	fclose(file);
	return relink_bytes(path, bytes, size);
}

static relink_status run(const relink_input *first, const relink_input *second, int (**out_call)(void), relink_image **images,
			 relink_error *error)
{
	uint64_t address = 0;
	relink_status status = relink_image_new(&backend, first, &images[0], error);
	if (status == RELINK_OK)
		status = relink_image_new(&backend, second, &images[1], error);
	for (int i = 0; i < 2 && status == RELINK_OK; i++)
		status = relink_image_link(images[i], images, 2, error);
	if (status == RELINK_OK && relink_image_find(images[1], "call", &address))
		*out_call = (int (*)(void))(uintptr_t)address;
	return status;
}

static void native_check(void)
{
	static char low[65536], high[65536];
	relink_input first = file_input("liblow.so", low, sizeof low), second = file_input("libhigh.so", high, sizeof high);
	int (*call)(void) = NULL;
	relink_image *images[2] = {NULL, NULL};
	relink_error error;
	NEED(run(&first, &second, &call, images, &error) == RELINK_OK && call != NULL);
	CHECK(call() == 7 + 3 + 100 && machine.protects >= 6);
	uint64_t address = 1;
	CHECK(!relink_image_find(images[1], "low", &address) && !relink_image_find(images[1], "nothing", &address));
	CHECK(relink_image_link(images[1], images, 2, &error) == RELINK_E_ARGUMENT);
	relink_image_free(images[1]);
	relink_image_free(images[0]);
	CHECK(machine.maps == 0 && machine.blocks == 0);
	for (int i = 0; i < 20; i++) {
		images[0] = images[1] = NULL;
		machine.fails_after = i;
		relink_status status = run(&first, &second, &call, images, &error);
		CHECK(status == RELINK_OK || status == RELINK_E_MEMORY || status == RELINK_E_MAP);
		CHECK(status == RELINK_OK || status == error.status);
		CHECK((status == RELINK_OK) == (i >= 20 - 1 || machine.fails_after >= 0));
		relink_image_free(images[0]);
		relink_image_free(images[1]);
		CHECK(machine.maps == 0 && machine.blocks == 0);
	}
	machine.fails_after = -1;
	backend.symbol = NULL;
	images[0] = images[1] = NULL;
	CHECK(run(&first, &second, &call, images, &error) == RELINK_E_REL_SYMBOL && strcmp(error.symbol, "seven") == 0
	      && strstr(error.file, "libhigh.so") != NULL);
	relink_image_free(images[0]);
	relink_image_free(images[1]);
	backend.symbol = symbol;
}

/* Damaged files: in the head, in the tables behind it, anywhere. */
static void damage_check(const char *path)
{
	static char whole[65536];
	relink_input input = file_input(path, whole, sizeof whole);
	size_t size = (size_t)input.size;
	unsigned random = 7;
	backend.protect = NULL; /* what is damaged is not run */
	backend.ifunc = NULL;
	for (int i = 0; i < 4000; i++) {
		relink_image *image = NULL;
		relink_error error;
		char *bytes = malloc(size);
		memcpy(bytes, whole, size);
		size_t cut = i % 5 == 0 ? size * (size_t)(i / 5) / 800 : size;
		for (int j = 0; j < 3 && i % 5 != 0; j++) {
			random = random * 1103515245 + 12345;
			bytes[(random >> 8) % (i % 3 == 0 ? 600 : i % 3 == 1 ? 3000 : size)] = (char)(random >> 24);
		}
		input = relink_bytes(path, bytes, cut);
		if (relink_image_new(&backend, &input, &image, &error) == RELINK_OK) {
			uint64_t address;
			(void)relink_image_find(image, "call", &address);
			(void)relink_image_link(image, &image, 1, &error);
		}
		relink_image_free(image);
		free(bytes);
	}
	CHECK(machine.maps == 0 && machine.blocks == 0);
	backend.protect = protect;
	backend.ifunc = ifunc;
}

int main(void)
{
	relink_image *image = NULL;
	relink_input input = relink_path("liblow.so");
	relink_error error;
	check_begin();
	check_library("liblow.so", "int value = 3; int low(void) { return value; }", "-nostdlib");
	check_library("libhigh.so",
		      "int low(void); int seven(void); static int kept = 100; int *const places[] = {&kept};"
		      "static int one(void) { return 0; } static void *choose(void) { return (void *)one; }"
		      "int chosen(void) __attribute__((ifunc(\"choose\")));"
		      "int call(void) { return seven() + low() + *places[0] + chosen(); }",
		      "-nostdlib -llow -Wl,--unresolved-symbols=ignore-all");
	native_check();
	damage_check("libhigh.so");
	CHECK(relink_image_new(&backend, &input, &image, &error) == RELINK_E_ARGUMENT);
	input = relink_bytes("text", "#!/bin/sh, which is no ELF file but long enough to have a header of one", 72);
	CHECK(relink_image_new(&backend, &input, &image, &error) == RELINK_E_EHDR_MAGIC && image == NULL);
	return check_end();
}
