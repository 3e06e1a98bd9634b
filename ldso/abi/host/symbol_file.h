/* What gdb is told of one object: a file in memory with the object's sections under their addresses. */
#ifndef RL_ABI_HOST_SYMBOL_FILE_H
#define RL_ABI_HOST_SYMBOL_FILE_H

#include "host.h"

/* gdb's side of the contract comes first; it knows these names and layouts. */
struct rl_host_symbol_file {
	struct rl_host_symbol_file *next, *previous;
	const void *start;
	uint64_t size;
	int fd; /* a file without a path of its own, kept for gdb to read; -1: none */
};

/* FILE: what OBJECT was made from; NULL: whatever its path leads to, if that is it.  NULL: no file, or no memory. */
struct rl_host_symbol_file *rl_host_symbol_file_make(const struct rl_object *object, const struct rl_file *file);
void rl_host_symbol_file_drop(struct rl_host_symbol_file *file);

#endif
