/*
 * What the small programs of the scenarios share: a check that says what it saw, and hiding a value from the optimiser.
 */
#ifndef SCENARIO_H
#define SCENARIO_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOW(format, expression) printf("%s = " format "\n", #expression, (expression))
#define CHECK(condition) printf("%s: %s\n", #condition, (condition) ? "yes" : "NO")
#define OPAQUE(value) ({ __typeof__(value) opaque_ = (value); __asm__ volatile("" : "+r"(opaque_)); opaque_; })

/* The CPU's instruction that calls a function. */
#if defined(__x86_64__)
#define CALL "call"
#elif defined(__aarch64__)
#define CALL "bl"
#elif defined(__riscv)
#define CALL "call"
#endif

/* The last component of a path. */
static inline const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

/* What dlerror says, for printing. */
#define ERROR_TEXT() ({ const char *text_ = dlerror(); text_ ? text_ : "(no error)"; })

#endif
