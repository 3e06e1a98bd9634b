/* The layout of the static TLS area.  Under the load lock, or before threads exist. */
#include "tls.h"

#include <string.h>

#include "linker.h"

static size_t round_up(size_t value, size_t align)
{
	return (value + align - 1) & -align;
}

/* Place a block behind everything used so far, or into the hole an earlier alignment left; returns its offset.
 * The original's rule, so that offsets (and the padding a debugger shows) are the same. */
static size_t static_place(struct rl_tls_state *tls, size_t size, size_t align, size_t first_offset)
{
	size_t first = -first_offset & (align - 1);
	if (tls->gap_high - tls->gap_low >= size) {
		size_t offset = round_up(tls->gap_low + size - first, align) + first;
		if (offset <= tls->gap_high) {
			tls->gap_low = offset;
			return offset;
		}
	}
	size_t offset = round_up(tls->static_used + size - first, align) + first;
	if (offset > tls->static_used + size + (tls->gap_high - tls->gap_low)) {
		tls->gap_low = tls->static_used;
		tls->gap_high = offset - size;
	}
	tls->static_used = offset;
	return offset;
}

/* The same upwards (variant I), where an offset is that of the block's first byte. */
static size_t static_place_above(struct rl_tls_state *tls, size_t size, size_t align, size_t first_offset)
{
	size_t offset = tls->gap_low + ((first_offset - tls->gap_low) & (align - 1));
	if (offset <= tls->gap_high && tls->gap_high - offset >= size) {
		tls->gap_low = offset + size;
		return offset;
	}
	offset = tls->static_used + ((first_offset - tls->static_used) & (align - 1));
	if (offset - tls->static_used > tls->gap_high - tls->gap_low) {
		tls->gap_low = tls->static_used;
		tls->gap_high = offset;
	}
	tls->static_used = offset + size;
	return offset;
}

static size_t place(struct rl_tls_state *tls, size_t size, size_t align, size_t first_offset)
{
	if (align > tls->static_align)
		tls->static_align = align;
	return RL_TLS_BELOW_TP ? static_place(tls, size, align, first_offset)
			       : static_place_above(tls, size, align, first_offset);
}

/* What libc takes for the size of a thread's area, if blocks may reach to LIMIT. */
static size_t static_size_for(const struct rl_linker *linker, size_t limit)
{
	return round_up(limit, linker->tls.static_align) + (RL_TLS_BELOW_TP ? linker->abi.thread_size : 0);
}

/* What the first thread's memory is as a whole.  The descriptor lies where the blocks are not. */
static void area_measure(struct rl_tls_state *tls, size_t thread_size)
{
	size_t blocks = round_up(tls->first_limit, tls->static_align);
	tls->area_pointer = RL_TLS_BELOW_TP ? blocks : round_up(thread_size, tls->static_align);
	tls->area_size = tls->area_pointer + (RL_TLS_BELOW_TP ? thread_size : blocks);
}

void rl_tls_layout(struct rl_linker *linker)
{
	struct rl_tls_state *tls = &linker->tls;
	tls->static_align = linker->abi.thread_align;
	tls->static_used = RL_TLS_TCB_SIZE;
	struct rl_tls_table *table = atomic_load_explicit(&tls->table, memory_order_relaxed);
	for (size_t module = 1; module <= tls->highest_module; module++) {
		struct rl_tls_block *block = &table->slots[module].object->tls;
		block->offset = place(tls, block->size, block->align, block->first_offset);
		block->has_offset = true;
	}
	tls->own_offset = place(tls, sizeof(struct rl_thread), _Alignof(struct rl_thread), 0);
	tls->dtv_place = RL_PORT_DTV_PLACE;
	if (tls->dtv_give != NULL)
		tls->dtv_place = (ptrdiff_t)(uintptr_t)rl_tls_static_address(0, tls->own_offset)
				 + (ptrdiff_t)offsetof(struct rl_thread, cells);
	if (tls->extra_size != 0)
		tls->extra_offset = place(tls, tls->extra_size, tls->extra_align, 0);
	tls->static_start = tls->static_used;
	tls->static_limit = tls->static_used + tls->surplus;
	tls->static_size = static_size_for(linker, tls->static_limit);
	tls->first_limit = tls->static_limit + tls->first_surplus;
	area_measure(tls, linker->abi.thread_size);
}

/* Let the area of all threads reach to USED and leave a surplus for the next module. */
static bool limit_raise(struct rl_linker *linker, size_t used)
{
	struct rl_tls_state *tls = &linker->tls;
	if (used > tls->first_limit || linker->abi.threads_resize == NULL)
		return false;
	size_t limit = used + tls->surplus < tls->first_limit ? used + tls->surplus : tls->first_limit;
	size_t size = static_size_for(linker, limit);
	if (!linker->abi.threads_resize(linker->abi.context, size))
		return false;
	tls->static_limit = limit;
	tls->static_size = size;
	return true;
}

static enum rl_status static_full(struct rl_tls_lack *out_lack, enum rl_tls_obstacle obstacle, size_t wanted,
				  size_t possible)
{
	*out_lack = (struct rl_tls_lack){obstacle, wanted, possible};
	return RL_TLS_STATIC_FULL;
}

static void image_write(struct rl_tls_state *tls, const struct rl_object *object)
{
	size_t end = object->tls.offset + (RL_TLS_BELOW_TP ? 0 : object->tls.size);
	for (struct rl_roster_entry *entry = tls->roster.first; entry != NULL; entry = entry->next)
		if (end <= entry->limit)
			rl_tls_static_write(object, entry->thread_pointer);
}

/* OBJECT's block lies at OFFSET from now on.  False: some thread was faster and has it elsewhere. */
static bool place_commit(struct rl_linker *linker, struct rl_object *object, size_t offset)
{
	struct rl_tls_state *tls = &linker->tls;
	uint64_t old_signals = rl_roster_lock(&tls->roster);
	bool is_free = !object->tls.is_forced_dynamic;
	if (is_free) {
		object->tls.offset = offset;
		if (object->is_relocated)
			image_write(tls, object); /* who waits for the lock to touch it finds its image */
		object->tls.has_offset = true;
	}
	rl_roster_unlock(&tls->roster, old_signals);
	if (is_free && object->is_relocated)
		linker->abi.object_tls(linker->abi.context, object);
	return is_free;
}

enum rl_status rl_tls_static_add(struct rl_linker *linker, struct rl_object *object, struct rl_tls_lack *out_lack)
{
	struct rl_tls_state *tls = &linker->tls;
	struct rl_tls_block *block = &object->tls;
	if (block->has_offset)
		return RL_OK;
	struct rl_tls_state trial = *tls;
	size_t offset = place(&trial, block->size, block->align, block->first_offset);
	if (block->is_forced_dynamic)
		return static_full(out_lack, RL_TLS_IN_USE, block->size, 0);
	if (block->align > tls->static_align)
		return static_full(out_lack, RL_TLS_ALIGNMENT, block->align, tls->static_align);
	bool fits_first = trial.static_used <= tls->first_limit;
	if (trial.static_used > tls->static_limit && !limit_raise(linker, trial.static_used))
		return static_full(out_lack, fits_first ? RL_TLS_THREADS_FULL : RL_TLS_AREA_FULL, block->size,
				   (fits_first ? tls->static_limit : tls->first_limit) - tls->static_used);
	if (!place_commit(linker, object, offset))
		return static_full(out_lack, RL_TLS_IN_USE, block->size, 0);
	tls->static_used = trial.static_used;
	tls->gap_low = trial.gap_low;
	tls->gap_high = trial.gap_high;
	return RL_OK;
}

bool rl_tls_static_offer(struct rl_linker *linker, struct rl_object *object)
{
	struct rl_tls_state *tls = &linker->tls;
	const struct rl_tls_block *block = &object->tls;
	if (block->has_offset)
		return true;
	struct rl_tls_state trial = *tls;
	struct rl_tls_lack lack;
	place(&trial, block->size, block->align, block->first_offset);
	size_t wanted = trial.static_used - tls->static_used;
	if (wanted > tls->optional || trial.static_used > tls->static_limit
	    || rl_tls_static_add(linker, object, &lack) != RL_OK)
		return false;
	tls->optional -= wanted;
	return true;
}

char *rl_tls_static_write(const struct rl_object *object, uintptr_t thread_pointer)
{
	char *start = rl_tls_static_address(thread_pointer, object->tls.offset);
	memcpy(start, object->tls.image, object->tls.image_size);
	memset(start + object->tls.image_size, 0, object->tls.size - object->tls.image_size);
	return start;
}

void rl_tls_static_fill(struct rl_linker *linker, struct rl_object *object)
{
	uint64_t old_signals = rl_roster_lock(&linker->tls.roster);
	image_write(&linker->tls, object);
	rl_roster_unlock(&linker->tls.roster, old_signals);
}
