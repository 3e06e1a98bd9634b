/* Unwind tables of a file whose code moves.  Records of what moves are copied: unwinders that are told of tables
 * take each for one stretch of code, and several files may have code in one arena.  The table of .eh_frame_hdr,
 * which is sorted by function, points at the copies.  Follows the LSB ("DWARF Extensions", "Exception Frames"). */
#include <string.h>

#include "repair.h"

/* DW_EH_PE_… */
enum {
	ABSOLUTE = 0x00,
	SDATA4 = 0x0b,
	UDATA4 = 0x03,
	SDATA8 = 0x0c,
	UDATA8 = 0x04,
	FORMAT = 0x0f,
	OMIT = 0xff,
	PC_RELATIVE = 0x10,
	DATA_RELATIVE = 0x30,
	RELATIVE = 0x70
};

/* A record that is being read, from the word behind its length on.  It never leaves its end: what would is damaged. */
struct record {
	const struct rl_repair *r;
	unsigned char *bytes; /* of the record, with its length */
	uint64_t vaddr;       /* in the file */
	uint64_t moves;       /* how far from there it is going to be */
	uint64_t at, end;
	bool is_damaged;
};

static unsigned byte_read(struct record *record)
{
	if (record->at < record->end)
		return record->bytes[record->at++];
	record->is_damaged = true;
	return 0;
}

static uint64_t number_read(struct record *record)
{
	uint64_t value = 0;
	for (unsigned shift = 0;; shift += 7) {
		unsigned byte = byte_read(record);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		if ((byte & 0x80) == 0)
			return value;
	}
}

static uint64_t pointer_size(unsigned encoding)
{
	switch (encoding & FORMAT) {
	case ABSOLUTE:
	case SDATA8:
	case UDATA8:
		return 8;
	case SDATA4:
	case UDATA4:
		return 4;
	default:
		return 0;
	}
}

/* The pointer at record->at, that counts from itself; 0: it is none, or of another kind, whose relocation knows
 * better. */
static uint64_t pointer_target(struct record *record, unsigned encoding)
{
	uint64_t size = encoding == OMIT ? 0 : pointer_size(encoding), value = 0;
	int32_t narrow;
	if (encoding == OMIT)
		return 0;
	if (size == 0 || record->at > record->end || size > record->end - record->at) {
		record->is_damaged = true;
		return 0;
	}
	if ((encoding & RELATIVE) != PC_RELATIVE)
		return 0;
	if (size == 4) {
		memcpy(&narrow, record->bytes + record->at, sizeof narrow);
		value = (uint64_t)(int64_t)narrow;
	} else {
		memcpy(&value, record->bytes + record->at, sizeof value);
	}
	return value == 0 ? 0 : record->vaddr + record->at + value;
}

/* The pointer at record->at follows what it points at, and the record. */
static relink_status pointer_repair(struct record *record, unsigned encoding)
{
	unsigned char *bytes = record->bytes + record->at;
	uint64_t target = pointer_target(record, encoding), value;
	if (encoding == OMIT || record->is_damaged)
		return RELINK_OK;
	record->at += pointer_size(encoding);
	if (target == 0)
		return RELINK_OK;
	uint64_t distance = rl_repair_distance(record->r, target) - record->moves;
	if (pointer_size(encoding) == 4)
		return rl_repair_add(record->r, bytes, distance, R_X86_64_PC32);
	memcpy(&value, bytes, sizeof value);
	value += distance;
	memcpy(bytes, &value, sizeof value);
	return RELINK_OK;
}

/* What the records of a common information entry have. */
struct shape {
	unsigned code, handler; /* encodings */
	bool has_size;
};

/* A common entry; with REPAIRS its pointer to the personality routine is repaired. */
static relink_status common_read(struct record *record, bool repairs, struct shape *out_shape)
{
	unsigned char letters[8];
	size_t count = 0;
	relink_status status = RELINK_OK;
	unsigned version = byte_read(record);
	*out_shape = (struct shape){.code = ABSOLUTE, .handler = OMIT};
	for (unsigned letter; (letter = byte_read(record)) != 0 && !record->is_damaged;) {
		if (count == sizeof letters)
			record->is_damaged = true;
		else
			letters[count++] = (unsigned char)letter;
	}
	(void)number_read(record); /* code alignment, data alignment, return address */
	(void)number_read(record);
	if (version == 1)
		(void)byte_read(record);
	else
		(void)number_read(record);
	for (size_t i = 0; i < count && status == RELINK_OK; i++) {
		if (letters[i] == 'z' && i == 0) {
			out_shape->has_size = true;
			(void)number_read(record);
		} else if (letters[i] == 'L') {
			out_shape->handler = byte_read(record);
		} else if (letters[i] == 'R') {
			out_shape->code = byte_read(record);
		} else if (letters[i] == 'P') {
			unsigned encoding = byte_read(record);
			if (repairs)
				status = pointer_repair(record, encoding);
			else
				record->at += pointer_size(encoding);
		} else if (letters[i] != 'S' && letters[i] != 'B') {
			record->is_damaged = true;
		}
	}
	return status;
}

/* The section, and what is written of it elsewhere. */
struct frames {
	struct rl_repair *r;
	unsigned char *bytes;
	uint64_t vaddr, size;
	unsigned char *room; /* for records of what moves */
	uint64_t room_vaddr, room_size, used;
	uint64_t common, common_copy; /* the common entry that was copied last, and where it is in the room; 0: none */
	size_t table_count;
};

static relink_status frames_fail(const struct frames *frames)
{
	return rl_repair_fail(frames->r, RELINK_E_OBJECT_MALFORMED, 0);
}

/* The record at AT.  False: the section ends there. */
static bool record_open(const struct frames *frames, uint64_t at, struct record *out_record)
{
	uint32_t length;
	if (at > frames->size || frames->size - at < sizeof length)
		return false;
	memcpy(&length, frames->bytes + at, sizeof length);
	*out_record = (struct record){.r = frames->r,
				      .bytes = frames->bytes + at,
				      .vaddr = frames->vaddr + at,
				      .at = sizeof length,
				      .end = sizeof length};
	if (length == 0)
		return false;
	out_record->is_damaged = length > frames->size - at - sizeof length || length < sizeof length;
	if (!out_record->is_damaged)
		out_record->end += length;
	return true;
}

/* The distance from its own second word to its common entry, 0 if it is one. */
static uint32_t id_read(struct record *record)
{
	uint32_t id;
	memcpy(&id, record->bytes + record->at, sizeof id);
	record->at += sizeof id;
	return id;
}

/* What the common entry of the record at AT with this ID says.  False: it is damaged. */
static bool shape_find(const struct frames *frames, uint64_t at, uint32_t id, uint64_t *out_common,
		       struct shape *out_shape)
{
	struct record common;
	*out_common = at + sizeof(uint32_t) - id;
	if (id > at + sizeof(uint32_t) || !record_open(frames, *out_common, &common) || common.is_damaged
	    || id_read(&common) != 0)
		return false;
	(void)common_read(&common, false, out_shape);
	return !common.is_damaged;
}

/* What of a function's record points elsewhere: the function, and its handler's table. */
static relink_status pointers_repair(struct record *record, const struct shape *shape)
{
	relink_status status = pointer_repair(record, shape->code);
	record->at += pointer_size(shape->code); /* the function's length */
	if (status != RELINK_OK || !shape->has_size || record->at > record->end)
		return status;
	(void)number_read(record);
	return pointer_repair(record, shape->handler);
}

/* First walk: what stays is repaired, what moves is noted. */
static relink_status record_visit(struct frames *frames, uint64_t at, struct record *record)
{
	struct rl_repair *r = frames->r;
	struct shape shape;
	uint64_t common;
	uint32_t id = id_read(record);
	if (id == 0)
		return common_read(record, true, &shape);
	if (!shape_find(frames, at, id, &common, &shape)) {
		record->is_damaged = true;
		return RELINK_OK;
	}
	uint64_t code = pointer_target(record, shape.code);
	if (code == 0 || record->is_damaged || rl_repair_distance(r, code) == 0)
		return pointers_repair(record, &shape);
	return rl_mark_add(&r->records, code + rl_repair_distance(r, code), at, 0)
		       ? RELINK_OK
		       : rl_repair_fail(r, RELINK_E_MEMORY, 0);
}

/* Room for SIZE bytes; NULL: there is none left. */
static unsigned char *room_take(struct frames *frames, uint64_t size)
{
	if (size > frames->room_size - frames->used)
		return NULL;
	frames->used += size;
	return frames->room + frames->used - size;
}

/* Copy RECORD, all of which lies in the section; *out_copy can be repaired. */
static bool record_copy(struct frames *frames, const struct record *record, struct record *out_copy)
{
	uint64_t place = frames->room_vaddr + frames->used;
	unsigned char *bytes = room_take(frames, record->end);
	if (bytes == NULL)
		return false;
	memcpy(bytes, record->bytes, record->end);
	*out_copy = *record;
	out_copy->bytes = bytes;
	out_copy->moves = place - record->vaddr;
	return true;
}

/* Copy the record that MARK tells of, behind its common entry, and leave an empty one: a function at 0 is none. */
static relink_status record_move(struct frames *frames, struct rl_mark *mark)
{
	struct record record, common, copy;
	struct shape shape;
	uint64_t common_at;
	if (!record_open(frames, mark->target, &record))
		return frames_fail(frames);
	uint32_t id = id_read(&record);
	if (!shape_find(frames, mark->target, id, &common_at, &shape))
		return frames_fail(frames);
	relink_status status = RELINK_OK;
	if (frames->common_copy == 0 || frames->common != common_at) {
		(void)record_open(frames, common_at, &common);
		frames->common = common_at;
		frames->common_copy = frames->used + 1;
		if (!record_copy(frames, &common, &copy))
			return frames_fail(frames);
		(void)id_read(&copy);
		status = common_read(&copy, true, &shape);
	}
	uint64_t place = frames->used;
	if (status != RELINK_OK || !record_copy(frames, &record, &copy))
		return status != RELINK_OK ? status : frames_fail(frames);
	id = (uint32_t)(place + sizeof id - (frames->common_copy - 1));
	memcpy(copy.bytes + sizeof id, &id, sizeof id);
	memset(record.bytes + record.at, 0, pointer_size(shape.code));
	mark->distance = frames->room_vaddr + place;
	return pointers_repair(&copy, &shape);
}

/* Second walk: a table for each run of code, which ends with a zero word. */
static relink_status records_move(struct frames *frames)
{
	struct rl_repair *r = frames->r;
	const struct rl_mark *last = NULL;
	relink_status status = RELINK_OK;
	uintptr_t *tables = r->member->placement->frame_tables;
	rl_marks_sort(&r->records);
	for (size_t i = 0; i < r->records.count && status == RELINK_OK; i++) {
		const struct rl_mark *run = rl_mark_before(r->runs, r->records.items[i].place);
		if (run != last) {
			if (last != NULL && room_take(frames, sizeof(uint32_t)) == NULL)
				return frames_fail(frames);
			frames->common_copy = 0;
			tables[frames->table_count++] = r->bias + frames->room_vaddr + frames->used;
			last = run;
		}
		status = record_move(frames, &r->records.items[i]);
	}
	if (status == RELINK_OK && last != NULL && room_take(frames, sizeof(uint32_t)) == NULL)
		return frames_fail(frames);
	return status;
}

static relink_status section_repair(struct rl_repair *r, const Elf64_Shdr *header)
{
	const struct rl_arena_memory *memory = r->member->placement->frames;
	struct frames frames = {.r = r,
				.vaddr = header->sh_addr,
				.size = header->sh_size,
				.room = (unsigned char *)r->member->frames,
				.room_vaddr = memory->address - r->bias,
				.room_size = memory->size};
	struct record record;
	frames.bytes = rl_repair_at(r, header->sh_addr, header->sh_size);
	if (frames.bytes == NULL)
		return frames_fail(&frames);
	for (uint64_t at = 0; record_open(&frames, at, &record); at += record.end) {
		relink_status status = record.is_damaged ? RELINK_OK : record_visit(&frames, at, &record);
		if (status != RELINK_OK || record.is_damaged)
			return status != RELINK_OK ? status : frames_fail(&frames);
	}
	return records_move(&frames);
}

/* A pair of .eh_frame_hdr: a function and its record, both from the header's start. */
struct pair {
	int32_t code, record;
};

static void pairs_sort(char *bytes, size_t count)
{
	size_t gap = 1;
	while (gap < count / 3)
		gap = gap * 3 + 1;
	for (; gap > 0; gap /= 3)
		for (size_t i = gap; i < count; i++) {
			struct pair pair, other;
			size_t at = i;
			memcpy(&pair, bytes + i * sizeof pair, sizeof pair);
			for (; at >= gap; at -= gap) {
				memcpy(&other, bytes + (at - gap) * sizeof other, sizeof other);
				if (other.code <= pair.code)
					break;
				memcpy(bytes + at * sizeof other, &other, sizeof other);
			}
			memcpy(bytes + at * sizeof pair, &pair, sizeof pair);
		}
}

/* Entry PAIR of the table of .eh_frame_hdr, which is at VADDR. */
static relink_status pair_repair(const struct rl_repair *r, unsigned char *bytes, uint64_t vaddr)
{
	struct pair pair;
	memcpy(&pair, bytes, sizeof pair);
	uint64_t code = vaddr + (uint64_t)(int64_t)pair.code, distance = rl_repair_distance(r, code);
	if (distance == 0)
		return RELINK_OK;
	const struct rl_mark *mark = rl_mark_before(&r->records, code + distance);
	if (mark == NULL || mark->place != code + distance)
		return rl_repair_fail(r, RELINK_E_OBJECT_MALFORMED, 0);
	uint64_t record = vaddr + (uint64_t)(int64_t)pair.record;
	relink_status status = rl_repair_add(r, bytes, distance, R_X86_64_PC32);
	return status == RELINK_OK ? rl_repair_add(r, bytes + 4, mark->distance - record, R_X86_64_PC32) : status;
}

static relink_status header_repair(const struct rl_repair *r, const Elf64_Phdr *phdr)
{
	enum { HEAD = 12 };
	static const unsigned char usual[] = {1, PC_RELATIVE | SDATA4, UDATA4, DATA_RELATIVE | SDATA4};
	unsigned char *bytes = rl_repair_at(r, phdr->p_vaddr, phdr->p_filesz);
	relink_status status = RELINK_OK;
	uint32_t count;
	if (bytes == NULL || phdr->p_filesz < HEAD)
		return rl_repair_fail(r, RELINK_E_OBJECT_MALFORMED, 0);
	if (memcmp(bytes, usual, sizeof usual) != 0) {
		bytes[2] = bytes[3] = OMIT; /* no table: who unwinds looks at the records */
		return RELINK_OK;
	}
	memcpy(&count, bytes + 8, sizeof count);
	if (count > (phdr->p_filesz - HEAD) / sizeof(struct pair))
		return rl_repair_fail(r, RELINK_E_OBJECT_MALFORMED, 0);
	for (size_t i = 0; i < count && status == RELINK_OK; i++)
		status = pair_repair(r, bytes + HEAD + i * sizeof(struct pair), phdr->p_vaddr);
	pairs_sort((char *)bytes + HEAD, count);
	return status;
}

relink_status rl_repair_frames(struct rl_repair *r)
{
	const Elf64_Phdr *phdrs = r->info->program_headers;
	for (size_t i = 0; i < r->info->section_count; i++) {
		const Elf64_Shdr *section = &r->sections[i];
		if (!(section->sh_flags & SHF_ALLOC) || section->sh_type == SHT_NOBITS || section->sh_size == 0
		    || strcmp(relink_scan_section_name(r->member->scan, i), ".eh_frame") != 0)
			continue;
		relink_status status = section_repair(r, section);
		if (status != RELINK_OK)
			return status;
		break; /* there is one */
	}
	for (size_t i = 0; i < r->info->program_header_count; i++)
		if (phdrs[i].p_type == PT_GNU_EH_FRAME && phdrs[i].p_filesz != 0)
			return header_repair(r, &phdrs[i]);
	return RELINK_OK;
}
