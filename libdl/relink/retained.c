/* The relocations that the link editor kept (--emit-relocs): which bytes of the file refer to what moves, and what
 * they must say then.  The link editor has applied them, and has often replaced the instruction by a better one
 * without changing the kind of the relocation (psABI, "Optimize GOTPCRELX Relocations"; TLS models), so a field is
 * not computed anew: the bytes tell what it refers to, and it changes by as much as the two ends move apart. */
#include <string.h>

#include "repair.h"

/* psABI, table "Relocation Types", where <elf.h> may lack them. */
enum { GOTPCRELX = 41, REX_GOTPCRELX = 42, CODE_4_GOTPCRELX = 43, CODE_4_GOTTPOFF = 44, CODE_4_TLSDESC = 45 };

/* The table of relocations that is being applied. */
struct retained {
	struct rl_repair *r;
	size_t section; /* that they are for */
	bool is_code;
	const char *symbols;
	size_t symbol_count;
};

/* What a relocation names. */
struct meaning {
	bool is_defined, is_section;
	size_t section;
	uint64_t value;
};

static struct meaning meaning_of(const struct retained *table, const Elf64_Rela *rela)
{
	struct meaning meaning = {0};
	Elf64_Sym symbol;
	size_t index = ELF64_R_SYM(rela->r_info);
	if (index == 0 || index >= table->symbol_count)
		return meaning;
	memcpy(&symbol, table->symbols + index * sizeof symbol, sizeof symbol);
	meaning.is_defined = symbol.st_shndx != SHN_UNDEF && symbol.st_shndx != SHN_ABS;
	meaning.is_section = ELF64_ST_TYPE(symbol.st_info) == STT_SECTION;
	meaning.section = symbol.st_shndx;
	meaning.value = symbol.st_value;
	return meaning;
}

/* How far the address moves that a relocation means, where it is the address itself and nothing made by the link
 * editor. Of functions, a reference by the name of their section alone tells where it leads by its number. */
static uint64_t meaning_distance(const struct retained *table, const struct meaning *meaning, const Elf64_Rela *rela,
				 uint64_t place, bool is_relative)
{
	const struct rl_repair *r = table->r;
	uint64_t address = meaning->value;
	if (meaning->is_section && r->has_functions) {
		address += (uint64_t)rela->r_addend;
		if (is_relative && table->is_code) {
			address += 4; /* from the end of the instruction */
		} else if (is_relative) {
			/* An entry of a jump table counts from the table's start, which code refers to. */
			const struct rl_mark *start = rl_mark_before(&r->tables, place);
			const Elf64_Shdr *section = &r->sections[table->section];
			if (start != NULL && start->place >= section->sh_addr)
				address -= place - start->place;
		}
	}
	return rl_repair_distance_in(r, meaning->section, address);
}

/* The 32-bit field at PLACE counts from itself. */
static relink_status field_repair(const struct retained *table, const Elf64_Rela *rela, uint64_t place)
{
	struct rl_repair *r = table->r;
	unsigned type = ELF64_R_TYPE(rela->r_info);
	struct meaning meaning = meaning_of(table, rela);
	void *bytes = rl_repair_at(r, place, 4);
	int32_t field;
	if (bytes == NULL)
		return rl_repair_fail(r, RELINK_E_REL_MALFORMED, type);
	memcpy(&field, bytes, sizeof field);
	uint64_t own = rl_repair_distance_in(r, table->section, place), distance;
	if (meaning.is_defined && (uint32_t)field == (uint32_t)(meaning.value + (uint64_t)rela->r_addend - place)) {
		distance = meaning_distance(table, &meaning, rela, place, true);
	} else {
		/* A table of the link editor's, or a constant that it found twice: what lies there. */
		uint64_t target = place + (uint64_t)(int64_t)field;
		target += !meaning.is_section ? -(uint64_t)rela->r_addend : table->is_code ? 4 : 0;
		distance = rl_repair_distance(r, target);
	}
	return rl_repair_add(r, bytes, distance - own, type);
}

/* Whether the byte in front of a displacement says that it counts from the instruction pointer. */
static bool is_relative(const unsigned char *instruction)
{
	enum { MOD_AND_RM = 0xc7, RIP = 0x05 };
	return (instruction[-1] & MOD_AND_RM) == RIP;
}

/* The instruction that a relocation was made for refers to a GOT entry, or it was replaced: by one with an address that
 * counts from itself, maybe a byte earlier, or by one with a number. */
static relink_status got_repair(const struct retained *table, const Elf64_Rela *rela)
{
	enum { CALL = 0xe8, JUMP = 0xe9, NOP = 0x90 };
	uint64_t place = rela->r_offset;
	const unsigned char *bytes = rl_repair_at(table->r, place - 2, 6);
	if (bytes == NULL)
		return rl_repair_fail(table->r, RELINK_E_REL_MALFORMED, ELF64_R_TYPE(rela->r_info));
	bytes += 2;
	if ((bytes[-2] == JUMP || bytes[-2] == CALL) && bytes[3] == NOP)
		return field_repair(table, rela, place - 1);
	if (is_relative(bytes) || bytes[-1] == CALL)
		return field_repair(table, rela, place);
	struct meaning meaning = meaning_of(table, rela);
	if (meaning.is_defined && rl_repair_distance_in(table->r, meaning.section, meaning.value) != 0)
		return rl_repair_fail(table->r, RELINK_E_REL_TYPE, ELF64_R_TYPE(rela->r_info));
	return RELINK_OK;
}

/* Thread-local variables: the model may be a simpler one than the relocation's.  TLSGD and TLSLD come with a call,
 * whose relocation is the next one. */
static relink_status thread_repair(const struct retained *table, const Elf64_Rela *rela)
{
	struct rl_repair *r = table->r;
	unsigned type = ELF64_R_TYPE(rela->r_info);
	const unsigned char *bytes = rl_repair_at(r, rela->r_offset - 1, 5);
	if (bytes == NULL)
		return rl_repair_fail(r, RELINK_E_REL_MALFORMED, type);
	if (is_relative(bytes + 1))
		return field_repair(table, rela, rela->r_offset);
	if (type != R_X86_64_TLSGD && type != R_X86_64_TLSLD)
		return RELINK_OK; /* a number: local-exec */
	r->consumed = rela->r_offset;
	const unsigned char *rest = type == R_X86_64_TLSGD ? rl_repair_at(r, rela->r_offset + 4, 8) : NULL;
	/* add x@gottpoff(%rip), %rax */
	if (rest != NULL && rest[1] == 0x48 && rest[2] == 0x03 && rest[3] == 0x05) {
		Elf64_Rela plain = *rela;
		plain.r_info = ELF64_R_INFO(0, R_X86_64_GOTTPOFF);
		return field_repair(table, &plain, rela->r_offset + 8);
	}
	return RELINK_OK;
}

static bool is_got(const struct rl_repair *r, uint64_t vaddr)
{
	for (size_t i = 0; i < r->info->section_count; i++)
		if (r->sections[i].sh_addr == vaddr
		    && strncmp(relink_scan_section_name(r->member->scan, i), ".got", 4) == 0)
			return true;
	return false;
}

/* 64-bit numbers: from themselves, or from the GOT, which does not move; PLTOFF64 means the PLT, or the function
 * itself. */
static relink_status wide_repair(const struct retained *table, const Elf64_Rela *rela)
{
	struct rl_repair *r = table->r;
	unsigned type = ELF64_R_TYPE(rela->r_info);
	struct meaning meaning = meaning_of(table, rela);
	unsigned char *bytes = rl_repair_at(r, rela->r_offset, 8);
	uint64_t value, distance = 0;
	if (bytes == NULL)
		return rl_repair_fail(r, RELINK_E_REL_MALFORMED, type);
	memcpy(&value, bytes, sizeof value);
	if (meaning.is_defined
	    && (type == R_X86_64_PC64 || type == R_X86_64_GOTOFF64
		|| (type == R_X86_64_PLTOFF64 && is_got(r, meaning.value + (uint64_t)rela->r_addend - value))))
		distance = rl_repair_distance_in(r, meaning.section,
						 meaning.value + (meaning.is_section ? (uint64_t)rela->r_addend : 0));
	if (type != R_X86_64_GOTOFF64 && type != R_X86_64_PLTOFF64)
		distance -= rl_repair_distance_in(r, table->section, rela->r_offset);
	value += distance;
	memcpy(bytes, &value, sizeof value);
	return RELINK_OK;
}

/* Numbers that cannot be repaired: right if neither end moves, or both do together. */
static relink_status narrow_check(const struct retained *table, const Elf64_Rela *rela, bool is_own_relative)
{
	struct meaning meaning = meaning_of(table, rela);
	uint64_t own = is_own_relative ? rl_repair_distance_in(table->r, table->section, rela->r_offset) : 0;
	uint64_t other = meaning.is_defined ? rl_repair_distance_in(table->r, meaning.section, meaning.value) : 0;
	return own == other ? RELINK_OK : rl_repair_fail(table->r, RELINK_E_REL_OVERFLOW, ELF64_R_TYPE(rela->r_info));
}

static relink_status relocation_repair(const struct retained *table, const Elf64_Rela *rela)
{
	switch (ELF64_R_TYPE(rela->r_info)) {
	case R_X86_64_PC32:
	case R_X86_64_PLT32:
	case R_X86_64_GOTPC32:
		return field_repair(table, rela, rela->r_offset);
	case R_X86_64_GOTPCREL:
	case GOTPCRELX:
	case REX_GOTPCRELX:
	case CODE_4_GOTPCRELX:
		return got_repair(table, rela);
	case R_X86_64_TLSGD:
	case R_X86_64_TLSLD:
	case R_X86_64_GOTTPOFF:
	case R_X86_64_GOTPC32_TLSDESC:
	case CODE_4_GOTTPOFF:
	case CODE_4_TLSDESC:
		return thread_repair(table, rela);
	case R_X86_64_PC64:
	case R_X86_64_GOTPC64:
	case R_X86_64_GOTPCREL64:
	case R_X86_64_GOTOFF64:
	case R_X86_64_PLTOFF64:
		return wide_repair(table, rela);
	case R_X86_64_PC8:
	case R_X86_64_PC16:
		return narrow_check(table, rela, true);
	case R_X86_64_8:
	case R_X86_64_16:
	case R_X86_64_32:
	case R_X86_64_32S:
		return narrow_check(table, rela, false);
	case R_X86_64_NONE:
	case R_X86_64_64: /* the dynamic relocation has the address */
	case R_X86_64_GOT32:
	case R_X86_64_GOT64:
	case R_X86_64_GOTPLT64:
	case R_X86_64_DTPMOD64:
	case R_X86_64_DTPOFF32:
	case R_X86_64_DTPOFF64:
	case R_X86_64_TPOFF32:
	case R_X86_64_TPOFF64:
	case R_X86_64_SIZE32:
	case R_X86_64_SIZE64:
	case R_X86_64_TLSDESC_CALL:
		return RELINK_OK;
	default:
		return rl_repair_fail(table->r, RELINK_E_REL_TYPE, ELF64_R_TYPE(rela->r_info));
	}
}

/* First walk: what is needed to understand others. */
static relink_status relocation_note(const struct retained *table, const Elf64_Rela *rela)
{
	struct rl_repair *r = table->r;
	unsigned type = ELF64_R_TYPE(rela->r_info);
	struct meaning meaning = meaning_of(table, rela);
	bool is_kept = true;
	if (type == R_X86_64_64 && meaning.is_defined)
		is_kept = rl_mark_add(
			&r->words, rela->r_offset, meaning.value + (uint64_t)rela->r_addend,
			rl_repair_distance_in(r, meaning.section,
					      meaning.value + (meaning.is_section ? (uint64_t)rela->r_addend : 0)));
	if (r->has_functions && table->is_code && is_kept) {
		is_kept = rl_mark_add(&r->fields, rela->r_offset, 0, 0);
		if (is_kept && type == R_X86_64_PC32 && meaning.is_defined && meaning.section < r->info->section_count
		    && (r->sections[meaning.section].sh_flags & SHF_EXECINSTR) == 0)
			is_kept = rl_mark_add(&r->tables, meaning.value + (uint64_t)rela->r_addend + 4, 0, 0);
	}
	return is_kept ? RELINK_OK : rl_repair_fail(r, RELINK_E_MEMORY, 0);
}

static relink_status section_walk(struct retained *table, const char *relocations, size_t count,
				  relink_status (*visit)(const struct retained *, const Elf64_Rela *))
{
	const Elf64_Shdr *target = &table->r->sections[table->section];
	bool is_call_next = false;
	for (size_t i = 0; i < count; i++) {
		Elf64_Rela rela;
		memcpy(&rela, relocations + i * sizeof rela, sizeof rela);
		unsigned type = ELF64_R_TYPE(rela.r_info);
		if (type == R_X86_64_NONE || is_call_next) {
			is_call_next = false;
			continue;
		}
		if (rela.r_offset < target->sh_addr || rela.r_offset - target->sh_addr >= target->sh_size)
			return rl_repair_fail(table->r, RELINK_E_REL_MALFORMED, type);
		table->r->consumed = 0;
		relink_status status = visit(table, &rela);
		if (status != RELINK_OK)
			return status;
		is_call_next = table->r->consumed != 0;
	}
	return RELINK_OK;
}

/* The bytes that section INDEX has in the file, if it is of TYPE and holds elements of SIZE bytes. */
static const char *table_bytes(const struct rl_repair *r, size_t index, uint32_t type, size_t size, size_t *out_count)
{
	*out_count = 0;
	if (index >= r->info->section_count)
		return NULL;
	const Elf64_Shdr *section = &r->sections[index];
	if (section->sh_type != type || section->sh_entsize != size || section->sh_offset > r->info->size
	    || section->sh_size > r->info->size - section->sh_offset)
		return NULL;
	*out_count = section->sh_size / size;
	return r->member->bytes + section->sh_offset;
}

static relink_status tables_walk(struct rl_repair *r,
				 relink_status (*visit)(const struct retained *, const Elf64_Rela *))
{
	for (size_t i = 0; i < r->info->section_count; i++) {
		const Elf64_Shdr *section = &r->sections[i];
		struct retained table = {.r = r, .section = section->sh_info};
		size_t count;
		if ((section->sh_type != SHT_RELA && section->sh_type != SHT_REL) || (section->sh_flags & SHF_ALLOC)
		    || section->sh_info == 0)
			continue;
		const char *relocations = table_bytes(r, i, SHT_RELA, sizeof(Elf64_Rela), &count);
		table.symbols = table_bytes(r, section->sh_link, SHT_SYMTAB, sizeof(Elf64_Sym), &table.symbol_count);
		if (relocations == NULL || table.symbols == NULL || table.section >= r->info->section_count)
			return rl_repair_fail(r, RELINK_E_OBJECT_MALFORMED, 0);
		const Elf64_Shdr *target = &r->sections[table.section];
		/* What debuggers read is not mapped, and unwind tables explain themselves. */
		if (!(target->sh_flags & SHF_ALLOC) || target->sh_type == SHT_NOBITS
		    || strcmp(relink_scan_section_name(r->member->scan, table.section), ".eh_frame") == 0)
			continue;
		table.is_code = (target->sh_flags & SHF_EXECINSTR) != 0;
		relink_status status = section_walk(&table, relocations, count, visit);
		if (status != RELINK_OK)
			return status;
	}
	return RELINK_OK;
}

relink_status rl_repair_retained(struct rl_repair *r)
{
	relink_status status = tables_walk(r, relocation_note);
	if (status != RELINK_OK)
		return status;
	rl_marks_sort(&r->words);
	rl_marks_sort(&r->fields);
	rl_marks_sort(&r->tables);
	return tables_walk(r, relocation_repair);
}
