/* Loading and relocating any file: mapping, reading, versions, all relocations.  No code of the file is run: a file
 * with an IFUNC is loaded but not relocated, and constructors are never called. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "fuzz.h"

#include <errno.h>
#include <sys/mman.h>

#include "../../ldso/link/unique.h"
#include "../unit/stub.h"

static struct rl_linker fuzz_linker;
static int fuzz_file;

static enum rl_status file_find(void *context, const char *name, struct rl_object *requester,
				struct rl_namespace *namespace, struct rl_file *out_file, struct rl_diag *diag)
{
	(void)context, (void)namespace, (void)requester;
	if (strcmp(name, "fuzz.so") != 0)
		return rl_fail(diag, RL_FILE_NOT_FOUND, .subject = name, .error_number = ENOENT);
	memset(&out_file->head, 0, sizeof out_file->head);
	long size = rl_sys_read_at(fuzz_file, out_file->head.bytes, sizeof out_file->head.bytes, 0);
	out_file->head.size = size < 0 ? 0 : (size_t)size;
	enum rl_status status = rl_header_check(&out_file->head);
	if (status != RL_OK)
		return rl_fail(diag, status, .subject = name);
	out_file->fd = dup(fuzz_file);
	out_file->path = rl_heap_string(name);
	return RL_OK;
}

static void linker_prepare(void)
{
	if (fuzz_linker.page_size != 0)
		return;
	stub_linker_make(&fuzz_linker);
	fuzz_linker.policy.find = file_find;
	fuzz_linker.is_running = true;
}

static bool table_has_ifunc(const struct rl_object *object, const struct rl_table *table)
{
	const Elf64_Rela *rela = table->start;
	for (size_t i = 0; i < table->count; i++) {
		uint32_t index = ELF64_R_SYM(rela[i].r_info);
		if (ELF64_R_TYPE(rela[i].r_info) == R_X86_64_IRELATIVE)
			return true;
		if (index < object->symbols.symbol_limit
		    && ELF64_ST_TYPE(object->symbols.symbols[index].st_info) == STT_GNU_IFUNC)
			return true;
	}
	return false;
}

/* Whether relocation could call into the file. */
static bool has_ifunc(const struct rl_object *object)
{
	const struct rl_symbols *symbols = &object->symbols;
	for (size_t i = 0; i < symbols->chain_limit && i < symbols->symbol_limit; i++)
		if (ELF64_ST_TYPE(symbols->symbols[i].st_info) == STT_GNU_IFUNC)
			return true;
	return table_has_ifunc(object, &object->dynamic.rela) || table_has_ifunc(object, &object->dynamic.plt);
}

static void object_bind(struct rl_object *object, struct rl_diag *diag)
{
	if (rl_graph_check_versions(&fuzz_linker, &object->closure, diag) != RL_OK || rl_graph_sort(object) != RL_OK
	    || rl_own_scope_make(object) != RL_OK || rl_search_list_make(object, object, false) != RL_OK)
		return;
	if (has_ifunc(object))
		return;
	fuzz_accepted += rl_relocate(&fuzz_linker, object, false, diag) == RL_OK;
}

int fuzz_loader(const uint8_t *data, size_t size)
{
	linker_prepare();
	fuzz_file = memfd_create("fuzz", MFD_CLOEXEC);
	if (fuzz_file < 0 || write(fuzz_file, data, size) != (ssize_t)size)
		abort();
	struct rl_diag diag = RL_DIAG_NONE;
	struct rl_request request = {.name = "fuzz.so", .kind = RL_OBJECT_OPENED, .for_dlopen = true};
	struct rl_object *object = NULL;
	enum rl_status status = rl_load(&fuzz_linker, &fuzz_linker.base, &request, &object, &diag);
	if (status == RL_OK && rl_graph_close(&fuzz_linker, object, NULL, RL_OBJECT_OPENED, &diag) == RL_OK)
		object_bind(object, &diag);
	if (object != NULL) {
		rl_unique_forget(&fuzz_linker.base, object);
		rl_object_drop(&fuzz_linker, object);
	}
	if (fuzz_linker.base.first != NULL || fuzz_linker.base.count != 0)
		abort();
	rl_change_end(&fuzz_linker, NULL);
	rl_diag_drop(&diag);
	close(fuzz_file);
	return 0;
}
