/* A library whose bytes are in memory: a buffer, then a callback that delivers them. */
#include <relink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int deliver(void *user, void *buffer, size_t size, uint64_t offset)
{
	memcpy(buffer, (const char *)user + offset, size); /* a real one would decompress or decrypt */
	return 0;
}

int main(int argc, char **argv)
{
	FILE *file = fopen(argc > 1 ? argv[1] : "libplugin.so", "rb");
	if (file == NULL || fseek(file, 0, SEEK_END) != 0)
		return 1;
	size_t size = (size_t)ftell(file);
	char *bytes = malloc(size);
	rewind(file);
	if (bytes == NULL || fread(bytes, 1, size, file) != size)
		return 1;
	fclose(file);

	relink_context *context;
	if (relink_context_new(0, &context, NULL) != RELINK_OK)
		return 1;
	relink_input inputs[] = {relink_bytes("buffer", bytes, size), relink_reader("callback", size, deliver, bytes)};
	for (int i = 0; i < 2; i++) {
		relink_module *module;
		relink_error error;
		if (relink_load(context, &inputs[i], NULL, &module, &error) != RELINK_OK)
			return 1;
		printf("%s: twice(21) = %d\n", inputs[i].name, RELINK_GET(module, int (*)(int), "twice")(21));
		relink_unref(module);
	}
	free(bytes);
	relink_context_free(context);
	return 0;
}
