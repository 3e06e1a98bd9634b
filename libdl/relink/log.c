/* Logs of contexts, in the words of LD_DEBUG (ld.so(8)): which files were tried, what was loaded and relocated, and what
 * each reference was bound to.  Nothing here is reached while no log is wanted. */
#include "log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <string.h>

#include "../../arch/port.h"
#include "../../ldso/base/heap.h"
#include "../../ldso/base/kernel.h"
#include "../../ldso/base/sys.h"
#include "../../ldso/elf/relocatable.h"
#include "../../ldso/link/relocate.h"
#include "../../ldso/link/section.h"

enum { STDERR = 2, PREFIX_SIZE = 16 };

static const struct {
	char name[10];
	unsigned char category;
	const char *text;
} words[] = {
	{"libs", RELINK_LOG_LIBS, "display library search paths"},
	{"reloc", RELINK_LOG_RELOC, "display relocation processing"},
	{"files", RELINK_LOG_FILES, "display progress for input file"},
	{"bindings", RELINK_LOG_BINDINGS, "display information about symbol binding"},
	{"all", RELINK_LOG_ALL, "all previous options combined"},
	{"perfmap", 0, "write functions to /tmp/perf-PID.map"},
	{"help", 0, "display this help message"},
};

static void help_print(void)
{
	char text[1024];
	size_t used = rl_text_format(text, sizeof text, "Valid options for the RELINK_DEBUG environment variable are:\n\n");
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		int gap = (int)(sizeof words[i].name - strlen(words[i].name));
		used += rl_text_format(text + used, sizeof text - used, "  %s", words[i].name);
		for (; gap-- > -2; used++)
			text[used] = ' ';
		used += rl_text_format(text + used, sizeof text - used, "%s\n", words[i].text);
	}
	rl_text_print(STDERR, "%s\nTo direct the log into a file instead of standard error, name one in RELINK_DEBUG_OUTPUT: "
			      "it is called FILE.PID.\n", text);
}

static void word_read(struct rl_log *log, const char *word, size_t length)
{
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strncmp(words[i].name, word, length) != 0 || words[i].name[length] != '\0')
			continue;
		log->categories |= words[i].category;
		log->maps_for_perf |= strcmp(words[i].name, "perfmap") == 0;
		if (strcmp(words[i].name, "help") == 0)
			help_print();
		return;
	}
	char copy[64];
	rl_text_format(copy, length + 1 < sizeof copy ? length + 1 : sizeof copy, "%s", word);
	rl_text_print(STDERR, "warning: debug option `%s' unknown; try RELINK_DEBUG=help\n", copy);
}

/* The file FILE.PID; standard error if it cannot be had. */
static int output_open(const char *file)
{
	size_t size = strlen(file) + PREFIX_SIZE;
	char *path = rl_heap_take(size);
	if (path == NULL)
		return STDERR;
	rl_text_format(path, size, "%s.%d", file, (int)rl_syscall1(SYS_getpid, 0));
	long fd = rl_syscall4(SYS_openat, AT_FDCWD, (long)path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	rl_heap_give(path);
	return rl_sys_is_error(fd) ? STDERR : (int)fd;
}

void rl_log_open(struct rl_log *log, char **envp, bool is_secure)
{
	log->fd = STDERR;
	const char *value = is_secure ? NULL : rl_environment_find(envp, "RELINK_DEBUG");
	const char *output = is_secure ? NULL : rl_environment_find(envp, "RELINK_DEBUG_OUTPUT");
	while (value != NULL && *value != '\0') {
		size_t length = 0;
		while (value[length] != '\0' && value[length] != ' ' && value[length] != ',' && value[length] != ':')
			length++;
		if (length != 0)
			word_read(log, value, length);
		value += length + (value[length] != '\0');
	}
	if (log->categories != 0 && output != NULL && *output != '\0')
		log->fd = output_open(output);
}

void rl_log_close(struct rl_log *log)
{
	if (log->fd > STDERR)
		rl_sys_close(log->fd);
	rl_heap_give(log->seen);
	log->seen = NULL;
	log->fd = STDERR;
	log->categories = 0;
}

/* One call of the caller's function. */
struct telling {
	const struct rl_log *log;
	unsigned category;
	const char *line;
};

static uintptr_t telling_run(uintptr_t argument)
{
	const struct telling *telling = (const struct telling *)argument;
	telling->log->function(telling->log->user, telling->category, telling->line);
	return 0;
}

/* The lines of TEXT that say something, one by one. */
static void function_tell(const struct rl_log *log, unsigned category, char *text)
{
	for (char *line = text, *next; line != NULL; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		struct telling telling = {log, category, line};
		if (*line != '\0') /* a first call through the PLT has vector registers in use */
			(void)rl_port_call_preserving(telling_run, (uintptr_t)&telling);
	}
}

/* With the number of the process before each line, as LD_DEBUG has it. */
static void descriptor_tell(const struct rl_log *log, const char *text)
{
	char prefix[PREFIX_SIZE];
	size_t prefix_size = rl_text_format(prefix, sizeof prefix, "%10d:\t", (int)rl_syscall1(SYS_getpid, 0));
	size_t size = 1, used = 0;
	for (const char *c = text; *c != '\0'; c++)
		size += *c == '\n' ? prefix_size + 1 : 1;
	char *out = rl_heap_take(size);
	if (out == NULL)
		return;
	for (const char *end; *text != '\0'; text = end) {
		end = strchr(text, '\n') + 1;
		memcpy(out + used, prefix, prefix_size);
		memcpy(out + used + prefix_size, text, (size_t)(end - text));
		used += prefix_size + (size_t)(end - text);
	}
	rl_sys_write(log->fd, out, used);
	rl_heap_give(out);
}

void rl_log_write(const struct rl_log *log, unsigned category, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	size_t size = rl_text_format_list(NULL, 0, format, arguments) + 1;
	va_end(arguments);
	char *text = rl_heap_take(size);
	if (text == NULL)
		return;
	va_start(arguments, format);
	rl_text_format_list(text, size, format, arguments);
	va_end(arguments);
	if (log->function != NULL)
		function_tell(log, category, text);
	else
		descriptor_tell(log, text);
	rl_heap_give(text);
}

/* As LD_DEBUG names it.  Definitions of our own, or of a callback, are in no file. */
static const char *name_of(const struct rl_object *object)
{
	const char *const *argv = (const char *const *)rl_engine.linker.argv;
	if (object->path != NULL && object->path[0] != '\0')
		return object->path;
	return object != rl_engine.linker.program ? "<librelink>" : argv[0] != NULL ? argv[0] : "<main program>";
}

/* VISIBILITY is the reference's. */
static void binding_tell(const struct rl_log *log, const struct rl_object *object, const struct rl_binding *binding,
			 unsigned visibility, const char *symbol, const char *version)
{
	rl_log_write(log, RELINK_LOG_BINDINGS, "binding file %s [%lu] to %s [%lu]: %s symbol `%s'%s%s%s\n", name_of(object),
		     (unsigned long)object->namespace->id, name_of(binding->object),
		     (unsigned long)(binding->object->namespace == NULL ? 0 : binding->object->namespace->id),
		     visibility == STV_PROTECTED ? "protected" : "normal", symbol, *version != '\0' ? " [" : "", version,
		     *version != '\0' ? "]" : "");
}

static void mapped_tell(const struct rl_log *log, const struct rl_object *object, const struct rl_file *file)
{
	const char *source = file == NULL ? "mapped already" : file->source != NULL ? "memory" : "file";
	rl_log_write(log, RELINK_LOG_FILES,
		     "\nfile=%s [%lu];  generating link map\n  dynamic: 0x%016lx  base: 0x%016lx   size: 0x%016lx\n"
		     "    entry: 0x%016lx  phdr: 0x%016lx  phnum:   %4zu\n    source: %s\n\n",
		     object->path, (unsigned long)object->namespace->id, (unsigned long)(uintptr_t)object->dynamic.entries,
		     (unsigned long)object->image.bias, (unsigned long)(object->map_end - object->map_start),
		     (unsigned long)object->entry, (unsigned long)(uintptr_t)object->phdr, object->image.phdr_count, source);
}

/* The relocation of OBJECT begins, or goes on. */
static void relocation_tell(struct rl_log *log, const struct rl_object *object)
{
	if (log->relocated == object)
		return;
	log->relocated = object;
	log->last_index = 0;
	rl_heap_give(log->seen);
	log->seen = NULL;
	if (log->categories & RELINK_LOG_RELOC)
		rl_log_write(log, RELINK_LOG_RELOC, "\nrelocation processing: %s%s\n", name_of(object),
			     object->is_lazy ? " (lazy)" : "");
}

void rl_log_event(struct rl_log *log, const struct rl_event *event)
{
	const struct rl_object *object = event->object;
	if (object->is_synthetic || log->categories == 0)
		return;
	if (event->kind == RL_EVENT_MAPPED && (log->categories & RELINK_LOG_FILES))
		mapped_tell(log, object, event->file);
	if (event->kind == RL_EVENT_RELOCATED) {
		relocation_tell(log, object);
		log->relocated = NULL;
	}
	if (event->kind == RL_EVENT_INIT)
		rl_log_write(log, log->categories, "\ncalling init: %s\n\n", object->path);
	if (event->kind == RL_EVENT_FINI && (object->dynamic.fini != 0 || object->dynamic.fini_array.count != 0))
		rl_log_write(log, log->categories, "\ncalling fini: %s [%lu]\n\n", object->path,
			     (unsigned long)object->namespace->id);
	if (event->kind == RL_EVENT_UNMAPPED && (log->categories & RELINK_LOG_FILES))
		rl_log_write(log, RELINK_LOG_FILES, "\nfile=%s [%lu];  destroying link map\n", object->path,
			     (unsigned long)object->namespace->id);
}

/* A relocatable file refers to a symbol from many places: it is told once. */
static void draft_tell(struct rl_log *log, const struct rl_object *object, uint32_t index)
{
	enum { BITS = 8 };
	const struct rl_relocatable *file;
	const uint64_t *places;
	if (!rl_object_files.look(object, &file, &places) || index == 0 || index >= file->symbol_count
	    || file->symbols[index].st_shndx != SHN_UNDEF)
		return;
	if (log->seen == NULL)
		log->seen = rl_heap_take(file->symbol_count / BITS + 1);
	if (log->seen == NULL || (log->seen[index / BITS] >> (index % BITS) & 1))
		return;
	log->seen[index / BITS] |= (unsigned char)(1 << (index % BITS));
	const char *name = rl_draft_symbol(object, index);
	struct rl_lookup lookup = {.name = rl_name_make(name), .want = {.newest = true}};
	struct rl_binding binding = {0};
	if (rl_lookup_list(&rl_engine.linker, atomic_load(&object->search), &lookup, &binding))
		binding_tell(log, object, &binding, STV_DEFAULT, name, "");
}

void rl_log_relocation(struct rl_log *log, struct rl_object *object, const Elf64_Rela *rela)
{
	uint32_t type = ELF64_R_TYPE(rela->r_info), index = ELF64_R_SYM(rela->r_info);
	enum rl_reference_class class = type == RL_RELOC_JUMP_SLOT ? RL_REFERENCE_PLT : rl_reference_class(type);
	const struct rl_symbols *symbols = &object->symbols;
	relocation_tell(log, object);
	if ((log->categories & RELINK_LOG_BINDINGS) == 0 || type == RL_RELOC_NONE)
		return;
	if (object->draft != NULL) {
		draft_tell(log, object, index);
		return;
	}
	if (index == 0 || index >= symbols->symbol_limit || (log->last_index == index && log->last_class == class))
		return;
	log->last_index = index;
	log->last_class = class;
	const Elf64_Sym *symbol = &symbols->symbols[index];
	unsigned visibility = ELF64_ST_VISIBILITY(symbol->st_other);
	if (ELF64_ST_BIND(symbol->st_info) == STB_LOCAL || visibility == STV_HIDDEN || visibility == STV_INTERNAL)
		return;
	struct rl_diag diag = RL_DIAG_NONE;
	struct rl_binding binding;
	const struct rl_version *version = rl_reference_version(symbols, index);
	if (rl_lookup_reference(&rl_engine.linker, object, index, class, &binding, &diag) == RL_OK && binding.object != NULL)
		binding_tell(log, object, &binding, visibility, symbols->strings + symbol->st_name,
			     version == NULL || version->name == NULL ? "" : version->name);
	rl_diag_drop(&diag);
}

void rl_log_call(struct rl_linker *linker, struct rl_object *object, const Elf64_Rela *rela,
		 const struct rl_binding *binding)
{
	(void)linker;
	const relink_context *context = rl_context_of(object);
	uint32_t index = ELF64_R_SYM(rela->r_info);
	if (context == NULL || (context->log.categories & RELINK_LOG_BINDINGS) == 0 || binding->object == NULL)
		return;
	const struct rl_version *version = rl_reference_version(&object->symbols, index);
	const Elf64_Sym *symbol = &object->symbols.symbols[index];
	binding_tell(&context->log, object, binding, ELF64_ST_VISIBILITY(symbol->st_other),
		     object->symbols.strings + symbol->st_name,
		     version == NULL || version->name == NULL ? "" : version->name);
}

/* What the search for a name does; NAME is told first. */
static void search_hear(void *argument, const struct rl_search_news *news)
{
	const struct rl_log *log = argument;
	if (news->step == RL_SEARCH_FILE)
		rl_log_write(log, RELINK_LOG_LIBS, "  trying file=%s\n", news->text);
	else if (news->step == RL_SEARCH_CACHE)
		rl_log_write(log, RELINK_LOG_LIBS, " search cache=%s\n", news->text);
	else if (news->owner != NULL)
		rl_log_write(log, RELINK_LOG_LIBS, " search path=%s\t\t(%s from file %s)\n", news->text, news->kind,
			     name_of(news->owner));
	else
		rl_log_write(log, RELINK_LOG_LIBS, " search path=%s\t\t(%s)\n", news->text, news->kind);
}

struct rl_search_listener rl_log_search_listener(struct rl_log *log)
{
	return (struct rl_search_listener){.hear = search_hear, .context = log};
}

relink_status relink_set_log(relink_context *context, unsigned categories, relink_log_function *function, void *user)
{
	if (context == NULL || (categories & ~(unsigned)RELINK_LOG_ALL) != 0)
		return RELINK_E_ARGUMENT;
	rl_engine_lock();
	context->log.user = user;
	context->log.function = function;
	context->log.categories = categories;
	rl_log_attach(&context->log);
	rl_engine_unlock();
	return RELINK_OK;
}

/* The engine is asked to tell what it otherwise keeps to itself. */
void rl_log_attach(const struct rl_log *log)
{
	if (log->categories & (RELINK_LOG_BINDINGS | RELINK_LOG_RELOC))
		rl_engine.linker.before_relocation = rl_hooks_before_relocation;
	if (log->categories & RELINK_LOG_BINDINGS)
		rl_engine.linker.call_bound = rl_log_call;
}
