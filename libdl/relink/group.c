/* Relocatable files and archives as one module: what is wanted is gathered, joined (ldso/link/combine.h), and loaded from
 * memory. */
#include <string.h>

#include "../../ldso/base/heap.h"
#include "../../ldso/elf/archive.h"
#include "../../ldso/link/combine.h"
#include "engine.h"

struct open_archive {
	struct rl_archive view;
	const char *name; /* the caller's */
	char *bytes;
	unsigned char *taken; /* a bit for every second byte, where members may begin */
	struct open_archive *next;
};

struct group {
	struct rl_combination *combination;
	struct open_archive *archives, **end;
	struct rl_diag *diag;
	bool has_file;
};

/* A file of this CPU, to be linked. */
static enum rl_status head_check(const char *bytes, size_t size)
{
	struct rl_file_head head = {0};
	head.size = size < sizeof head.bytes ? size : sizeof head.bytes;
	memcpy(head.bytes, bytes, head.size);
	enum rl_status status = rl_header_check(&head);
	if (status == RL_OK)
		return RL_OPEN_EXECUTABLE;
	return status == RL_ELF_TYPE && ((const Elf64_Ehdr *)head.bytes)->e_type == ET_REL ? RL_OK : status;
}

/* Takes BYTES. */
static enum rl_status file_add(struct group *group, const char *name, char *bytes, size_t size)
{
	enum rl_status status = head_check(bytes, size);
	if (status == RL_OK)
		return rl_combination_add(group->combination, name, bytes, size, group->diag);
	unsigned type = size < sizeof(Elf64_Ehdr) ? 0 : ((const Elf64_Ehdr *)bytes)->e_type;
	rl_heap_give(bytes);
	return rl_fail(group->diag, status, .subject = name, .value = type);
}

/* Takes BYTES. */
static enum rl_status archive_add(struct group *group, const char *name, char *bytes, size_t size)
{
	enum { BYTES_PER_BIT = 2, BITS = 8 };
	struct open_archive *archive = rl_heap_take(sizeof *archive);
	if (archive == NULL) {
		rl_heap_give(bytes);
		return rl_fail(group->diag, RL_NO_MEMORY, .subject = name);
	}
	archive->name = name;
	archive->bytes = bytes;
	*group->end = archive;
	group->end = &archive->next;
	if (!rl_archive_open(bytes, size, &archive->view))
		return rl_fail(group->diag, RL_ARCHIVE_DAMAGED, .subject = name);
	archive->taken = rl_heap_take(size / (BYTES_PER_BIT * BITS) + 1);
	return archive->taken != NULL ? RL_OK : rl_fail(group->diag, RL_NO_MEMORY, .subject = name);
}

/* The file of a member of a thin archive, which is named from where the archive is. */
static enum rl_status member_read(struct group *group, const struct open_archive *archive,
				  const struct rl_archive_member *member, char **out_bytes, size_t *out_size)
{
	const char *slash = strrchr(archive->name, '/');
	size_t length = slash == NULL || member->name[0] == '/' ? 0 : (size_t)(slash - archive->name) + 1;
	char *path = rl_heap_take(length + sizeof member->name);
	if (path == NULL)
		return rl_fail(group->diag, RL_NO_MEMORY, .subject = archive->name);
	memcpy(path, archive->name, length);
	memcpy(path + length, member->name, strlen(member->name) + 1);
	relink_input input = relink_path(path);
	enum rl_status status = rl_input_read(&input, out_bytes, out_size, group->diag);
	rl_heap_give(path);
	return status;
}

static enum rl_status member_add(struct group *group, struct open_archive *archive,
				 const struct rl_archive_member *member)
{
	enum { NAME_SIZE = 768 };
	char name[NAME_SIZE], *bytes;
	size_t size = member->size;
	archive->taken[member->place / 16] |= (unsigned char)(1 << (member->place / 2 % 8));
	if (member->bytes == NULL) {
		RL_TRY(member_read(group, archive, member, &bytes, &size));
	} else {
		bytes = rl_heap_take(size + 1);
		if (bytes == NULL)
			return rl_fail(group->diag, RL_NO_MEMORY, .subject = archive->name);
		memcpy(bytes, member->bytes, size);
	}
	rl_text_format(name, sizeof name, "%s(%s)", archive->name, member->name);
	return file_add(group, name, bytes, size);
}

/* Every member. */
static enum rl_status archive_take(struct group *group, struct open_archive *archive)
{
	struct rl_archive_member member;
	for (size_t place = archive->view.first; place < archive->view.size; place = member.next) {
		if (!rl_archive_member(&archive->view, place, &member))
			return rl_fail(group->diag, RL_ARCHIVE_DAMAGED, .subject = archive->name);
		RL_TRY(member_add(group, archive, &member));
	}
	return RL_OK;
}

/* The members that define what is wanted now. */
static enum rl_status archive_search(struct group *group, struct open_archive *archive, bool *out_changed)
{
	struct rl_archive_cursor cursor = {0};
	struct rl_archive_member member;
	const char *symbol;
	size_t place;
	if (archive->view.index == NULL && archive->view.first < archive->view.size)
		return rl_fail(group->diag, RL_ARCHIVE_DAMAGED, .subject = archive->name);
	while (rl_archive_next(&archive->view, &cursor, &symbol, &place)) {
		if (!rl_combination_wants(group->combination, symbol))
			continue;
		if (place % 2 != 0 || place < archive->view.first || !rl_archive_member(&archive->view, place, &member))
			return rl_fail(group->diag, RL_ARCHIVE_DAMAGED, .subject = archive->name);
		if (archive->taken[place / 16] >> (place / 2 % 8) & 1)
			continue; /* the index says more than there is */
		RL_TRY(member_add(group, archive, &member));
		*out_changed = true;
	}
	return RL_OK;
}

static enum rl_status inputs_gather(struct group *group, const relink_input *inputs, size_t count, bool takes_all)
{
	for (size_t i = 0; i < count; i++) {
		char *bytes;
		size_t size;
		const char *name = inputs[i].name != NULL ? inputs[i].name : "<memory>";
		RL_TRY(rl_input_read(&inputs[i], &bytes, &size, group->diag));
		if (rl_archive_is(bytes, size)) {
			RL_TRY(archive_add(group, name, bytes, size));
		} else {
			RL_TRY(file_add(group, name, bytes, size));
			group->has_file = true;
		}
	}
	bool is_changed = !takes_all && group->has_file;
	for (struct open_archive *archive = group->archives; !is_changed && archive != NULL; archive = archive->next)
		RL_TRY(archive_take(group, archive));
	while (is_changed) {
		is_changed = false;
		for (struct open_archive *archive = group->archives; archive != NULL; archive = archive->next)
			RL_TRY(archive_search(group, archive, &is_changed));
	}
	return RL_OK;
}

static void group_drop(struct group *group)
{
	rl_combination_drop(group->combination);
	for (struct open_archive *archive = group->archives, *next; archive != NULL; archive = next) {
		next = archive->next;
		rl_heap_give(archive->bytes);
		rl_heap_give(archive->taken);
		rl_heap_give(archive);
	}
}

relink_status relink_link(relink_context *context, const char *name, const relink_input *inputs, size_t count,
			  const relink_options *options, relink_module **out_module, relink_error *error)
{
	relink_options plain = options == NULL ? (relink_options){0} : *options;
	struct rl_diag diag = RL_DIAG_NONE;
	if (context == NULL || inputs == NULL || count == 0 || out_module == NULL)
		return rl_error_plain(error, RELINK_E_ARGUMENT, name);
	for (size_t i = 0; i < count; i++)
		if (inputs[i].kind == 0 && inputs[i].name == NULL)
			return rl_error_plain(error, RELINK_E_ARGUMENT, name);
	struct group group = {.combination = rl_combination_make(), .diag = &diag};
	group.end = &group.archives;
	char *bytes = NULL;
	size_t size = 0;
	plain.flags &= ~(unsigned)RELINK_WHOLE_ARCHIVE;
	enum rl_status status = group.combination == NULL ? rl_fail(&diag, RL_NO_MEMORY, .subject = name) : RL_OK;
	if (status == RL_OK)
		status = inputs_gather(&group, inputs, count, options != NULL && options->flags & RELINK_WHOLE_ARCHIVE);
	if (status == RL_OK) {
		status = rl_combination_finish(group.combination, &bytes, &size);
		if (status != RL_OK)
			(void)rl_fail(&diag, status, .subject = name);
	}
	group_drop(&group);
	if (status != RL_OK)
		return rl_error_take(&diag, error);
	relink_input joined = relink_bytes(name, bytes, size);
	relink_status result = relink_load(context, &joined, &plain, out_module, error);
	rl_heap_give(bytes);
	return result;
}
