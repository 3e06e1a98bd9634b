/* Failures in the original's words: programs and scripts know these sentences.  Where the original has none (it would
 * crash), ours is in its style. */
#include "words.h"

#include <stdbool.h>
#include <string.h>

#include "../arch/port.h"
#include "../ldso/base/heap.h"
#include "../ldso/base/text.h"
#include "../ldso/link/tls.h"

static const char *const texts[RL_STATUS_COUNT] = {
	[RL_NO_MEMORY] = "cannot create shared object descriptor",
	[RL_FILE_NOT_FOUND] = "cannot open shared object file",
	[RL_FILE_UNREADABLE] = "cannot read file data",
	[RL_FILE_STAT] = "cannot stat shared object",
	[RL_FILE_TOO_SHORT] = "file too short",
	[RL_ELF_MAGIC] = "invalid ELF header",
	[RL_ELF_CLASS] = "wrong ELF class: ELFCLASS32",
	[RL_ELF_DATA] = "ELF file data encoding not little-endian",
	[RL_ELF_IDENT_VERSION] = "ELF file version ident does not match current one",
	[RL_ELF_OSABI] = "ELF file OS ABI invalid",
	[RL_ELF_ABI_VERSION] = "ELF file ABI version invalid",
	[RL_ELF_PADDING] = "nonzero padding in e_ident",
	[RL_ELF_VERSION] = "ELF file version does not match current one",
	[RL_ELF_MACHINE] = "cannot open shared object file",
	[RL_ELF_TYPE] = "only ET_DYN and ET_EXEC can be loaded",
	[RL_ELF_PHENTSIZE] = "ELF file's phentsize not the expected size",
	[RL_SEGMENT_ALIGN] = "ELF load command alignment not page-aligned",
	[RL_SEGMENT_OFFSET] = "ELF load command address/offset not page-aligned",
	[RL_SEGMENT_NONE] = "object file has no loadable segments",
	[RL_SEGMENT_DAMAGED] = "ELF load command has an impossible address or size",
	[RL_MAP_SEGMENT] = "failed to map segment from shared object",
	[RL_MAP_ZERO] = "cannot map zero-fill pages",
	[RL_MAP_PROTECT] = "cannot change memory protections",
	[RL_STACK_EXECUTABLE] = "cannot enable executable stack as shared object requires",
	[RL_DYNAMIC_NONE] = "object file has no dynamic section",
	[RL_DYNAMIC_DAMAGED] = "object file has a damaged dynamic section",
	[RL_OPEN_EXECUTABLE] = "cannot dynamically load executable",
	[RL_OPEN_PIE] = "cannot dynamically load position-independent executable",
	[RL_OPEN_REFUSED] = "shared object cannot be dlopen()ed",
	[RL_VERSION_FORMAT] = "unsupported version of Verneed record",
	[RL_VERSION_RELR] = "DT_RELR without GLIBC_ABI_DT_RELR dependency",
	[RL_RELOC_DAMAGED] = "damaged relocation",
	[RL_RELOC_WRITABLE] = "cannot make segment writable for relocation",
	[RL_TLS_STATIC_FULL] = "cannot allocate memory in static TLS block",
	[RL_REQUEST_MODE] = "invalid mode for dlopen()",
	[RL_REQUEST_NOT_OPEN] = "shared object not open",
	[RL_REQUEST_NAMESPACE] = "invalid target namespace in dlmopen()",
	[RL_REQUEST_NAMESPACES] = "no more namespaces available for dlmopen()",
	[RL_REQUEST_NOT_IN_BASE] = "invalid namespace",
	[RL_REQUEST_NOT_GLOBAL] = "invalid mode",
	[RL_REQUEST_CALLER] = "RTLD_NEXT used in code not dynamically loaded",
	[RL_REQUEST_UNKNOWN] = "unsupported dlinfo request",
	[RL_REQUEST_PARAMETER] = "invalid mode parameter",
	[RL_TOKEN_FORBIDDEN] = "DST not allowed in SUID/SGID programs",
	[RL_TOKEN_EMPTY] = "empty dynamic string token substitution",
};

/* What the original calls an object that has no path: the program. */
static const char *object_name(const struct rl_words *words, const char *path)
{
	return path[0] != '\0' ? path : words->program_name;
}

static const char *translate(const struct rl_words *words, const char *text)
{
	enum { LC_MESSAGES_CATEGORY = 5 };
	return words->dcgettext == NULL ? text : words->dcgettext("libc", text, LC_MESSAGES_CATEGORY);
}

/* The original's sentence, and then what it keeps to itself. */
static size_t static_tls_sentence(const struct rl_words *words, const struct rl_diag *diag, char *buffer, size_t size)
{
	const char *text = translate(words, texts[RL_TLS_STATIC_FULL]);
	switch ((enum rl_tls_obstacle)diag->value) {
	case RL_TLS_ALIGNMENT:
		return rl_text_format(buffer, size, "%s: alignment %zu wanted, at most %zu possible", text, diag->wanted,
				      diag->possible);
	case RL_TLS_IN_USE:
		return rl_text_format(buffer, size, "%s: its variables are in use as dynamic TLS", text);
	case RL_TLS_NOT_OURS:
		return rl_text_format(buffer, size, "%s", text);
	case RL_TLS_THREADS_FULL:
		return rl_text_format(buffer, size, "%s: %zu bytes wanted, %zu left in running threads", text,
				      diag->wanted, diag->possible);
	default:
		return rl_text_format(buffer, size, "%s: %zu bytes wanted, %zu left", text, diag->wanted, diag->possible);
	}
}

/* The sentence of DIAG into BUFFER; returns its length. */
static size_t sentence(const struct rl_words *words, const struct rl_diag *diag, char *buffer, size_t size)
{
	const char *requester = object_name(words, diag->requester);
	switch (diag->status) {
	case RL_SYMBOL_UNDEFINED:
		return rl_text_format(buffer, size, "undefined symbol: %s%s%s", diag->symbol,
				      diag->has_version ? ", version " : "", diag->version);
	case RL_VERSION_NOT_FOUND:
		if (diag->symbol[0] == '\0')
			return rl_text_format(buffer, size, "no version information available (required by %s)",
					      requester);
		return rl_text_format(buffer, size, "%sversion `%s' not found (required by %s)",
				      diag->value != 0 ? "weak " : "", diag->symbol, requester);
	case RL_RELOC_TYPE:
		return rl_text_format(buffer, size, "unexpected reloc type 0x%02x", diag->value);
	case RL_TLS_STATIC_FULL:
		return static_tls_sentence(words, diag, buffer, size);
	case RL_LIBC_UNKNOWN:
		return rl_text_format(buffer, size, "unsupported release of the C library: GNU libc %s",
				      diag->symbol[0] != '\0' ? diag->symbol : "(unknown)");
	default:
		return rl_text_format(buffer, size, "%s",
				      texts[diag->status] != NULL ? texts[diag->status] : "internal error");
	}
}

/* Whether the subject is what the caller passed, not an object's path. */
static bool is_verbatim(enum rl_status status)
{
	return status == RL_REQUEST_MODE || status == RL_REQUEST_NAMESPACE || status == RL_REQUEST_NAMESPACES;
}

struct rl_message *rl_words_message(const struct rl_words *words, const struct rl_diag *diag)
{
	size_t length = sentence(words, diag, NULL, 0);
	struct rl_message *message = rl_heap_take(sizeof *message + length);
	if (message == NULL)
		return NULL;
	sentence(words, diag, message->text, length + 1);
	/* The original names the object itself for what it bound, the file for what it opened. */
	bool is_bare = diag->status == RL_REQUEST_UNKNOWN || diag->status == RL_REQUEST_PARAMETER
		       || diag->status == RL_REQUEST_CALLER || diag->status == RL_REQUEST_NOT_IN_BASE
		       || diag->status == RL_REQUEST_NOT_GLOBAL;
	message->object = is_bare ? "" : is_verbatim(diag->status) ? diag->subject : object_name(words, diag->subject);
	message->occasion = diag->status == RL_SYMBOL_UNDEFINED ? "symbol lookup error"
								: "error while loading shared libraries";
	message->error_number = diag->error_number;
	return message;
}

/* The few errors the linker knows by itself, as the original prints them before libc works. */
static const char *early_error_text(int number, char *buffer, size_t size)
{
	switch (number) {
	case 1:
		return "Operation not permitted";
	case 2:
		return "No such file or directory";
	case 5:
		return "Input/output error";
	case 12:
		return "Cannot allocate memory";
	case 13:
		return "Permission denied";
	case 22:
		return "Invalid argument";
	default:
		rl_text_format(buffer, size, "Error %d", number);
		return buffer;
	}
}

void rl_words_print_fatal(const struct rl_words *words, const struct rl_diag *diag)
{
	enum { STDERR = 2 };
	char number[24];
	struct rl_message *message = rl_words_message(words, diag);
	if (message == NULL) {
		rl_text_print(STDERR, "%s: error while loading shared libraries: out of memory\n", words->program_name);
		return;
	}
	bool has_error = message->error_number != 0;
	rl_text_print(STDERR, "%s: %s: %s%s%s%s%s\n", words->program_name, message->occasion, message->object,
		      message->object[0] != '\0' ? ": " : "", message->text, has_error ? ": " : "",
		      has_error ? early_error_text(message->error_number, number, sizeof number) : "");
	rl_heap_give(message);
}

void rl_words_print_warning(const struct rl_words *words, const struct rl_diag *diag)
{
	enum { STDERR = 2 };
	if (diag->status == RL_RELOC_OVERFLOW) {
		const char *problem = diag->value == RL_RELOC_COPY
					      ? "has different size in shared object, consider re-linking"
					      : "causes overflow in relocation";
		rl_text_print(STDERR, "%s: Symbol `%s' %s\n", words->program_name, diag->symbol, problem);
		return;
	}
	struct rl_message *message = rl_words_message(words, diag);
	if (message == NULL)
		return;
	rl_text_print(STDERR, "%s: %s: %s\n", words->program_name, message->object, message->text);
	rl_heap_give(message);
}

char *rl_words_error_text(const struct rl_words *words, const struct rl_diag *diag)
{
	char number[24];
	struct rl_message *message = rl_words_message(words, diag);
	if (message == NULL)
		return NULL;
	const char *text = translate(words, message->text);
	const char *error = "";
	if (message->error_number != 0)
		error = words->strerror != NULL
				? words->strerror(message->error_number)
				: early_error_text(message->error_number, number, sizeof number);
	const char *colon = message->object[0] != '\0' ? ": " : "", *error_colon = error[0] != '\0' ? ": " : "";
	size_t length = rl_text_format(NULL, 0, "%s%s%s%s%s", message->object, colon, text, error_colon, error);
	char *line = rl_heap_take(length + 1);
	if (line != NULL)
		rl_text_format(line, length + 1, "%s%s%s%s%s", message->object, colon, text, error_colon, error);
	rl_heap_give(message);
	return line;
}
