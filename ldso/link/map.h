/* Mapping a file's segments into memory (gABI "Program Loading"). */
#ifndef RL_LINK_MAP_H
#define RL_LINK_MAP_H

#include "object.h"
#include "policy.h"

/* Map FILE for OBJECT: fills image, map_start, map_end, phdr, entry, is_contiguous, relro, stack_flags, tls and
 * eh_frame_header, and *out_dynamic_vaddr.  FILE_SIZE is the file's length: a segment that ends behind it is refused
 * instead of faulting later.  BELOW: an address that a small object should end at if there is room; 0: it may lie
 * anywhere.  On failure nothing stays mapped, and *out_error is the errno behind it if there is one. */
RL_NODISCARD enum rl_status rl_map_file(const struct rl_file *file, uint64_t file_size, size_t page_size,
					uintptr_t below, struct rl_object *object, uint64_t *out_dynamic_vaddr, int *out_error);

/* The same facts for an image that somebody else mapped (the program, the vDSO, ourselves). */
RL_NODISCARD enum rl_status rl_map_adopt(const Elf64_Phdr *phdrs, size_t count, uintptr_t bias, size_t page_size,
					 struct rl_object *object, uint64_t *out_dynamic_vaddr);

/* Reserve SIZE bytes that nobody can access, with ALIGN, a multiple of PAGE_SIZE; as mmap(2) with FLAGS besides.  Returns
 * the address, or -errno. */
long rl_map_reserve(uint64_t size, uint64_t align, size_t page_size, int flags);

#endif
