/* A program that gdb looks at (debugger.py): debugger_host HOW FILE [COPY | wait] loads FILE as HOW says, calls its
 * function, and unloads it; COPY is another librelink.so, which loads FILE, too, by path. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../include/relink.h"

#ifdef OTHER_GENERATOR
/* Another generator of code, whose names are seen by the whole process. */
struct {
	unsigned version, action;
	void *relevant, *first;
} __jit_debug_descriptor = {1, 0, 0, 0};
void __jit_debug_register_code(void);
__attribute__((noinline)) void __jit_debug_register_code(void)
{
	__asm__ volatile("");
}
#endif

static void *bytes_read(const char *path, size_t *out_size)
{
	FILE *file = fopen(path, "rb");
	fseek(file, 0, SEEK_END);
	*out_size = (size_t)ftell(file);
	rewind(file);
	void *bytes = malloc(*out_size);
	if (fread(bytes, 1, *out_size, file) != *out_size)
		exit(2);
	fclose(file);
	return bytes;
}

static int deliver(void *user, void *buffer, size_t size, uint64_t offset)
{
	memcpy(buffer, (const char *)user + offset, size);
	return 0;
}

static relink_input input_make(const char *how, const char *path)
{
	size_t size;
	if (strcmp(how, "path") == 0)
		return relink_path(path);
	if (strcmp(how, "descriptor") == 0)
		return relink_descriptor("has-another-name", open(path, O_RDONLY));
	void *bytes = bytes_read(path, &size);
	return strcmp(how, "bytes") == 0 ? relink_bytes("in-memory", bytes, size)
					 : relink_reader("by-callback", size, deliver, bytes);
}

/* Load with the library that has these two functions. */
static relink_module *load(const relink_input *input, unsigned flags, __typeof__(&relink_context_new) make,
			   __typeof__(&relink_load) load_with)
{
	relink_context *context;
	relink_module *module;
	relink_error error;
	char text[512];
	if (make(flags, &context, &error) == RELINK_OK
	    && load_with(context, input, NULL, &module, &error) == RELINK_OK)
		return module;
	relink_error_format(&error, text, sizeof text);
	puts(text);
	exit(1);
}

static void copy_use(const char *copy, const char *path)
{
	relink_input input = relink_path(path);
	void *library = dlopen(copy, RTLD_NOW | RTLD_LOCAL);
	relink_module *module = load(&input, 0, (__typeof__(&relink_context_new))dlsym(library, "relink_context_new"),
				     (__typeof__(&relink_load))dlsym(library, "relink_load"));
	__typeof__(&relink_get) get = (__typeof__(&relink_get))dlsym(library, "relink_get");
	printf("copy %d\n", get == relink_get ? 0 : ((int (*)(int))(uintptr_t)get(module, "plugin_twice"))(3));
}

void all_is_over(void);
__attribute__((noinline)) void all_is_over(void)
{
	puts("over");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	int waits = argc > 3 && strcmp(argv[3], "wait") == 0;
	relink_input input = input_make(argv[1], argv[2]);
	relink_module *module = load(&input, waits ? RELINK_DEBUGGER : 0, relink_context_new, relink_load);
	if (waits) { /* for a debugger that attaches; bytes of the input are gone by then */
		void *bytes = (void *)(uintptr_t)input.bytes;
		if (bytes != NULL)
			memset(bytes, 0, input.size);
		puts("ready");
		fflush(stdout);
		getchar();
	} else if (argc > 3) {
		copy_use(argv[3], argv[2]);
	}
	printf("%d\n", RELINK_GET(module, int (*)(int), "plugin_twice")(21));
	relink_unref(module);
	all_is_over();
	return 0;
}
