/* What follows from a layout row by rule instead of by table.  Pure. */
#include "layout.h"

#include <elf.h>

enum {
	VERSION_TAGS = 16, /* DT_VERSYM and below, counted down from 0x6fffffff */
	EXTRA_TAGS = 3,    /* DT_AUXILIARY, DT_FILTER and a third, counted down from 0x7fffffff */
	VALUE_TAGS = 12,   /* up to DT_VALRNGHI, counted down */
	ADDRESS_TAGS = 11, /* up to DT_ADDRRNGHI, counted down: DT_GNU_HASH */
};

int rl_glibc_info_plain(const struct rl_glibc_layout *layout)
{
	return layout->link_map.l_info_count - VERSION_TAGS - EXTRA_TAGS - VALUE_TAGS - ADDRESS_TAGS
	       - layout->link_map.l_info_thisproc;
}

int rl_glibc_info_index(const struct rl_glibc_layout *layout, int64_t tag)
{
	int processor = rl_glibc_info_plain(layout);
	int versions = processor + layout->link_map.l_info_thisproc;
	int extras = versions + VERSION_TAGS, values = extras + EXTRA_TAGS, addresses = values + VALUE_TAGS;
	if (tag >= 0 && tag < processor)
		return (int)tag;
	if (tag >= DT_LOPROC && tag < DT_LOPROC + layout->link_map.l_info_thisproc)
		return processor + (int)(tag - DT_LOPROC);
	if (tag > 0x6fffffff - VERSION_TAGS && tag <= 0x6fffffff)
		return versions + (int)(0x6fffffff - tag);
	if (tag > 0x7fffffff - EXTRA_TAGS && tag <= 0x7fffffff)
		return extras + (int)(0x7fffffff - tag);
	if (tag > DT_VALRNGHI - VALUE_TAGS && tag <= DT_VALRNGHI)
		return values + (int)(DT_VALRNGHI - tag);
	if (tag > DT_ADDRRNGHI - ADDRESS_TAGS && tag <= DT_ADDRRNGHI)
		return addresses + (int)(DT_ADDRRNGHI - tag);
	return -1;
}
