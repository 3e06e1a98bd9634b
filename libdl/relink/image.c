/* Loading an image into the caller's memory, and finding symbols in it. */
#include "image.h"

enum { EHDR_LIMIT = 64, PHDR_LIMIT = 4096, PT_LOAD = 1, PT_DYNAMIC = 2, PT_TLS = 7, PT_RELRO = 0x6474e552 };
enum { KIND_BYTES = 2, KIND_CALLBACK = 3 }; /* of a relink_input */

static void text_copy(char *to, size_t size, const char *from)
{
	size_t i = 0;
	for (; from != NULL && i + 1 < size && from[i] != '\0'; i++)
		to[i] = from[i];
	to[i] = '\0';
}

relink_status rl_image_fail(const struct relink_image *image, relink_error *error, relink_status status,
			    const char *symbol, unsigned value)
{
	if (error == NULL)
		return status;
	error->status = status;
	error->error_number = 0;
	error->value = value;
	error->requester[0] = error->version[0] = '\0';
	text_copy(error->file, sizeof error->file, image == NULL ? "" : image->info.name);
	text_copy(error->symbol, sizeof error->symbol, symbol);
	return status;
}

/* ---- Reading the file ---------------------------------------------------------------------------------------------- */

static bool file_read(const relink_input *input, void *buffer, uint64_t size, uint64_t offset)
{
	if (offset > input->size || size > input->size - offset)
		return false;
	if (input->kind == KIND_CALLBACK)
		return input->read(input->user, buffer, (size_t)size, offset) == 0;
	for (uint64_t i = 0; i < size; i++)
		((unsigned char *)buffer)[i] = ((const unsigned char *)input->bytes)[offset + i];
	return true;
}

static relink_status header_read(struct relink_image *image, const relink_input *input, unsigned char *header)
{
	static const unsigned char magic[] = {0x7f, 'E', 'L', 'F'};
	if (!file_read(input, header, 52, 0))
		return RELINK_E_IO_SHORT;
	for (int i = 0; i < 4; i++)
		if (header[i] != magic[i])
			return RELINK_E_EHDR_MAGIC;
	if (header[4] != 1 && header[4] != 2)
		return RELINK_E_EHDR_CLASS;
	if (header[5] != 1)
		return RELINK_E_EHDR_DATA;
	if (header[6] != 1)
		return RELINK_E_EHDR_VERSION;
	if (header[4] == 2 && !file_read(input, header, EHDR_LIMIT, 0))
		return RELINK_E_IO_SHORT;
	image->info.machine = (unsigned)rl_image_number(header + 18, 2);
	image->cpu = rl_image_cpu_find(image->info.machine, header[4] == 1 ? 4 : 8);
	if (image->cpu == NULL)
		return RELINK_E_EHDR_MACHINE;
	unsigned type = (unsigned)rl_image_number(header + 16, 2);
	if (type != 2 && type != 3)
		return RELINK_E_EHDR_TYPE;
	image->info.is_fixed = type == 2;
	image->phdr_size = image->cpu->word == 4 ? 32 : 56;
	image->phdr_count = (size_t)rl_image_field(image, header, 44, 56, 2);
	if (rl_image_field(image, header, 42, 54, 2) != image->phdr_size)
		return RELINK_E_EHDR_ENTRY;
	return image->phdr_count == 0 || image->phdr_count > PHDR_LIMIT ? RELINK_E_PHDR_NONE : RELINK_OK;
}

struct segment {
	uint64_t type, flags, offset, vaddr, file_size, size, align;
};

static struct segment segment_read(const struct relink_image *image, size_t index)
{
	const unsigned char *phdr = image->phdrs + index * image->phdr_size;
	return (struct segment){.type = rl_image_field(image, phdr, 0, 0, 4),
				.flags = rl_image_field(image, phdr, 24, 4, 4),
				.offset = rl_image_field(image, phdr, 4, 8, 0),
				.vaddr = rl_image_field(image, phdr, 8, 16, 0),
				.file_size = rl_image_field(image, phdr, 16, 32, 0),
				.size = rl_image_field(image, phdr, 20, 40, 0),
				.align = rl_image_field(image, phdr, 28, 48, 0)};
}

/* The span of all PT_LOADs, in pages. */
static relink_status span_find(struct relink_image *image, uint64_t *out_align)
{
	uint64_t page = image->backend->page_size, end = 0;
	image->first = UINT64_MAX;
	*out_align = page;
	for (size_t i = 0; i < image->phdr_count; i++) {
		struct segment segment = segment_read(image, i);
		if (segment.type != PT_LOAD || segment.size == 0)
			continue;
		if (segment.file_size > segment.size || segment.vaddr > UINT64_MAX / 4 || segment.size > UINT64_MAX / 4
		    || (end != 0 && segment.vaddr < end))
			return RELINK_E_PHDR_MALFORMED;
		if (image->first == UINT64_MAX)
			image->first = segment.vaddr & -page;
		end = segment.vaddr + segment.size;
		if (segment.align > *out_align && (segment.align & (segment.align - 1)) == 0)
			*out_align = segment.align;
	}
	if (end == 0)
		return RELINK_E_PHDR_NONE;
	image->info.size = ((end + page - 1) & -page) - image->first;
	return RELINK_OK;
}

static relink_status segments_read(struct relink_image *image, const relink_input *input)
{
	for (size_t i = 0; i < image->phdr_count; i++) {
		struct segment segment = segment_read(image, i);
		if (segment.type == PT_LOAD && segment.size != 0
		    && !file_read(input, rl_image_bytes(image, segment.vaddr, segment.size), segment.file_size,
				  segment.offset))
			return RELINK_E_IO_SHORT;
		if (segment.type == PT_TLS) {
			image->info.tls_image = image->info.bias + segment.vaddr;
			image->info.tls_image_size = segment.file_size;
			image->info.tls_size = segment.size;
			image->info.tls_align = segment.align;
		}
	}
	return RELINK_OK;
}

/* ---- The dynamic section ------------------------------------------------------------------------------------------- */

/* Where an entry of the dynamic section goes: a table's address or its size. */
static uint64_t *place_of(uint64_t (*addresses)[9], uint64_t (*sizes)[9], uint64_t tag)
{
	enum { SYMBOLS, STRINGS, HASH, GNU_HASH, VERSIONS, REL, RELA, RELR, PLT };
	switch (tag) {
	case 6: return &(*addresses)[SYMBOLS];
	case 5: return &(*addresses)[STRINGS];
	case 10: return &(*sizes)[STRINGS];
	case 4: return &(*addresses)[HASH];
	case 0x6ffffef5: return &(*addresses)[GNU_HASH];
	case 0x6ffffff0: return &(*addresses)[VERSIONS];
	case 17: return &(*addresses)[REL];
	case 18: return &(*sizes)[REL];
	case 7: return &(*addresses)[RELA];
	case 8: return &(*sizes)[RELA];
	case 36: return &(*addresses)[RELR];
	case 35: return &(*sizes)[RELR];
	case 23: return &(*addresses)[PLT];
	case 2: return &(*sizes)[PLT];
	default: return NULL;
	}
}

static void fact_take(struct relink_image *image, uint64_t tag, uint64_t value)
{
	switch (tag) {
	case 12:
		image->info.init = image->info.bias + value;
		break;
	case 13:
		image->info.fini = image->info.bias + value;
		break;
	case 25:
		image->info.init_array = image->info.bias + value;
		break;
	case 27:
		image->info.init_count = value / image->cpu->word;
		break;
	case 26:
		image->info.fini_array = image->info.bias + value;
		break;
	case 28:
		image->info.fini_count = value / image->cpu->word;
		break;
	case 20:
		image->plt_has_addends = value == 7;
		break;
	}
}

static bool table_take(const struct relink_image *image, uint64_t vaddr, uint64_t size, struct image_table *out)
{
	if (vaddr == 0)
		return true;
	if (size == 0) { /* of no size that the section tells: to the end */
		out->start = rl_image_bytes(image, vaddr, 0);
		out->size = out->start == NULL ? 0 : image->info.size - (vaddr - image->first);
		return out->start != NULL;
	}
	out->start = rl_image_bytes(image, vaddr, size);
	out->size = size;
	return out->start != NULL;
}

static relink_status dynamic_read(struct relink_image *image)
{
	uint64_t addresses[9] = {0}, sizes[9] = {0};
	unsigned word = image->cpu->word;
	struct image_table *const tables[] = {&image->symbols, &image->strings, &image->hash, &image->gnu_hash,
					      &image->versions, &image->rel, &image->rela, &image->relr, &image->plt};
	image->plt_has_addends = image->cpu->has_addends;
	for (size_t i = 0; i < image->phdr_count; i++) {
		struct segment segment = segment_read(image, i);
		if (segment.type != PT_DYNAMIC)
			continue;
		const unsigned char *entry = rl_image_bytes(image, segment.vaddr, segment.size);
		if (entry == NULL)
			return RELINK_E_DYN_MALFORMED;
		for (uint64_t left = segment.size / (2 * word); left > 0; left--, entry += 2 * word) {
			uint64_t tag = rl_image_number(entry, word), value = rl_image_number(entry + word, word);
			uint64_t *place = place_of(&addresses, &sizes, tag);
			if (tag == 0)
				break;
			if (place != NULL)
				*place = value;
			fact_take(image, tag, value);
		}
	}
	for (size_t i = 0; i < 9; i++)
		if ((i < 5 || sizes[i] != 0) && !table_take(image, addresses[i], sizes[i], tables[i]))
			return RELINK_E_DYN_MALFORMED;
	return RELINK_OK;
}

/* ---- Loading ------------------------------------------------------------------------------------------------------- */

static relink_status image_read(struct relink_image *image, const relink_input *input)
{
	unsigned char header[EHDR_LIMIT];
	const relink_backend *backend = image->backend;
	uint64_t align, wanted;
	relink_status status = header_read(image, input, header);
	if (status != RELINK_OK)
		return status;
	image->phdrs = backend->allocate(backend->user, image->phdr_count * image->phdr_size);
	if (image->phdrs == NULL)
		return RELINK_E_MEMORY;
	if (!file_read(input, image->phdrs, image->phdr_count * image->phdr_size, rl_image_field(image, header, 28, 32, 0)))
		return RELINK_E_IO_SHORT;
	if ((status = span_find(image, &align)) != RELINK_OK)
		return status;
	wanted = image->info.is_fixed ? image->first : 0;
	void *memory = NULL;
	uint64_t target = 0;
	if (backend->map(backend->user, wanted, image->info.size, align, &memory, &target) != 0 || memory == NULL)
		return RELINK_E_MAP;
	image->memory = memory;
	if (image->info.is_fixed && target != wanted)
		return RELINK_E_MAP;
	image->info.memory = memory;
	image->info.address = target;
	image->info.bias = target - image->first;
	image->info.entry = image->info.bias + rl_image_field(image, header, 24, 24, 0);
	if ((status = segments_read(image, input)) != RELINK_OK)
		return status;
	return dynamic_read(image);
}

void relink_image_free(relink_image *image)
{
	if (image == NULL)
		return;
	const relink_backend *backend = image->backend;
	if (image->memory != NULL)
		backend->unmap(backend->user, image->memory, image->info.size);
	if (image->phdrs != NULL)
		backend->release(backend->user, image->phdrs, image->phdr_count * image->phdr_size);
	backend->release(backend->user, image, sizeof *image);
}

relink_status relink_image_new(const relink_backend *backend, const relink_input *input, relink_image **out_image,
			       relink_error *error)
{
	if (backend == NULL || input == NULL || out_image == NULL || backend->page_size == 0
	    || (backend->page_size & (backend->page_size - 1)) != 0
	    || !((input->kind == KIND_BYTES && input->bytes != NULL) || (input->kind == KIND_CALLBACK && input->read != NULL)))
		return rl_image_fail(NULL, error, RELINK_E_ARGUMENT, NULL, 0);
	relink_image *image = backend->allocate(backend->user, sizeof *image);
	if (image == NULL)
		return rl_image_fail(NULL, error, RELINK_E_MEMORY, NULL, 0);
	*image = (relink_image){.backend = backend};
	image->info.name = input->name != NULL ? input->name : "";
	relink_status status = image_read(image, input);
	if (status != RELINK_OK) {
		rl_image_fail(image, error, status, NULL, 0);
		relink_image_free(image);
		return status;
	}
	*out_image = image;
	return RELINK_OK;
}

const relink_image_info *relink_image_get_info(const relink_image *image)
{
	return &image->info;
}
