/* What a module can be made of and how it is decided about: images that are mapped already, weak handles, handles that
 * were given back, plans for single modules, thread-local variables that the caller keeps. */
#include <pthread.h>
#include <sys/mman.h>

#include "check.h"

/* ---- An image that is mapped already ------------------------------------------------------------------------------ */

static char *image_map(const char *path, Elf64_Phdr *phdrs, size_t *out_count, size_t *out_size)
{
	Elf64_Ehdr header;
	size_t size = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	NEED(fd >= 0 && pread(fd, &header, sizeof header, 0) == sizeof header && header.e_phnum <= 16);
	NEED(pread(fd, phdrs, header.e_phnum * sizeof *phdrs, (off_t)header.e_phoff) > 0);
	for (size_t i = 0; i < header.e_phnum; i++)
		if (phdrs[i].p_type == PT_LOAD)
			size = phdrs[i].p_vaddr + phdrs[i].p_memsz;
	size = (size + 4095) & ~(size_t)4095;
	char *image = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	NEED(image != MAP_FAILED);
	for (size_t i = 0; i < header.e_phnum; i++) {
		const Elf64_Phdr *phdr = &phdrs[i];
		if (phdr->p_type != PT_LOAD)
			continue;
		NEED(pread(fd, image + phdr->p_vaddr, phdr->p_filesz, (off_t)phdr->p_offset) == (ssize_t)phdr->p_filesz);
		uintptr_t start = phdr->p_vaddr & ~(uintptr_t)4095;
		int protection = PROT_READ | (phdr->p_flags & PF_W ? PROT_WRITE : 0) | (phdr->p_flags & PF_X ? PROT_EXEC : 0);
		NEED(mprotect(image + start, phdr->p_vaddr + phdr->p_memsz - start, protection) == 0);
	}
	close(fd);
	*out_count = header.e_phnum;
	*out_size = size;
	return image;
}

static void mapped_check(void)
{
	Elf64_Phdr phdrs[16];
	size_t count, size;
	relink_context *context = check_context(0);
	relink_module *module = NULL, *other = NULL;
	relink_error error;
	char *image = image_map("libmapped.so", phdrs, &count, &size);
	relink_mapped mapped = {"/in/memory/libmapped.so", (uintptr_t)image, phdrs, count, 0};
	relink_info info;
	NEED(relink_search_directory(context, ".") == RELINK_OK);
	NEED(relink_load_mapped(context, &mapped, NULL, &module, &error) == RELINK_OK);
	CHECK(check_call(module, "mapped") == 20 + 5);
	relink_get_info(module, &info);
	CHECK(info.bias == mapped.bias && strcmp(info.name, "libmapped.so") == 0 && info.dependency_count >= 1
	      && info.kind == RELINK_LIBRARY && info.is_initialized && !info.is_permanent);
	CHECK((other = relink_module_at(image)) == module);
	relink_unref(other);
	int *fini_count = RELINK_GET(module, int *, "fini_count");
	CHECK(*fini_count == 0);
	relink_unref(module);
	CHECK(*fini_count == 1 && relink_module_at(image) == NULL);
	CHECK(!check_is_mapped("libhelp.so"));
	munmap(image, size);

	/* What it needs is missing: nothing changes, and the memory is the caller's. */
	image = image_map("libmapped.so", phdrs, &count, &size);
	mapped.bias = (uintptr_t)image;
	relink_context *empty = check_context(0);
	CHECK(relink_load_mapped(empty, &mapped, NULL, &module, &error) == RELINK_E_LINK_DEPENDENCY);
	CHECK(strcmp(error.file, "libhelp.so") == 0 && memcmp(image, ELFMAG, SELFMAG) == 0);
	mapped.program_header_count = 0;
	CHECK(relink_load_mapped(empty, &mapped, NULL, &module, &error) == RELINK_E_PHDR_NONE);
	munmap(image, size);
	relink_context_free(empty);
	relink_context_free(context);
}

/* ---- Handles ------------------------------------------------------------------------------------------------------- */

static void weak_check(void)
{
	relink_context *context = check_context(RELINK_KEEP_HANDLES);
	NEED(relink_search_directory(context, ".") == RELINK_OK);
	relink_module *user = check_load(context, "./libuser.so", 0);
	relink_module *help = relink_dependency(user, 0), *again;
	relink_weak *weak = relink_weak_new(help), *second = relink_weak_new(user), *third = relink_weak_new(help);
	NEED(weak != NULL && second != NULL && third != NULL && relink_weak_new(NULL) == NULL);
	relink_weak_free(third);
	relink_unref(help);
	/* The module stays for its user's sake, and can be reached. */
	again = relink_weak_get(weak);
	NEED(again != NULL);
	CHECK(check_call(again, "help") == 5 && again != help);
	/* Every later use of a handle that was given back is noticed. */
	CHECK(relink_get(help, "help") == NULL && relink_initialize(help) == RELINK_E_HANDLE
	      && relink_make_global(help, NULL) == RELINK_E_HANDLE);
	relink_unref(again);
	relink_unref(user);
	CHECK(relink_weak_get(weak) == NULL && relink_weak_get(second) == NULL && !check_is_mapped("libhelp.so"));
	CHECK(relink_get(user, "use") == NULL && relink_get(again, "help") == NULL);
	relink_weak_free(weak);
	relink_weak_free(second);
	relink_context_free(context);
}

static relink_weak *shared_weak;

static void *weak_run(void *unused)
{
	(void)unused;
	for (int i = 0; i < 3000; i++) {
		relink_module *module = relink_weak_get(shared_weak);
		if (module != NULL)
			CHECK(check_call(module, "help") == 5);
		relink_unref(module);
	}
	return NULL;
}

static void weak_threads(void)
{
	relink_context *context = check_context(0);
	pthread_t threads[4];
	relink_module *module = check_load(context, "./libhelp.so", 0);
	shared_weak = relink_weak_new(module);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, weak_run, NULL);
	relink_unref(module);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	CHECK(relink_weak_get(shared_weak) == NULL && !check_is_mapped("libhelp.so"));
	relink_weak_free(shared_weak);
	relink_context_free(context);
}

/* ---- Plans --------------------------------------------------------------------------------------------------------- */

static struct planned {
	relink_module *first;
	int binding;
	const char *refuses;
	int asked;
} planned;

static int plan_make(void *user, const relink_info *info, relink_plan *plan)
{
	struct planned *what = user;
	what->asked++;
	if (what->refuses != NULL && strcmp(info->name, what->refuses) == 0)
		return 1;
	if (strcmp(info->name, "libuser.so") != 0)
		return 0;
	plan->binding = what->binding;
	plan->scope = &what->first;
	plan->scope_count = what->first != NULL;
	return 0;
}

static int is_lazy(relink_module *module)
{
	relink_info info;
	relink_get_info(module, &info);
	return info.is_lazy;
}

static void plan_check(void)
{
	relink_context *context = check_context(0);
	relink_hooks hooks = {.plan = plan_make};
	relink_error error;
	NEED(relink_search_directory(context, ".") == RELINK_OK && relink_set_hooks(context, &hooks, &planned) == RELINK_OK);
	relink_module *module = check_load(context, "./libuser.so", RELINK_LAZY);
	CHECK(check_call(module, "use") == 6 && is_lazy(module) && planned.asked == 2);
	relink_unref(module);
	planned.binding = 1;
	module = check_load(context, "./libuser.so", RELINK_LAZY);
	relink_module *help = relink_dependency(module, 0);
	CHECK(!is_lazy(module) && is_lazy(help));
	relink_unref(help);
	relink_unref(module);
	planned.binding = 2;
	planned.first = check_load(context, "./libother.so", 0);
	module = check_load(context, "./libuser.so", 0);
	CHECK(is_lazy(module) && check_call(module, "use") == 101);
	/* The planned module stays, and serves nobody else. */
	relink_unref(planned.first);
	CHECK(check_is_mapped("libother.so") && check_call(module, "use") == 101);
	help = relink_dependency(module, 0);
	CHECK(check_call(help, "twice_help") == 10);
	relink_unref(help);
	relink_unref(module);
	CHECK(!check_is_mapped("libother.so"));
	planned = (struct planned){.refuses = "libhelp.so"};
	relink_input input = relink_path("./libuser.so");
	CHECK(check_refused(context, &input, 0, &error) == RELINK_E_REFUSED && strstr(error.file, "libhelp.so") != NULL);
	CHECK(!check_is_mapped("libuser.so"));
	relink_context_free(context);
}

/* ---- Thread-local variables ---------------------------------------------------------------------------------------- */

static __thread struct {
	_Alignas(64) char bytes[4096];
	int is_filled;
} own_block;
static int asked_blocks;

static void *block_give(void *user, const relink_thread_block *block)
{
	CHECK(user == &asked_blocks && block->size <= sizeof own_block.bytes && block->align <= 64);
	__atomic_fetch_add(&asked_blocks, 1, __ATOMIC_RELAXED);
	if (!own_block.is_filled)
		memcpy(own_block.bytes, block->image, block->image_size);
	own_block.is_filled = 1;
	return own_block.bytes;
}

static void *count_run(void *module)
{
	int (*next)(void) = RELINK_GET((relink_module *)module, int (*)(void), "next");
	CHECK(next() == 41 && next() == 42);
	int *variable = relink_get(module, "counter");
	CHECK((char *)variable >= own_block.bytes && (char *)variable < own_block.bytes + sizeof own_block.bytes);
	CHECK(*variable == 42);
	own_block.is_filled = 0;
	return NULL;
}

static void thread_check(const char *flags)
{
	relink_context *context = check_context(0);
	pthread_t thread;
	check_library("libthread.so", "__thread char pad[100]; __thread int counter = 40; int next(void) { return ++counter; }",
		      flags);
	asked_blocks = 0;
	NEED(relink_resolve_threads(context, block_give, &asked_blocks) == RELINK_OK);
	relink_module *module = check_load(context, "./libthread.so", 0);
	count_run(module);
	pthread_create(&thread, NULL, count_run, module);
	pthread_join(thread, NULL);
	CHECK(asked_blocks >= 6);
	relink_unref(module);
	relink_context_free(context);
}

int main(void)
{
	check_begin();
	check_library("libhelp.so", "int help(void) { return 5; } int twice_help(void) { return 2 * help(); }", "-Wl,-z,lazy");
	check_library("libother.so", "int help(void) { return 100; }", "");
	check_library("libuser.so", "int help(void); int use(void) { return help() + 1; }", "-Wl,-z,lazy -lhelp");
	check_library("libmapped.so",
		      "int help(void); static int value = 20, *pointer = &value; int fini_count;"
		      "__attribute__((constructor)) static void start(void) { *pointer += 0; }"
		      "__attribute__((destructor)) static void stop(void) { fini_count++; }"
		      "int mapped(void) { return *pointer + help(); }",
		      "-lhelp");
	mapped_check();
	weak_check();
	weak_threads();
	plan_check();
	thread_check("");
	thread_check("-mtls-dialect=gnu2");
	return check_end();
}
