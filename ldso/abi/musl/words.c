/* Failures in musl's words: scripts know these sentences. */
#include "../../base/heap.h"
#include "../../base/text.h"
#include "musl.h"

#include <errno.h>

/* What libc's strerror says of the errors that loading meets, for the time before libc can be called. */
static const struct {
	int number;
	char text[32];
} errors[] = {
	{EPERM, "Operation not permitted"}, {ENOENT, "No such file or directory"},
	{EIO, "I/O error"},		    {ENXIO, "No such device or address"},
	{ENOEXEC, "Exec format error"},	    {EAGAIN, "Resource temporarily unavailable"},
	{EBUSY, "Resource busy"},	    {ENOMEM, "Out of memory"},
	{EACCES, "Permission denied"},
	{ENODEV, "No such device"},	    {ENOTDIR, "Not a directory"},
	{EISDIR, "Is a directory"},	    {EINVAL, "Invalid argument"},
	{ENFILE, "Too many open files in system"}, {EMFILE, "No file descriptors available"},
	{ELOOP, "Symbolic link loop"},	    {ENAMETOOLONG, "Filename too long"},
};

const char *rl_musl_errno_text(const struct rl_musl *musl, int number)
{
	if (musl->functions.strerror != NULL)
		return musl->functions.strerror(number);
	for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
		if (errors[i].number == number)
			return errors[i].text;
	return "No error information";
}

/* The error number that musl would report for a file that is not what it should be. */
static int error_number(const struct rl_diag *diag)
{
	if (diag->status == RL_NO_MEMORY)
		return ENOMEM;
	if (diag->status == RL_MAP_SEGMENT && diag->error_number == EEXIST)
		return EBUSY; /* where a file that cannot move wants to be, something is */
	return diag->error_number != 0 ? diag->error_number : ENOEXEC;
}

static size_t sentence(const struct rl_musl *musl, const struct rl_diag *diag, char *buffer, size_t size)
{
	bool has_requester = diag->requester[0] != '\0';
	switch (diag->status) {
	case RL_SYMBOL_UNDEFINED:
		return rl_text_format(buffer, size, "Error relocating %s: %s: symbol not found", diag->subject,
				      diag->symbol);
	case RL_RELOC_TYPE:
		return rl_text_format(buffer, size, "Error relocating %s: unsupported relocation type %d",
				      diag->subject, (int)diag->value);
	case RL_RELOC_DAMAGED:
		return rl_text_format(buffer, size, "Error relocating %s: damaged relocation of type %d",
				      diag->subject, (int)diag->value);
	case RL_MAP_PROTECT:
		return rl_text_format(buffer, size, "Error relocating %s: RELRO protection failed: %s", diag->subject,
				      rl_musl_errno_text(musl, diag->error_number));
	case RL_TLS_STATIC_FULL:
		return rl_text_format(buffer, size,
				      "Error relocating %s: %s: initial-exec TLS resolves to dynamic definition in %s",
				      diag->requester, diag->symbol, diag->subject);
	case RL_REQUEST_UNKNOWN:
		return rl_text_format(buffer, size, "Unsupported request %d", (int)diag->value);
	case RL_REQUEST_NOT_OPEN:
		return rl_text_format(buffer, size, "Library %s is not already loaded", diag->subject);
	case RL_REQUEST_HANDLE:
		return rl_text_format(buffer, size, "Invalid library handle %s", diag->subject);
	case RL_REQUEST_SYMBOL:
		return rl_text_format(buffer, size, "Symbol not found: %s", diag->symbol);
	case RL_REQUEST_INCONSISTENT: /* the line feed is musl's */
		return rl_text_format(buffer, size, "State of %s is inconsistent due to multithreaded fork\n",
				      diag->subject);
	case RL_REQUEST_EXITING:
		return rl_text_format(buffer, size, "Cannot dlopen while program is exiting.");
	default:
		return rl_text_format(buffer, size, "Error loading shared library %s: %s%s%s%s", diag->subject,
				      rl_musl_errno_text(musl, error_number(diag)), has_requester ? " (needed by " : "",
				      diag->requester, has_requester ? ")" : "");
	}
}

char *rl_musl_error_text(const struct rl_musl *musl, const struct rl_diag *diag)
{
	size_t length = sentence(musl, diag, NULL, 0);
	char *text = rl_heap_take(length + 1);
	if (text != NULL)
		sentence(musl, diag, text, length + 1);
	return text;
}

void rl_musl_print(const struct rl_musl *musl, const struct rl_diag *diag)
{
	enum { STDERR = 2 };
	char *text = rl_musl_error_text(musl, diag);
	rl_text_print(STDERR, "%s\n", text == NULL ? "Out of memory" : text);
	rl_heap_give(text);
}
