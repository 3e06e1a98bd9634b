/* The engine's failures as the library's, and their words. */
#include <string.h>

#include "engine.h"

static const struct {
	const char *name, *text;
} words[RELINK_STATUS_COUNT] = {
#define WORDS(value, text) [value] = {#value, text}
	WORDS(RELINK_OK, "no error"),
	WORDS(RELINK_E_MEMORY, "out of memory"),
	WORDS(RELINK_E_ARGUMENT, "invalid argument"),
	WORDS(RELINK_E_HANDLE, "not a module of this context, or one that was given back"),
	WORDS(RELINK_E_HOST, "the process's own dynamic linker was not found"),
	WORDS(RELINK_E_REFUSED, "refused by a callback"),
	WORDS(RELINK_E_INTERNAL, "unexpected failure"),
	WORDS(RELINK_E_IO_OPEN, "cannot be opened"),
	WORDS(RELINK_E_IO_READ, "cannot be read"),
	WORDS(RELINK_E_IO_SHORT, "file is too short"),
	WORDS(RELINK_E_EHDR_MAGIC, "not an ELF file"),
	WORDS(RELINK_E_EHDR_CLASS, "wrong ELF class"),
	WORDS(RELINK_E_EHDR_DATA, "wrong byte order"),
	WORDS(RELINK_E_EHDR_VERSION, "unknown ELF version"),
	WORDS(RELINK_E_EHDR_OSABI, "for another operating system"),
	WORDS(RELINK_E_EHDR_MACHINE, "for another CPU"),
	WORDS(RELINK_E_EHDR_TYPE, "neither program, library nor object file"),
	WORDS(RELINK_E_EHDR_ENTRY, "header table entries of a wrong size"),
	WORDS(RELINK_E_KIND, "not of the kind that was asked for"),
	WORDS(RELINK_E_PHDR_NONE, "no loadable segment"),
	WORDS(RELINK_E_PHDR_ALIGN, "segment address and offset do not agree"),
	WORDS(RELINK_E_PHDR_MALFORMED, "damaged program headers"),
	WORDS(RELINK_E_MAP, "cannot be mapped"),
	WORDS(RELINK_E_STACK, "asks for an executable stack"),
	WORDS(RELINK_E_DYN_NONE, "no dynamic section"),
	WORDS(RELINK_E_DYN_MALFORMED, "damaged dynamic section"),
	WORDS(RELINK_E_VERSION, "version not found"),
	WORDS(RELINK_E_VERSION_FORMAT, "unknown form of version records"),
	WORDS(RELINK_E_REL_SYMBOL, "undefined symbol"),
	WORDS(RELINK_E_REL_TYPE, "unknown relocation type"),
	WORDS(RELINK_E_REL_MALFORMED, "damaged relocation"),
	WORDS(RELINK_E_REL_OVERFLOW, "relocation does not fit"),
	WORDS(RELINK_E_REL_PROTECT, "segment cannot be made writable for relocation"),
	WORDS(RELINK_E_TLS_STATIC, "needs static thread-local storage"),
	WORDS(RELINK_E_LINK_DEPENDENCY, "dependency not found"),
	WORDS(RELINK_E_LINK_EXISTS, "a module of this name is there already"),
	WORDS(RELINK_E_SYMBOL, "no such symbol"),
	WORDS(RELINK_E_OBJECT_MALFORMED, "damaged section headers or symbols"),
	WORDS(RELINK_E_ARCHIVE, "damaged archive"),
	WORDS(RELINK_E_LINK_TWICE, "symbol is defined twice"),
	WORDS(RELINK_E_PAGE_SIZE, "page size is no power of two or no multiple of the kernel's"),
	WORDS(RELINK_E_VIEW_SIZE, "section is no array of entries of this size"),
	WORDS(RELINK_E_VIEW_ALIGN, "section does not suit entries of this alignment"),
	WORDS(RELINK_E_UNMOVABLE, "cannot be moved (linked with --emit-relocs?)"),
#undef WORDS
};

static const unsigned char statuses[RL_STATUS_COUNT] = {
	[RL_OK] = RELINK_OK,
	[RL_NO_MEMORY] = RELINK_E_MEMORY,
	[RL_FILE_NOT_FOUND] = RELINK_E_IO_OPEN,
	[RL_FILE_UNREADABLE] = RELINK_E_IO_READ,
	[RL_FILE_STAT] = RELINK_E_IO_READ,
	[RL_FILE_TOO_SHORT] = RELINK_E_IO_SHORT,
	[RL_ELF_MAGIC] = RELINK_E_EHDR_MAGIC,
	[RL_ELF_CLASS] = RELINK_E_EHDR_CLASS,
	[RL_ELF_DATA] = RELINK_E_EHDR_DATA,
	[RL_ELF_IDENT_VERSION] = RELINK_E_EHDR_VERSION,
	[RL_ELF_OSABI] = RELINK_E_EHDR_OSABI,
	[RL_ELF_ABI_VERSION] = RELINK_E_EHDR_OSABI,
	[RL_ELF_PADDING] = RELINK_E_EHDR_VERSION,
	[RL_ELF_VERSION] = RELINK_E_EHDR_VERSION,
	[RL_ELF_MACHINE] = RELINK_E_EHDR_MACHINE,
	[RL_ELF_TYPE] = RELINK_E_EHDR_TYPE,
	[RL_ELF_PHENTSIZE] = RELINK_E_EHDR_ENTRY,
	[RL_SEGMENT_ALIGN] = RELINK_E_PHDR_ALIGN,
	[RL_SEGMENT_OFFSET] = RELINK_E_PHDR_ALIGN,
	[RL_SEGMENT_NONE] = RELINK_E_PHDR_NONE,
	[RL_SEGMENT_DAMAGED] = RELINK_E_PHDR_MALFORMED,
	[RL_MAP_SEGMENT] = RELINK_E_MAP,
	[RL_MAP_ZERO] = RELINK_E_MAP,
	[RL_MAP_PROTECT] = RELINK_E_MAP,
	[RL_STACK_EXECUTABLE] = RELINK_E_STACK,
	[RL_DYNAMIC_NONE] = RELINK_E_DYN_NONE,
	[RL_DYNAMIC_DAMAGED] = RELINK_E_DYN_MALFORMED,
	[RL_OPEN_EXECUTABLE] = RELINK_E_KIND,
	[RL_OPEN_PIE] = RELINK_E_KIND,
	[RL_VERSION_NOT_FOUND] = RELINK_E_VERSION,
	[RL_VERSION_RELR] = RELINK_E_VERSION,
	[RL_VERSION_FORMAT] = RELINK_E_VERSION_FORMAT,
	[RL_SYMBOL_UNDEFINED] = RELINK_E_REL_SYMBOL,
	[RL_RELOC_TYPE] = RELINK_E_REL_TYPE,
	[RL_RELOC_DAMAGED] = RELINK_E_REL_MALFORMED,
	[RL_RELOC_OVERFLOW] = RELINK_E_REL_OVERFLOW,
	[RL_RELOC_WRITABLE] = RELINK_E_REL_PROTECT,
	[RL_OBJECT_DAMAGED] = RELINK_E_OBJECT_MALFORMED,
	[RL_ARCHIVE_DAMAGED] = RELINK_E_ARCHIVE,
	[RL_SYMBOL_TWICE] = RELINK_E_LINK_TWICE,
	[RL_NAME_TAKEN] = RELINK_E_LINK_EXISTS,
	[RL_REFUSED] = RELINK_E_REFUSED,
	[RL_TLS_STATIC_FULL] = RELINK_E_TLS_STATIC,
	[RL_REQUEST_HANDLE] = RELINK_E_HANDLE,
};

static void copy(char *to, size_t size, const char *from)
{
	rl_text_format(to, size, "%s", from == NULL ? "" : from);
}

relink_status rl_error_take(struct rl_diag *diag, relink_error *error)
{
	relink_status status = (relink_status)statuses[diag->status];
	if (status == RELINK_OK && diag->status != RL_OK)
		status = RELINK_E_INTERNAL;
	if (diag->status == RL_TLS_STATIC_FULL)
		diag->value = (unsigned)diag->wanted;
	if (diag->status == RL_FILE_NOT_FOUND && diag->requester[0] != '\0')
		status = RELINK_E_LINK_DEPENDENCY;
	if (error != NULL) {
		*error = (relink_error){
			.status = status, .error_number = diag->error_number, .value = diag->value};
		copy(error->file, sizeof error->file, diag->subject);
		copy(error->requester, sizeof error->requester, diag->requester);
		copy(error->symbol, sizeof error->symbol, diag->symbol);
		copy(error->version, sizeof error->version, diag->version);
	}
	rl_diag_drop(diag);
	return status;
}

relink_status rl_error_plain(relink_error *error, relink_status status, const char *file)
{
	if (error != NULL) {
		*error = (relink_error){.status = status};
		copy(error->file, sizeof error->file, file);
	}
	return status;
}

static bool is_status(relink_status status)
{
	return (unsigned)status < RELINK_STATUS_COUNT && words[status].name != NULL;
}

const char *relink_status_name(relink_status status)
{
	return is_status(status) ? words[status].name : "RELINK_E_INTERNAL";
}

const char *relink_status_text(relink_status status)
{
	return is_status(status) ? words[status].text : words[RELINK_E_INTERNAL].text;
}

size_t relink_error_format(const relink_error *error, char *buffer, size_t size)
{
	char number[32] = "", reason[128] = "";
	const char *requester = strcmp(error->requester, error->file) == 0 ? "" : error->requester;
	const char *kernel = error->error_number == 0 || rl_host.functions.strerror == NULL
				     ? NULL : rl_host.functions.strerror(error->error_number);
	if (kernel != NULL)
		rl_text_format(reason, sizeof reason, ": %s", kernel);
	else if (error->error_number != 0)
		rl_text_format(reason, sizeof reason, ": error %d", error->error_number);
	if (error->status == RELINK_E_REL_TYPE || error->status == RELINK_E_REL_MALFORMED
	    || error->status == RELINK_E_REL_OVERFLOW)
		rl_text_format(number, sizeof number, " (type %u)", error->value);
	if (error->status == RELINK_E_TLS_STATIC || error->status == RELINK_E_VIEW_SIZE
	    || error->status == RELINK_E_VIEW_ALIGN)
		rl_text_format(number, sizeof number, " (%u bytes)", error->value);
	return rl_text_format(buffer, size, "%s%s%s%s%s%s%s%s%s%s%s%s", error->file,
			      error->file[0] != '\0' ? ": " : "", relink_status_text(error->status),
			      error->symbol[0] != '\0' ? ": " : "", error->symbol,
			      error->version[0] != '\0' ? ", version " : "", error->version, number, reason,
			      requester[0] != '\0' ? " (needed by " : "", requester,
			      requester[0] != '\0' ? ")" : "");
}

const char *relink_version(void)
{
	return RL_VERSION_STRING;
}
