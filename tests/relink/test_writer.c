/* F56: libraries that the writer makes are what readelf says they are, and load with us and with the system's dlopen. */
#include "check.h"

#if defined(__x86_64__)
static const unsigned char answer[] = {0xb8, 42, 0, 0, 0, 0xc3};    /* mov $42, %eax; ret */
static const unsigned char twice[] = {0x8d, 0x04, 0x3f, 0xc3};      /* lea (%rdi,%rdi), %eax; ret */
#else
static const uint32_t answer[] = {0x52800540, 0xd65f03c0};          /* mov w0, #42; ret */
static const uint32_t twice[] = {0x0b000000, 0xd65f03c0};           /* add w0, w0, w0; ret */
#endif

static relink_dso *dso_make(const char *soname, size_t page_size, int binds_now, const char *needed)
{
	static const int numbers[] = {1, 2, 3};
	relink_dso *dso = NULL;
	NEED(relink_dso_new(soname, &dso) == RELINK_OK && relink_dso_set(dso, page_size, binds_now) == RELINK_OK);
	CHECK(relink_dso_function(dso, "answer", answer, sizeof answer) == RELINK_OK);
	CHECK(relink_dso_function(dso, "twice", twice, sizeof twice) == RELINK_OK);
	CHECK(relink_dso_variable(dso, "numbers", numbers, sizeof numbers, 1) == RELINK_OK);
	CHECK(relink_dso_variable(dso, "room", NULL, 100, 0) == RELINK_OK);
	if (needed != NULL)
		CHECK(relink_dso_need(dso, needed) == RELINK_OK);
	return dso;
}

static void symbols_check(void *(*find)(void *, const char *), void *handle)
{
	int *numbers = find(handle, "numbers");
	char *room = find(handle, "room");
	NEED(numbers != NULL && room != NULL && find(handle, "answer") != NULL);
	CHECK(((int (*)(void))(uintptr_t)find(handle, "answer"))() == 42);
	CHECK(((int (*)(int))(uintptr_t)find(handle, "twice"))(21) == 42);
	CHECK(numbers[2] == 3 && room[99] == 0 && (room[0] = 5) == 5);
	CHECK(find(handle, "nobody") == NULL);
}

static void *ours(void *module, const char *name)
{
	return relink_get(module, name);
}

static void library_test(relink_context *context, size_t page_size, int binds_now)
{
	const void *bytes;
	size_t size;
	relink_module *module = NULL;
	relink_error error;
	relink_dso *dso = dso_make("libwritten.so", page_size, binds_now, "libc.so.6");
	NEED(relink_dso_write(dso, &bytes, &size) == RELINK_OK);
	relink_input input = relink_bytes("written", bytes, size);
	NEED(relink_load(context, &input, NULL, &module, &error) == RELINK_OK);
	relink_info info;
	relink_get_info(module, &info);
	CHECK(strcmp(info.soname, "libwritten.so") == 0 && info.dependency_count == 1);
	symbols_check(ours, module);
	relink_unref(module);
	FILE *file = fopen("written.so", "w");
	NEED(file != NULL && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
	void *handle = dlopen("./written.so", RTLD_NOW);
	if (handle == NULL)
		fprintf(stderr, "%s\n", dlerror());
	NEED(handle != NULL);
	symbols_check(dlsym, handle);
	dlclose(handle);
	check_command("readelf -dW written.so >d 2>&1 && grep -q 'SONAME.*libwritten.so' d && grep -q 'NEEDED.*libc.so.6' d && ! grep -qi warning d");
	check_command("test $(grep -c BIND_NOW d) = %d && readelf -lW written.so | grep -q 'LOAD.*0x%zx'", binds_now, page_size);
	check_command("readelf -D --symbols written.so | grep -q 'FUNC.*GLOBAL.*twice'");
	relink_dso_free(dso);
}

int main(void)
{
	check_begin();
	relink_context *context = check_context(0);
	library_test(context, 4096, 0);
	library_test(context, 4096, 1);
	library_test(context, 65536, 1);
	relink_dso *dso = dso_make(NULL, 4096, 0, NULL);
	CHECK(relink_dso_set(dso, 4097, 0) == RELINK_E_ARGUMENT && relink_dso_function(dso, "", answer, 1) == RELINK_E_ARGUMENT
	      && relink_dso_function(dso, "f", NULL, 1) == RELINK_E_ARGUMENT);
	relink_dso_free(dso);
	relink_dso_free(NULL);
	relink_context_free(context);
	return check_end();
}
