/* Failures in glibc's words, for every product that stands in for its linker. */
#ifndef RL_LIBDL_WORDS_H
#define RL_LIBDL_WORDS_H

#include <stdbool.h>

#include "../ldso/base/diag.h"

/* Where the words come from.  The functions are libc's; NULL before it can be called. */
struct rl_words {
	const char *program_name; /* argv[0] */
	char *(*strerror)(int number);
	char *(*dcgettext)(const char *domain, const char *text, int category);
};

/* A failure, taken apart as the original passes it on. */
struct rl_message {
	const char *object;   /* "" or what the sentence starts with */
	const char *occasion; /* for fatal errors */
	int error_number;     /* its text ends the sentence, 0: none */
	char text[1];         /* allocated longer */
};
/* Heap memory, or NULL. */
struct rl_message *rl_words_message(const struct rl_words *words, const struct rl_diag *diag);
/* The line that a failed start prints: "PROGRAM: OCCASION: OBJECT: TEXT: ERROR\n". */
void rl_words_print_fatal(const struct rl_words *words, const struct rl_diag *diag);
/* A warning of start-up, in the original's words. */
void rl_words_print_warning(const struct rl_words *words, const struct rl_diag *diag);
/* What dlerror returns; heap memory, or NULL. */
char *rl_words_error_text(const struct rl_words *words, const struct rl_diag *diag);

#endif
