/* libc itself: by which names it goes, which file it is, and that there is only one. */
#include <string.h>

#include "../../link/load.h"
#include "../../link/namespace.h"
#include "musl.h"

void *rl_musl_function(const struct rl_musl *musl, const char *name)
{
	struct rl_binding binding = {musl->libc, rl_musl_definition_find(musl->libc, name)};
	return binding.symbol == NULL ? NULL : (void *)rl_binding_address(&binding);
}

/* Where musl's libc is: the loader's place, unless we stand there ourselves; then where it is kept. */
static const char places[][40] = {
	"/lib/ld-musl-" RL_PORT_NAME ".so.1",
	"/lib/" RL_PORT_NAME "-linux-musl/libc.so",
	"/usr/lib/" RL_PORT_NAME "-linux-musl/libc.so",
	"/usr/lib/musl/lib/libc.so",
	"/usr/local/musl/lib/libc.so",
};

static enum rl_status libc_load(struct rl_musl *musl, struct rl_diag *diag)
{
	struct rl_linker *linker = musl->linker;
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		struct rl_diag failure = RL_DIAG_NONE;
		struct rl_request request = {.name = places[i], .kind = RL_OBJECT_LIBRARY};
		struct rl_object *object = NULL;
		enum rl_status status = rl_load(linker, &linker->base, &request, &object, &failure);
		rl_diag_drop(&failure);
		if (status != RL_OK)
			continue;
		if (rl_musl_is_libc(object)) {
			musl->libc = object;
			object->is_relocated = true; /* it sees to that itself */
			object->is_permanent = true;
			object->ahead = linker->self;
			return RL_OK;
		}
		if (object == linker->base.last)
			rl_object_drop(linker, object);
	}
	return rl_fail(diag, RL_FILE_NOT_FOUND, .subject = "libc.so", .error_number = 2);
}

enum rl_status rl_musl_name_claim(void *context, const char *name, struct rl_object **out_object,
				  struct rl_diag *diag)
{
	struct rl_musl *musl = context;
	int part = rl_musl_libc_part(name);
	if (musl->is_loading_libc || musl->linker->program == NULL
	    || (part < 0 && strcmp(name, musl->loader_name) != 0))
		return RL_OK;
	if (musl->libc == NULL) {
		musl->is_loading_libc = true;
		enum rl_status status = libc_load(musl, diag);
		musl->is_loading_libc = false;
		RL_TRY(status);
	}
	if (musl->claimed != NULL && part >= 0)
		musl->claimed(name, (unsigned)part);
	*out_object = musl->libc;
	return RL_OK;
}

/* Whether OBJECT is one more copy of ourselves: by its layout, for the file may go by any name. */
static bool is_ours(const struct rl_musl *musl, const struct rl_object *object)
{
	const struct rl_image *image = &object->image, *own = &musl->linker->self->image;
	return image->phdr_count == own->phdr_count
	       && memcmp(image->phdrs, own->phdrs, own->phdr_count * sizeof own->phdrs[0]) == 0;
}

/* A second libc is never wanted, nor a second linker: to programs, that is libc. */
struct rl_object *rl_musl_substitute(void *context, struct rl_object *object)
{
	struct rl_musl *musl = context;
	if (musl->is_loading_libc || musl->libc == NULL || object->kind == RL_OBJECT_PROGRAM
	    || (!rl_musl_is_libc(object) && !is_ours(musl, object)))
		return NULL;
	return musl->libc;
}

/* Digits, a dot, digits, a dot, digits: the only string of that form in libc is its version. */
static bool is_version(const char *text, size_t size)
{
	unsigned dots = 0, digits = 0;
	size_t i = 0;
	for (; i < size && (text[i] == '.' || (text[i] >= '0' && text[i] <= '9')); i++) {
		if (text[i] == '.' && digits == 0)
			return false;
		dots += text[i] == '.';
		digits = text[i] == '.' ? 0 : digits + 1;
	}
	return i < size && text[i] == '\0' && dots == 2 && digits != 0;
}

const char *rl_musl_version(struct rl_musl *musl)
{
	enum { LONGEST = 16 };
	struct rl_diag diag = RL_DIAG_NONE;
	if (musl->libc == NULL && libc_load(musl, &diag) != RL_OK)
		return "unknown";
	const struct rl_image *image = &musl->libc->image;
	for (size_t i = 0; i < image->phdr_count; i++) {
		const Elf64_Phdr *phdr = &image->phdrs[i];
		const char *start = (const char *)(image->bias + phdr->p_vaddr);
		if (phdr->p_type != PT_LOAD || (phdr->p_flags & PF_W))
			continue;
		for (size_t at = 1; at + LONGEST < phdr->p_filesz; at++)
			if (start[at - 1] == '\0' && start[at] != '\0' && is_version(start + at, LONGEST))
				return start + at;
	}
	return "unknown";
}
