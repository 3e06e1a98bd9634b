/* Reading archives.  Pure.  The index is checked whole when the archive is opened, so that walking it cannot fail. */
#include "archive.h"

#include <string.h>

enum { MAGIC_SIZE = 8, HEADER_SIZE = 60, NAME_SIZE = 16, SIZE_AT = 48, SIZE_SIZE = 10, END_AT = 58 };

bool rl_archive_is(const char *bytes, size_t size)
{
	return size >= MAGIC_SIZE
	       && (memcmp(bytes, "!<arch>\n", MAGIC_SIZE) == 0 || memcmp(bytes, "!<thin>\n", MAGIC_SIZE) == 0);
}

/* A decimal number that spaces follow to the end of its field. */
static bool number_read(const char *field, size_t width, size_t *out)
{
	size_t at = 0, value = 0;
	while (at < width && field[at] >= '0' && field[at] <= '9')
		value = value * 10 + (size_t)(field[at++] - '0');
	bool has_digits = at != 0;
	while (at < width && field[at] == ' ')
		at++;
	*out = value;
	return has_digits && at == width;
}

/* "name/", "/123" (a long name), or one of the tables "/", "//", "/SYM64/", which stay as they are. */
static bool name_read(const struct rl_archive *archive, const char *field, char *out, size_t out_size)
{
	const char *start = field, *end = field + NAME_SIZE;
	size_t offset;
	while (end > start && end[-1] == ' ')
		end--;
	if (end == start)
		return false;
	if (field[0] == '/' && field[1] >= '0' && field[1] <= '9') {
		if (!number_read(field + 1, NAME_SIZE - 1, &offset) || offset >= archive->names_size)
			return false;
		start = archive->names + offset;
		end = memchr(start, '\n', archive->names_size - offset);
		if (end == NULL || end == start || end[-1] != '/')
			return false;
		end--;
	} else if (field[0] != '/') {
		if (end[-1] != '/')
			return false; /* names of BSD's archives, whose index is another */
		end--;
	}
	size_t length = (size_t)(end - start);
	if (length == 0 || length >= out_size || memchr(start, '\0', length) != NULL)
		return false;
	memcpy(out, start, length);
	out[length] = '\0';
	return true;
}

static bool is_table(const char *name)
{
	return strcmp(name, "/") == 0 || strcmp(name, "//") == 0 || strcmp(name, "/SYM64/") == 0;
}

bool rl_archive_member(const struct rl_archive *archive, size_t place, struct rl_archive_member *out)
{
	if (place > archive->size || archive->size - place < HEADER_SIZE)
		return false;
	const char *header = archive->bytes + place;
	if (header[END_AT] != '`' || header[END_AT + 1] != '\n' || !number_read(header + SIZE_AT, SIZE_SIZE, &out->size)
	    || !name_read(archive, header, out->name, sizeof out->name))
		return false;
	bool is_elsewhere = archive->is_thin && !is_table(out->name);
	size_t room = archive->size - place - HEADER_SIZE;
	out->place = place;
	out->bytes = is_elsewhere ? NULL : header + HEADER_SIZE;
	if (is_elsewhere) {
		out->next = place + HEADER_SIZE;
		return true;
	}
	if (out->size > room)
		return false;
	out->next = place + HEADER_SIZE + out->size;
	if (out->next % 2 != 0 && out->next < archive->size)
		out->next++;
	return true;
}

static size_t number_big_endian(const char *bytes, size_t width)
{
	size_t value = 0;
	for (size_t i = 0; i < width; i++)
		value = value << 8 | (unsigned char)bytes[i];
	return value;
}

/* Count, places, and as many names that end. */
static bool index_check(struct rl_archive *archive)
{
	size_t width = archive->index_width;
	if (archive->index_size < width)
		return false;
	archive->index_count = number_big_endian(archive->index, width);
	if (archive->index_count > archive->index_size / width - 1)
		return false;
	const char *name = archive->index + width * (archive->index_count + 1);
	const char *end = archive->index + archive->index_size;
	for (size_t i = 0; i < archive->index_count; i++) {
		const char *stop = memchr(name, '\0', (size_t)(end - name));
		if (stop == NULL)
			return false;
		name = stop + 1;
	}
	return true;
}

bool rl_archive_open(const char *bytes, size_t size, struct rl_archive *out)
{
	*out = (struct rl_archive){.bytes = bytes, .size = size};
	if (!rl_archive_is(bytes, size))
		return false;
	out->is_thin = bytes[2] == 't';
	for (out->first = MAGIC_SIZE; out->first < size;) {
		struct rl_archive_member member;
		if (!rl_archive_member(out, out->first, &member))
			return false;
		if (!is_table(member.name))
			break;
		if (strcmp(member.name, "//") == 0) {
			out->names = member.bytes;
			out->names_size = member.size;
		} else if (out->index == NULL) {
			out->index = member.bytes;
			out->index_size = member.size;
			out->index_width = member.name[1] == '\0' ? 4 : 8;
		}
		out->first = member.next;
	}
	return out->index == NULL || index_check(out);
}

bool rl_archive_next(const struct rl_archive *archive, struct rl_archive_cursor *cursor, const char **out_name,
		     size_t *out_place)
{
	size_t width = archive->index_width;
	if (archive->index == NULL || cursor->number >= archive->index_count)
		return false;
	if (cursor->number == 0)
		cursor->name = archive->index + width * (archive->index_count + 1);
	*out_name = cursor->name;
	*out_place = number_big_endian(archive->index + width * (cursor->number + 1), width);
	cursor->number++;
	cursor->name += strlen(cursor->name) + 1;
	return true;
}
