/* The fuzzing targets.  Each takes any bytes and must come back: no fault, no endless loop, no read outside.  A
 * target built with FUZZ_ENTRY set to its name is a libFuzzer program; unit/test_fuzz.c runs all of them over the
 * corpus and over mutations that are the same every time. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

int fuzz_header(const uint8_t *data, size_t size);
int fuzz_readers(const uint8_t *data, size_t size);
int fuzz_loader(const uint8_t *data, size_t size);

/* How many inputs were accepted: a target that refuses everything tests nothing. */
extern unsigned long fuzz_accepted;

#ifdef FUZZ_ENTRY
unsigned long fuzz_accepted;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return FUZZ_ENTRY(data, size);
}
#endif

#endif
