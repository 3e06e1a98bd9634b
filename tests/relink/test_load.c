/* Inputs, kinds, errors, isolation, unloading: what loads, what does not, and what is left afterwards. */
#include <errno.h>
#include <sys/mman.h>

#include "check.h"

static void *bytes;
static size_t bytes_size;

static void file_read(const char *path)
{
	struct stat info;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	NEED(fd >= 0 && fstat(fd, &info) == 0);
	bytes_size = (size_t)info.st_size;
	bytes = realloc(bytes, bytes_size);
	NEED(read(fd, bytes, bytes_size) == (ssize_t)bytes_size);
	close(fd);
}

static void fixtures_make(void)
{
	check_library("libbase.so", "int base = 1; int base_get(void) { return base; } void base_set(int v) { base = v; }",
		      "");
	check_library("libtop.so", "int base_get(void); int top(void) { return base_get() + 10; } char zero[70000];",
		      "-lbase -Wl,-rpath,'$ORIGIN'");
	check_library("liblost.so", "int gone(void); int lost(void) { return gone(); }",
		      "-Wl,--unresolved-symbols=ignore-all");
	check_library("libgone.so", "int gone(void) { return 5; }", "");
	check_library("libneeds.so", "int gone(void); int needs(void) { return gone(); }", "-lgone");
	check_build("cc", "c", "prog", "int main(void) { return 0; }", "-fPIE -pie");
	check_build("cc", "c", "fixed", "int main(void) { return 0; }", "-no-pie -Wl,-Ttext-segment=0x6800000");
}

static int read_slowly(void *user, void *buffer, size_t size, uint64_t offset)
{
	int *calls = user;
	++*calls;
	CHECK(offset + size <= bytes_size);
	memcpy(buffer, (char *)bytes + offset, size);
	return 0;
}

static int read_badly(void *user, void *buffer, size_t size, uint64_t offset)
{
	(void)user, (void)buffer, (void)size;
	if (offset == 0)
		memcpy(buffer, bytes, size);
	return offset == 0 ? 0 : EIO;
}

static void load_expect(relink_context *context, relink_input input)
{
	relink_module *module = NULL;
	relink_error error;
	NEED(relink_load(context, &input, NULL, &module, &error) == RELINK_OK);
	CHECK(check_call(module, "base_get") == 1);
	relink_info info;
	relink_get_info(module, &info);
	CHECK(info.kind == RELINK_LIBRARY && strcmp(info.name, "libbase.so") == 0 && info.is_initialized);
	CHECK(info.map_end > info.map_start && strcmp(info.path, input.name) == 0);
	relink_unref(module);
}

static void inputs_test(void)
{
	int calls = 0;
	relink_context *context = check_context(0);
	file_read("libbase.so");
	load_expect(context, relink_path("./libbase.so"));
	int fd = open("libbase.so", O_RDONLY | O_CLOEXEC), memory = memfd_create("base", MFD_CLOEXEC);
	NEED(write(memory, bytes, bytes_size) == (ssize_t)bytes_size);
	load_expect(context, relink_descriptor("by-descriptor", fd));
	load_expect(context, relink_descriptor("by-memfd", memory));
	CHECK(fcntl(fd, F_GETFD) >= 0);
	close(fd);
	close(memory);
	load_expect(context, relink_bytes("from-memory", bytes, bytes_size));
	load_expect(context, relink_reader("by-callback", bytes_size, read_slowly, &calls));
	CHECK(calls > 3);

	relink_error error;
	relink_input bad = relink_reader("bad", bytes_size, read_badly, NULL);
	CHECK(check_refused(context, &bad, 0, &error) == RELINK_E_IO_READ && error.error_number == EIO);
	bad = relink_path("./none.so");
	CHECK(check_refused(context, &bad, 0, &error) == RELINK_E_IO_OPEN && error.error_number == ENOENT);
	CHECK(strcmp(error.file, "./none.so") == 0);
	bad = relink_path("/");
	CHECK(check_refused(context, &bad, 0, &error) == RELINK_E_IO_READ && error.error_number == EISDIR);
	bad = relink_descriptor("nothing", -1);
	CHECK(check_refused(context, &bad, 0, &error) == RELINK_E_IO_READ && error.error_number == EBADF);
	relink_context_free(context);
}

/* Every prefix of a library is an error, not a crash. */
static void truncated_test(void)
{
	relink_context *context = check_context(0);
	file_read("libbase.so");
	size_t loaded = 0;
	for (size_t size = 0; size < bytes_size; size += size < 5000 ? 13 : 97) {
		char *copy = malloc(size + 1);
		memcpy(copy, bytes, size);
		relink_input input = relink_bytes("cut", copy, size);
		relink_error error;
		loaded += check_refused(context, &input, 0, &error) == RELINK_OK;
		free(copy);
	}
	/* What lies behind the segments (section headers, .symtab) is not needed. */
	CHECK(loaded * 97 < bytes_size / 2);
	relink_context_free(context);
}

static void kinds_test(void)
{
	relink_context *context = check_context(0);
	relink_error error;
	relink_info info;
	relink_input library = relink_path("./libbase.so"), pie = relink_path("./prog"), fixed = relink_path("./fixed");
	relink_input script = relink_path("./libbase.so.c");
	CHECK(check_refused(context, &library, RELINK_ONLY_LIBRARY, &error) == RELINK_OK);
	CHECK(check_refused(context, &library, RELINK_ONLY_EXECUTABLE, &error) == RELINK_E_KIND);
	CHECK(check_refused(context, &pie, RELINK_ONLY_LIBRARY, &error) == RELINK_E_KIND);
	CHECK(check_refused(context, &pie, RELINK_ONLY_EXECUTABLE | RELINK_DEFER_INIT, &error) == RELINK_OK);
	CHECK(check_refused(context, &script, 0, &error) == RELINK_E_EHDR_MAGIC);
	relink_module *module = check_load(context, "./fixed", RELINK_ONLY_EXECUTABLE | RELINK_DEFER_INIT);
	relink_get_info(module, &info);
	CHECK(info.kind == RELINK_EXECUTABLE && info.bias == 0 && info.map_start == 0x6800000);
	CHECK(info.entry > info.map_start && info.entry < info.map_end && !info.is_initialized);
	/* Its addresses are taken now. */
	CHECK(check_refused(context, &fixed, RELINK_COPY | RELINK_DEFER_INIT, &error) == RELINK_E_MAP);
	CHECK(error.error_number == EEXIST);
	relink_unref(module);
	relink_context_free(context);
}

static void isolation_test(void)
{
	relink_context *one = check_context(0), *other = check_context(0);
	relink_module *a = check_load(one, "./libtop.so", 0), *b = check_load(other, "./libtop.so", 0);
	relink_module *same = check_load(one, "./libtop.so", 0), *copy = check_load(one, "./libtop.so", RELINK_COPY);
	CHECK(a == same && a != b && a != copy && relink_get(a, "top") != relink_get(copy, "top"));
	((void (*)(int))relink_find(b, "base_set"))(5);
	CHECK(check_call(a, "top") == 11 && check_call(b, "top") == 15 && check_call(copy, "top") == 11);
	CHECK(relink_get(a, "base_get") == NULL); /* it is not its own */
	relink_module *base = relink_dependency(a, 0);
	CHECK(base != NULL && relink_get(base, "base_get") == relink_find(a, "base_get"));
	CHECK(relink_module_named(one, "libbase.so") == base);
	relink_unref(base);
	relink_module *at = relink_module_at(relink_get(b, "top"));
	CHECK(at == b);
	relink_unref(at);
	relink_unref(a);
	relink_unref(b);
	relink_unref(copy);
	CHECK(check_is_mapped("libtop.so"));
	relink_unref(same);
	CHECK(!check_is_mapped("libtop.so") && check_is_mapped("libbase.so")); /* its handle is still out */
	relink_unref(base);
	CHECK(!check_is_mapped("libbase.so"));
	CHECK(relink_get(base, "base_get") == NULL); /* a handle that was given back finds nothing */
	relink_context_free(one);
	relink_context_free(other);
}

static void failure_test(void)
{
	relink_context *context = check_context(0);
	relink_error error;
	char text[600];
	relink_input lost = relink_path("./liblost.so"), needs = relink_path("./libneeds.so");
	CHECK(check_refused(context, &lost, 0, &error) == RELINK_E_REL_SYMBOL);
	CHECK(strcmp(error.symbol, "gone") == 0 && strcmp(error.file, "./liblost.so") == 0);
	CHECK(relink_error_format(&error, text, sizeof text) == strlen(text));
	CHECK(strcmp(text, "./liblost.so: undefined symbol: gone") == 0);
	CHECK(check_refused(context, &needs, 0, &error) == RELINK_E_LINK_DEPENDENCY);
	CHECK(strcmp(error.file, "libgone.so") == 0 && strcmp(error.requester, "./libneeds.so") == 0);
	relink_error_format(&error, text, sizeof text);
	CHECK(strcmp(text, "libgone.so: dependency not found: No such file or directory (needed by ./libneeds.so)") == 0);
	CHECK(!check_is_mapped("libneeds.so") && !check_is_mapped("liblost.so"));
	/* A directory makes it whole. */
	CHECK(relink_search_directory(context, "/nowhere:$ORIGIN") == RELINK_OK);
	relink_module *module = check_load(context, "./libneeds.so", 0);
	CHECK(check_call(module, "needs") == 5);
	relink_unref(module);
	relink_module *none = NULL;
	CHECK(relink_open(context, "libnowhere.so", NULL, &none, &error) == RELINK_E_IO_OPEN && none == NULL);
	CHECK(relink_load(NULL, &lost, NULL, &none, &error) == RELINK_E_ARGUMENT);
	for (int i = 0; i < RELINK_STATUS_COUNT; i++) {
		CHECK(strncmp(relink_status_name((relink_status)i), "RELINK_", 7) == 0);
		CHECK(i == RELINK_E_INTERNAL || strcmp(relink_status_text((relink_status)i), "unexpected failure") != 0);
	}
	relink_context_free(context);
}

/* The process's libraries serve, and the same handle means the same library. */
static void host_test(void)
{
	relink_context *context = check_context(0), *none = check_context(RELINK_HOST_NONE);
	relink_module *libc = NULL;
	relink_error error;
	relink_info info;
	NEED(relink_open(context, "libc.so.6", NULL, &libc, &error) == RELINK_OK);
	relink_get_info(libc, &info);
	CHECK(info.kind == RELINK_HOST && info.is_permanent);
	CHECK(relink_get(libc, "getpid") == dlsym(RTLD_DEFAULT, "getpid"));
	CHECK(RELINK_GET_AS(libc, strlen)("four") == 4); /* IFUNC */
	CHECK(relink_get_version(libc, "memcpy", "GLIBC_2.2.5") == dlvsym(RTLD_DEFAULT, "memcpy", "GLIBC_2.2.5"));
	CHECK(relink_get_version(libc, "memcpy", "GLIBC_2.14") == dlvsym(RTLD_DEFAULT, "memcpy", "GLIBC_2.14"));
	CHECK(relink_get_version(libc, "memcpy", "GLIBC_9.9") == NULL);
	errno = 77;
	CHECK(*(int *)relink_get_version(libc, "errno", "GLIBC_PRIVATE") == 77);
	relink_unref(libc);
	libc = NULL;
	CHECK(relink_open(none, "libc.so.6", NULL, &libc, &error) == RELINK_E_IO_OPEN && libc == NULL);
	relink_context_free(context);
	relink_context_free(none);
}

int main(void)
{
	check_begin();
	fixtures_make();
	inputs_test();
	truncated_test();
	kinds_test();
	isolation_test();
	failure_test();
	host_test();
	free(bytes);
	return check_end();
}
