/* Reading a constant out of a function of a known shape, without running it.  Every port supplies both leaves
 * (arch/<cpu>/anchor.c).
 *
 * A C library that was built without us tells where the fields are that it reads only in its code.  These leaves look
 * at a function of a few instructions; they never follow a branch and never look outside [code, code + size).  False
 * means that the code has no such instruction, which callers take for "not a library that we know".
 */
#ifndef RL_ARCH_ANCHOR_H
#define RL_ARCH_ANCHOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The offset from a pointer at which the code first loads a pointer-sized value, or jumps or calls through one, with
 * the wide form of displacement that the CPU needs for far fields.  Near fields (x86: below 128) are passed over. */
bool rl_port_code_field(const void *code, size_t size, uint32_t *out_offset);

/* The first address that the code forms relative to itself, as a distance from its start. */
bool rl_port_code_address(const void *code, size_t size, int64_t *out_distance);

#endif
