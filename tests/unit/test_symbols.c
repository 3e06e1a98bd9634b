/* Symbol lookup against the host's: every symbol of a dozen real libraries, by GNU hash and by the names the libraries
 * have, with and without versions, must be found where dlsym and dlvsym find it.  Then tables of both hash styles made
 * for the purpose, and damaged ones. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>

#include "../../ldso/base/heap.h"
#include "../../ldso/elf/versions.h"
#include "stub.h"

/* A library as the host mapped it, read with our readers. */
struct library {
	struct rl_image image;
	struct rl_dynamic dynamic;
	struct rl_symbols symbols;
};

struct wanted {
	const char *name;
	struct library *library;
	int is_found;
};

static int visit(struct dl_phdr_info *info, size_t size, void *argument)
{
	(void)size;
	struct wanted *wanted = argument;
	if (wanted->is_found || strcmp(info->dlpi_name, wanted->name) != 0)
		return 0;
	struct library *library = wanted->library;
	library->image = rl_image_make(info->dlpi_addr, info->dlpi_phdr, info->dlpi_phnum);
	uint64_t vaddr = 0;
	for (size_t i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			vaddr = info->dlpi_phdr[i].p_vaddr;
	struct rl_version_table table = {0};
	/* The host has already changed addresses in the dynamic section: work on a copy of it in the file's terms. */
	CHECK(vaddr != 0);
	wanted->is_found = rl_dynamic_read(&library->image, vaddr, &library->dynamic) == RL_OK
			   && rl_symbols_read(&library->dynamic, &library->symbols) == RL_OK
			   && rl_versions_read(&library->image, &library->dynamic, &table) == RL_OK;
	library->symbols.versions = table.versions;
	library->symbols.version_count = table.count;
	return 0;
}

