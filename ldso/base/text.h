/* Building short texts without libc. */
#ifndef RL_BASE_TEXT_H
#define RL_BASE_TEXT_H

#include <stdarg.h>
#include <stddef.h>

/* Format into BUFFER, always NUL-terminated; returns the length the whole text has.
 * Knows %s %c %d %u %x %lu %lx %zu %% and a width with 0 padding (%016lx). */
size_t rl_text_format(char *buffer, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
size_t rl_text_format_list(char *buffer, size_t size, const char *format, va_list arguments);

/* Write formatted text to descriptor FD in one call (up to 4 KiB in one piece). */
void rl_text_print(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));
void rl_text_print_list(int fd, const char *format, va_list arguments);

#endif
