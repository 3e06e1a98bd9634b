/* Sections of a scanned file as arrays.  Each section is read once, and stays until the scan is freed. */
#include "view.h"

#include <elf.h>

#include "../../ldso/base/heap.h"
#include "../../ldso/base/status.h"

enum { ALIGN_LIMIT = 16 }; /* of heap blocks */

struct rl_view {
	struct rl_view *next;
	size_t index;
	char bytes[];
};
_Static_assert(sizeof(struct rl_view) % ALIGN_LIMIT == 0, "bytes are aligned as the block");

void rl_views_drop(struct rl_view *view)
{
	for (struct rl_view *next; view != NULL; view = next) {
		next = view->next;
		rl_heap_give(view);
	}
}

/* Bytes of the section, which may be none. */
static const char *section_read(relink_scan *scan, size_t index, const Elf64_Shdr *section, relink_error *error)
{
	const relink_scan_info *info = relink_scan_get_info(scan);
	size_t size = section->sh_type == SHT_NOBITS ? 0 : section->sh_size;
	struct rl_view **views = rl_scan_views(scan);
	for (const struct rl_view *view = *views; view != NULL; view = view->next)
		if (view->index == index)
			return view->bytes;
	if (size > info->size) {
		(void)rl_error_plain(error, RELINK_E_IO_SHORT, info->name);
		return NULL;
	}
	struct rl_view *view = rl_heap_take(sizeof *view + size);
	if (view == NULL) {
		(void)rl_error_plain(error, RELINK_E_MEMORY, info->name);
		return NULL;
	}
	if (size != 0 && relink_scan_read(scan, view->bytes, size, section->sh_offset, error) != RELINK_OK) {
		rl_heap_give(view);
		return NULL;
	}
	view->index = index;
	view->next = *views;
	*views = view;
	return view->bytes;
}

static relink_status fit_check(const Elf64_Shdr *section, size_t size, size_t align)
{
	uint64_t place = section->sh_addr != 0 ? section->sh_addr : section->sh_offset;
	if (size != 1 && section->sh_entsize != 0 && section->sh_entsize != size)
		return RELINK_E_VIEW_SIZE;
	if (section->sh_type != SHT_NOBITS && section->sh_size % size != 0)
		return RELINK_E_VIEW_SIZE;
	return place % align != 0 ? RELINK_E_VIEW_ALIGN : RELINK_OK;
}

const void *relink_scan_view(relink_scan *scan, size_t index, size_t entry_size, size_t entry_align, size_t *out_count,
			     relink_error *error)
{
	if (scan == NULL || out_count == NULL || entry_size == 0 || entry_align == 0 || entry_align > ALIGN_LIMIT
	    || (entry_align & (entry_align - 1)) != 0 || index >= relink_scan_get_info(scan)->section_count) {
		(void)rl_error_plain(error, RELINK_E_ARGUMENT, scan == NULL ? "" : relink_scan_get_info(scan)->name);
		return NULL;
	}
	const relink_scan_info *info = relink_scan_get_info(scan);
	const Elf64_Shdr *section = (const Elf64_Shdr *)info->sections + index;
	relink_status status = fit_check(section, entry_size, entry_align);
	if (status != RELINK_OK) {
		(void)rl_error_plain(error, status, info->name);
		if (error != NULL)
			error->value = (unsigned)(status == RELINK_E_VIEW_SIZE ? entry_size : entry_align);
		return NULL;
	}
	const char *bytes = section_read(scan, index, section, error);
	if (bytes != NULL)
		*out_count = section->sh_type == SHT_NOBITS ? 0 : section->sh_size / entry_size;
	return bytes;
}
