/* A file whose sections move, while all that refers to them is being repaired.  Addresses are the file's. */
#ifndef RL_LIBDL_RELINK_REPAIR_H
#define RL_LIBDL_RELINK_REPAIR_H

#include "closure.h"

/* An address, and what is known about it. */
struct rl_mark {
	uint64_t place, target, distance;
};

struct rl_marks {
	struct rl_mark *items; /* by place, once sorted */
	size_t count, capacity;
};

struct rl_repair {
	struct rl_member *member;
	const relink_scan_info *info;
	const Elf64_Shdr *sections;
	uintptr_t bias;
	bool has_functions;          /* pieces smaller than a section */
	uint64_t consumed;           /* a place that the relocation before it has dealt with; 0: none */
	struct rl_marks words;       /* 64-bit addresses: what they mean, and how far that moves */
	struct rl_marks fields;      /* places of relocations in code */
	struct rl_marks tables;      /* data that code refers to: where jump tables begin */
	const struct rl_marks *runs; /* new places of pieces that follow each other */
	struct rl_marks
		records; /* unwind records of what moves: by the new address of the code, the old of the record */
	relink_error *error;
};

/* SIZE bytes of the image at VADDR, or NULL if the file has none there. */
void *rl_repair_at(const struct rl_repair *r, uint64_t vaddr, uint64_t size);
/* How far what is at VADDR moves; and what is in SECTION, where VADDR may be its end. */
uint64_t rl_repair_distance(const struct rl_repair *r, uint64_t vaddr);
uint64_t rl_repair_distance_in(const struct rl_repair *r, size_t section, uint64_t vaddr);
relink_status rl_repair_fail(const struct rl_repair *r, relink_status status, unsigned value);
/* Add DISTANCE to the 32-bit number at BYTES. */
relink_status rl_repair_add(const struct rl_repair *r, void *bytes, uint64_t distance, unsigned type);

bool rl_mark_add(struct rl_marks *marks, uint64_t place, uint64_t target, uint64_t distance);
void rl_marks_sort(struct rl_marks *marks);
/* The last mark at or before PLACE, or NULL. */
const struct rl_mark *rl_mark_before(const struct rl_marks *marks, uint64_t place);

/* retained.c: the relocations that the link editor kept, in words, fields and tables, and applied. */
relink_status rl_repair_retained(struct rl_repair *r);
/* repair_frames.c: .eh_frame and its header. */
relink_status rl_repair_frames(struct rl_repair *r);

#endif
