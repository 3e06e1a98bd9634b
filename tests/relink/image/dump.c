/* Load the libraries given for a made-up machine of their CPU, each in the scope of all, and write what is in memory then:
 *   dump ADDRESS FILE…  > bytes of the last one, and its symbols on stderr as NAME ADDRESS for those named NAME=
 * The made-up machine: symbols nobody defines are at 0x40000000 + 256 * the sum of their characters, a resolver R returns
 * R + 0x77, blocks of thread-local variables are module 7 at 0x1230, and descriptors are 0xd0 and the variable's offset. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../include/relink.h"

static uint64_t next_address;

static int map(void *user, uint64_t address, uint64_t size, uint64_t align, void **out_memory, uint64_t *out_address)
{
	(void)user;
	*out_memory = calloc(1, size);
	*out_address = address != 0 ? address : (next_address + align - 1) & -align;
	next_address = *out_address + size;
	return *out_memory == NULL;
}

static void unmap(void *user, void *memory, uint64_t size)
{
	(void)user, (void)size;
	free(memory);
}

static void *allocate(void *user, size_t size)
{
	(void)user;
	return malloc(size);
}

static void release(void *user, void *block, size_t size)
{
	(void)user, (void)size;
	free(block);
}

static int symbol(void *user, const char *name, uint64_t *out_address)
{
	(void)user;
	if (strncmp(name, "absent", 6) == 0)
		return 1;
	*out_address = 0x40000000;
	for (; *name != '\0'; name++)
		*out_address += 256 * (uint64_t)(unsigned char)*name;
	return 0;
}

static int ifunc(void *user, const relink_image *image, uint64_t resolver, uint64_t *out_address)
{
	(void)user, (void)image;
	*out_address = resolver + 0x77;
	return 0;
}

static int thread(void *user, const relink_image *image, uint64_t offset, relink_image_thread *out_thread)
{
	(void)user, (void)image;
	*out_thread = (relink_image_thread){7, 0x1230, {0xd0, offset}};
	return 0;
}

int main(int argc, char **argv)
{
	static const relink_backend backend = {4096,   NULL, map,	 unmap,	 allocate,
					       release, NULL, symbol, ifunc, thread};
	relink_image *images[8] = {NULL};
	int count = argc - 2;
	relink_error error;
	char line[512];
	if (count < 1 || count > 8)
		return 2;
	next_address = strtoull(argv[1], NULL, 0);
	for (int i = 0; i < count; i++) {
		static char files[8][1 << 20];
		FILE *file = fopen(argv[i + 2], "r");
		size_t size = file == NULL ? 0 : fread(files[i], 1, sizeof files[i], file);
		relink_input input = relink_bytes(argv[i + 2], files[i], size);
		if (file != NULL)
			fclose(file);
		if (relink_image_new(&backend, &input, &images[i], &error) != RELINK_OK) {
			relink_error_format(&error, line, sizeof line);
			fprintf(stderr, "%s\n", line);
			return 1;
		}
	}
	for (int i = 0; i < count; i++)
		if (relink_image_link(images[i], images, (size_t)count, &error) != RELINK_OK) {
			relink_error_format(&error, line, sizeof line);
			fprintf(stderr, "%s\n", line);
			return 1;
		}
	const relink_image_info *info = relink_image_get_info(images[count - 1]);
	uint64_t shown = 0;
	relink_image_find(images[count - 1], "shown", &shown);
	fprintf(stderr, "%#llx %#llx %u %llu\n", (unsigned long long)info->bias, (unsigned long long)shown, info->machine,
		(unsigned long long)info->init_count);
	fwrite(info->memory, 1, info->size, stdout);
	for (int i = 0; i < count; i++)
		relink_image_free(images[i]);
	return 0;
}
