/* The ELF header and program headers of a file (gABI chapters 4 and 5). */
#ifndef RL_ELF_HEADER_H
#define RL_ELF_HEADER_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/status.h"

/* The first bytes of a file, read once: enough for the header and the program headers of any usual file. */
struct rl_file_head {
	_Alignas(16) unsigned char bytes[1024];
	size_t size; /* bytes really read */
};

/* Check the header of a candidate file as the original does, in its order.  RL_ELF_CLASS and RL_ELF_MACHINE mean
 * "for another machine": a search goes on past such a file.
 */
RL_NODISCARD enum rl_status rl_header_check(const struct rl_file_head *head);

#endif
