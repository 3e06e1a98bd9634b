/* A small formatter and string helpers.  Pure but for rl_text_print. */
#include "text.h"

#include <stdint.h>
#include <string.h>

#include "heap.h"
#include "sys.h"

struct text_sink {
	char *buffer;
	size_t size, length;
};

static void sink_put(struct text_sink *sink, const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++, sink->length++)
		if (sink->length + 1 < sink->size)
			sink->buffer[sink->length] = bytes[i];
}

static void sink_number(struct text_sink *sink, uint64_t value, unsigned base, unsigned width, char pad)
{
	char digits[24];
	unsigned count = 0;
	do {
		digits[sizeof digits - ++count] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	for (unsigned i = count; i < width; i++)
		sink_put(sink, &pad, 1);
	sink_put(sink, digits + sizeof digits - count, count);
}

static void sink_signed(struct text_sink *sink, int64_t value, unsigned width, char pad)
{
	if (value < 0)
		sink_put(sink, "-", 1);
	sink_number(sink, value < 0 ? -(uint64_t)value : (uint64_t)value, 10, width, pad);
}

/* One conversion, FORMAT pointing behind the '%'; returns the first character after it. */
static const char *sink_convert(struct text_sink *sink, const char *format, va_list *arguments)
{
	char pad = ' ';
	unsigned width = 0;
	int is_long = 0;
	if (*format == '0')
		pad = *format++;
	while (*format >= '0' && *format <= '9')
		width = width * 10 + (unsigned)(*format++ - '0');
	while (*format == 'l' || *format == 'z') {
		is_long = 1;
		format++;
	}
	switch (*format) {
	case 's': {
		const char *string = va_arg(*arguments, const char *);
		if (string == NULL)
			string = "(null)";
		sink_put(sink, string, strlen(string));
		break;
	}
	case 'c': {
		char c = (char)va_arg(*arguments, int);
		sink_put(sink, &c, 1);
		break;
	}
	case 'd':
		sink_signed(sink, is_long ? va_arg(*arguments, long) : va_arg(*arguments, int), width, pad);
		break;
	case 'u':
	case 'x':
		sink_number(sink, is_long ? va_arg(*arguments, unsigned long) : va_arg(*arguments, unsigned),
			    *format == 'x' ? 16 : 10, width, pad);
		break;
	default:
		sink_put(sink, format, 1);
	}
	return format + 1;
}

size_t rl_text_format_list(char *buffer, size_t size, const char *format, va_list arguments)
{
	struct text_sink sink = {buffer, size, 0};
	va_list list;
	va_copy(list, arguments);
	while (*format != '\0') {
		if (*format == '%' && format[1] != '\0')
			format = sink_convert(&sink, format + 1, &list);
		else
			sink_put(&sink, format++, 1);
	}
	va_end(list);
	if (size != 0)
		buffer[sink.length < size ? sink.length : size - 1] = '\0';
	return sink.length;
}

size_t rl_text_format(char *buffer, size_t size, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	size_t length = rl_text_format_list(buffer, size, format, arguments);
	va_end(arguments);
	return length;
}

void rl_text_print_list(int fd, const char *format, va_list arguments)
{
	char small[512];
	size_t length = rl_text_format_list(small, sizeof small, format, arguments);
	if (length < sizeof small) {
		rl_sys_write(fd, small, length);
		return;
	}
	char *large = rl_heap_take(length + 1);
	if (large == NULL) {
		rl_sys_write(fd, small, sizeof small - 1);
		return;
	}
	rl_text_format_list(large, length + 1, format, arguments);
	rl_sys_write(fd, large, length);
	rl_heap_give(large);
}

void rl_text_print(int fd, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	rl_text_print_list(fd, format, arguments);
	va_end(arguments);
}
