/* Relocating an image of any CPU with what a list of images, and then the caller, define. */
#include "image.h"

enum { STB_LOCAL = 0, STB_WEAK = 2, STT_TLS = 6, STT_IFUNC = 10, SHN_ABS = 0xfff1, HIDDEN = 0x8000 };
enum { PT_LOAD = 1, PT_RELRO = 0x6474e552, PF_R = 4 };

/* A symbol of a table: numbers as the file has them. */
struct symbol {
	const char *name;
	uint64_t value, size;
	unsigned bind, type, section;
};

/* What a reference is bound to. */
struct meaning {
	const struct relink_image *definer; /* NULL: the caller, or nobody for a weak reference */
	uint64_t value;                     /* an address; thread-local variables: the offset in the block */
	uint64_t size;
	bool is_ifunc, is_tls;
};

struct linking {
	relink_image *image;
	relink_image *const *scope;
	size_t scope_count;
	relink_error *error;
	bool is_second_pass; /* resolvers run when all else is in place */
};

/* The string at OFFSET with its NUL inside the table, or NULL. */
static const char *string_at(const struct relink_image *image, uint64_t offset)
{
	for (uint64_t i = offset; i < image->strings.size; i++)
		if (image->strings.start[i] == '\0')
			return (const char *)image->strings.start + offset;
	return NULL;
}

static bool symbol_read(const struct relink_image *image, uint64_t index, struct symbol *out)
{
	unsigned size = image->cpu->word == 4 ? 16 : 24;
	if (index >= image->symbols.size / size)
		return false;
	const unsigned char *entry = image->symbols.start + index * size;
	unsigned info = (unsigned)rl_image_field(image, entry, 12, 4, 1);
	*out = (struct symbol){.name = string_at(image, rl_image_number(entry, 4)),
			       .value = rl_image_field(image, entry, 4, 8, 0),
			       .size = rl_image_field(image, entry, 8, 16, 0),
			       .bind = info >> 4,
			       .type = info & 15,
			       .section = (unsigned)rl_image_field(image, entry, 14, 6, 2)};
	return out->name != NULL;
}

static bool is_equal(const char *a, const char *b)
{
	while (*a == *b && *a != '\0')
		a++, b++;
	return *a == *b;
}

/* Whether symbol INDEX is a definition of NAME that others see. */
static bool is_definition(const struct relink_image *image, uint64_t index, const char *name, struct symbol *out)
{
	if (!symbol_read(image, index, out) || out->section == 0 || out->bind == STB_LOCAL || !is_equal(out->name, name))
		return false;
	return index * 2 + 2 > image->versions.size
	       || (rl_image_number(image->versions.start + index * 2, 2) & HIDDEN) == 0;
}

static uint32_t word_at(const struct image_table *table, uint64_t index)
{
	return index < table->size / 4 ? (uint32_t)rl_image_number(table->start + index * 4, 4) : 0;
}

static bool gnu_find(const struct relink_image *image, const char *name, struct symbol *out)
{
	const struct image_table *table = &image->gnu_hash;
	uint32_t hash = 5381, bucket_count = word_at(table, 0), first = word_at(table, 1);
	for (const char *c = name; *c != '\0'; c++)
		hash = hash * 33 + (unsigned char)*c;
	uint64_t buckets = 4 + (uint64_t)word_at(table, 2) * (image->cpu->word / 4), chains = buckets + bucket_count;
	if (bucket_count == 0)
		return false;
	for (uint64_t index = word_at(table, buckets + hash % bucket_count); index >= first && index != 0; index++) {
		uint64_t at = chains + index - first;
		if (at >= table->size / 4)
			return false;
		uint32_t entry = word_at(table, at);
		if (((entry ^ hash) >> 1) == 0 && is_definition(image, index, name, out))
			return true;
		if (entry & 1)
			return false;
	}
	return false;
}

static bool sysv_find(const struct relink_image *image, const char *name, struct symbol *out)
{
	const struct image_table *table = &image->hash;
	uint32_t hash = 0, bucket_count = word_at(table, 0), limit = word_at(table, 1);
	for (const char *c = name; *c != '\0'; c++) {
		hash = (hash << 4) + (unsigned char)*c;
		hash = (hash ^ (hash >> 24 & 0xf0)) & 0x0fffffff;
	}
	if (bucket_count == 0)
		return false;
	uint32_t index = word_at(table, 2 + hash % bucket_count);
	for (uint32_t steps = 0; index != 0 && index < limit && steps < limit; steps++) {
		if (is_definition(image, index, name, out))
			return true;
		index = word_at(table, 2 + (uint64_t)bucket_count + index);
	}
	return false;
}

static bool definition_find(const struct relink_image *image, const char *name, struct symbol *out)
{
	return image->gnu_hash.start != NULL ? gnu_find(image, name, out)
	       : image->hash.start != NULL   ? sysv_find(image, name, out)
					     : false;
}

static struct meaning meaning_make(const struct relink_image *image, const struct symbol *symbol)
{
	bool is_tls = symbol->type == STT_TLS;
	return (struct meaning){.definer = image,
				.value = symbol->value + (is_tls || symbol->section == SHN_ABS ? 0 : image->info.bias),
				.size = symbol->size,
				.is_tls = is_tls,
				.is_ifunc = symbol->type == STT_IFUNC};
}

int relink_image_find(const relink_image *image, const char *name, uint64_t *out_address)
{
	struct symbol symbol;
	if (!definition_find(image, name, &symbol) || symbol.type == STT_TLS)
		return 0;
	*out_address = meaning_make(image, &symbol).value;
	return 1;
}

/* COPY: the definition is another image's. */
static relink_status reference_bind(const struct linking *l, uint64_t index, bool is_copy, struct meaning *out)
{
	const relink_backend *backend = l->image->backend;
	struct symbol symbol, found;
	*out = (struct meaning){0};
	if (index == 0)
		return RELINK_OK;
	if (!symbol_read(l->image, index, &symbol))
		return RELINK_E_REL_MALFORMED;
	if (symbol.bind == STB_LOCAL) {
		*out = meaning_make(l->image, &symbol);
		return RELINK_OK;
	}
	for (size_t i = 0; i < l->scope_count; i++)
		if (!(is_copy && l->scope[i] == l->image) && definition_find(l->scope[i], symbol.name, &found)) {
			*out = meaning_make(l->scope[i], &found);
			return RELINK_OK;
		}
	if (symbol.section != 0 && !is_copy) {
		*out = meaning_make(l->image, &symbol);
		return RELINK_OK;
	}
	if (backend->symbol != NULL && backend->symbol(backend->user, symbol.name, &out->value) == 0)
		return RELINK_OK;
	return symbol.bind == STB_WEAK ? RELINK_OK
				       : rl_image_fail(l->image, l->error, RELINK_E_REL_SYMBOL, symbol.name, 0);
}

static relink_status copy_apply(const struct linking *l, const struct meaning *meaning, uint64_t offset, uint64_t size)
{
	if (meaning->definer == NULL)
		return RELINK_E_REL_MALFORMED;
	if (size > meaning->size)
		size = meaning->size;
	unsigned char *to = rl_image_bytes(l->image, offset, size);
	const unsigned char *from =
		rl_image_bytes(meaning->definer, meaning->value - meaning->definer->info.bias, size);
	if (to == NULL || from == NULL)
		return RELINK_E_REL_MALFORMED;
	for (uint64_t i = 0; i < size; i++)
		to[i] = from[i];
	return RELINK_OK;
}

static void word_put(unsigned char *place, uint64_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		place[i] = (unsigned char)(value >> (8 * i));
}

/* Thread-local storage: who knows where blocks will be is the caller. */
static relink_status tls_apply(const struct linking *l, enum image_kind kind, const struct meaning *meaning,
			       uint64_t addend, unsigned char *place)
{
	const relink_backend *backend = l->image->backend;
	const struct relink_image *definer = meaning->definer != NULL ? meaning->definer : l->image;
	unsigned word = l->image->cpu->word;
	relink_image_thread thread = {0};
	uint64_t offset = meaning->value + addend;
	if (kind == IMAGE_DTPOFF) {
		word_put(place, offset - l->image->cpu->tls_bias, word);
		return RELINK_OK;
	}
	if (backend->thread == NULL || backend->thread(backend->user, definer, offset, &thread) != 0)
		return RELINK_E_TLS_STATIC;
	if (kind == IMAGE_TLSDESC) {
		word_put(place, thread.descriptor[0], word);
		word_put(place + word, thread.descriptor[1], word);
	} else {
		word_put(place, kind == IMAGE_DTPMOD ? thread.module : thread.offset + offset, word);
	}
	return RELINK_OK;
}

struct entry {
	uint64_t offset, addend, symbol;
	unsigned type;
	bool has_addend;
};

static relink_status ifunc_apply(const struct linking *l, unsigned char *place, uint64_t resolver)
{
	const relink_backend *backend = l->image->backend;
	uint64_t value = 0;
	if (!l->is_second_pass)
		return RELINK_OK;
	if (backend->ifunc == NULL || backend->ifunc(backend->user, l->image, resolver, &value) != 0)
		return RELINK_E_REL_TYPE;
	word_put(place, value, l->image->cpu->word);
	return RELINK_OK;
}

static relink_status entry_apply(const struct linking *l, const struct entry *entry)
{
	unsigned word = l->image->cpu->word;
	enum image_kind kind = rl_image_cpu_kind(l->image->cpu, entry->type);
	if (kind == IMAGE_NONE || (l->is_second_pass && kind == IMAGE_COPY))
		return RELINK_OK;
	if (kind == IMAGE_KIND_COUNT)
		return RELINK_E_REL_TYPE;
	unsigned char *place = rl_image_bytes(l->image, entry->offset, kind == IMAGE_TLSDESC ? 2 * word : word);
	if (place == NULL)
		return RELINK_E_REL_MALFORMED;
	/* Without addends in the table they are in the places, until those are written. */
	bool is_second = l->is_second_pass;
	uint64_t addend = entry->has_addend ? entry->addend
			  : kind == IMAGE_GLOB_DAT || kind == IMAGE_JUMP_SLOT ? 0
			  : kind == IMAGE_TLSDESC ? rl_image_number(place + word, word) : rl_image_number(place, word);
	if (kind == IMAGE_IRELATIVE)
		return ifunc_apply(l, place, l->image->info.bias + addend);
	if (kind == IMAGE_RELATIVE) {
		if (!is_second)
			word_put(place, l->image->info.bias + addend, word);
		return RELINK_OK;
	}
	struct meaning meaning;
	relink_status status = reference_bind(l, entry->symbol, kind == IMAGE_COPY, &meaning);
	if (status != RELINK_OK)
		return status;
	if (meaning.is_ifunc)
		return ifunc_apply(l, place, meaning.value);
	if (is_second)
		return RELINK_OK;
	if (kind == IMAGE_COPY) {
		struct symbol symbol;
		return symbol_read(l->image, entry->symbol, &symbol) ? copy_apply(l, &meaning, entry->offset, symbol.size)
								     : RELINK_E_REL_MALFORMED;
	}
	if (kind >= IMAGE_DTPMOD)
		return tls_apply(l, kind, &meaning, addend, place);
	word_put(place, meaning.value + addend, word);
	return RELINK_OK;
}

static relink_status table_apply(const struct linking *l, const struct image_table *table, bool has_addends)
{
	unsigned word = l->image->cpu->word, size = word * (has_addends ? 3 : 2);
	for (uint64_t i = 0; i < table->size / size; i++) {
		const unsigned char *bytes = table->start + i * size;
		uint64_t info = rl_image_number(bytes + word, word);
		struct entry entry = {.offset = rl_image_number(bytes, word),
				      .addend = has_addends ? rl_image_number(bytes + 2 * word, word) : 0,
				      .symbol = word == 4 ? info >> 8 : info >> 32,
				      .type = (unsigned)(word == 4 ? info & 0xff : info & 0xffffffff),
				      .has_addend = has_addends};
		relink_status status = entry_apply(l, &entry);
		if (status != RELINK_OK)
			return status == RELINK_E_REL_SYMBOL ? status
							     : rl_image_fail(l->image, l->error, status, NULL, entry.type);
	}
	return RELINK_OK;
}

static relink_status relr_apply(const struct linking *l)
{
	unsigned word = l->image->cpu->word;
	uint64_t next = 0;
	for (uint64_t i = 0; i < l->image->relr.size / word; i++) {
		uint64_t entry = rl_image_number(l->image->relr.start + i * word, word);
		uint64_t bits = (entry & 1) == 0 ? 1 : entry >> 1, at = (entry & 1) == 0 ? entry : next;
		for (unsigned bit = 0; bits >> bit != 0 && bit < word * 8; bit++) {
			unsigned char *place = rl_image_bytes(l->image, at + bit * word, word);
			if ((bits >> bit & 1) == 0)
				continue;
			if (place == NULL)
				return rl_image_fail(l->image, l->error, RELINK_E_REL_MALFORMED, NULL, 0);
			word_put(place, rl_image_number(place, word) + l->image->info.bias, word);
		}
		next = (entry & 1) == 0 ? entry + word : next + (word * 8 - 1) * word;
	}
	return RELINK_OK;
}

/* Segments (PT_LOAD) get their protections when all but what resolvers say is in place, for those run; in the end what
 * was only written for relocation (PT_GNU_RELRO) is sealed. */
static relink_status protect(const struct linking *l, uint64_t type)
{
	const struct relink_image *image = l->image;
	const relink_backend *backend = image->backend;
	uint64_t page = backend->page_size;
	for (size_t i = 0; i < image->phdr_count && backend->protect != NULL; i++) {
		const unsigned char *phdr = image->phdrs + i * image->phdr_size;
		uint64_t start = rl_image_field(image, phdr, 8, 16, 0), size = rl_image_field(image, phdr, 20, 40, 0);
		unsigned flags = type == PT_LOAD ? (unsigned)rl_image_field(image, phdr, 24, 4, 4) : PF_R;
		uint64_t end = start + size;
		if (rl_image_number(phdr, 4) != type || end < start || rl_image_bytes(image, start, size) == NULL)
			continue;
		start &= -page;
		end = type == PT_LOAD ? (end + page - 1) & -page : end & -page;
		if (end > start && backend->protect(backend->user, rl_image_bytes(image, start, 0), image->info.bias + start,
						    end - start, flags) != 0)
			return rl_image_fail(image, l->error, RELINK_E_MAP, NULL, 0);
	}
	return RELINK_OK;
}

static relink_status pass(struct linking *l, bool is_second)
{
	const struct relink_image *image = l->image;
	l->is_second_pass = is_second;
	relink_status status = table_apply(l, &image->rel, false);
	if (status == RELINK_OK)
		status = table_apply(l, &image->rela, true);
	return status != RELINK_OK ? status : table_apply(l, &image->plt, image->plt_has_addends);
}

relink_status relink_image_link(relink_image *image, relink_image *const *scope, size_t scope_count, relink_error *error)
{
	struct linking l = {.image = image, .scope = scope, .scope_count = scope_count, .error = error};
	if (image == NULL || (scope == NULL && scope_count != 0) || image->info.is_linked)
		return rl_image_fail(image, error, RELINK_E_ARGUMENT, NULL, 0);
	for (size_t i = 0; i < scope_count; i++)
		if (scope[i] == NULL || scope[i]->cpu != image->cpu)
			return rl_image_fail(image, error, RELINK_E_EHDR_MACHINE, NULL, 0);
	image->info.is_linked = 1;
	relink_status status = relr_apply(&l);
	if (status == RELINK_OK)
		status = pass(&l, false);
	if (status == RELINK_OK)
		status = protect(&l, PT_LOAD);
	if (status == RELINK_OK)
		status = pass(&l, true);
	return status == RELINK_OK ? protect(&l, PT_RELRO) : status;
}
