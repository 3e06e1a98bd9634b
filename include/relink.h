/* relink.h: load and link ELF files inside a running process, from files, descriptors, memory or callbacks.
 *
 * A *context* is a set of modules that see each other; what is in another context does not exist for them.  A *module*
 * is a loaded file or a table of symbols; its handle is counted, and what is loaded stays while a handle, a dependency
 * or a binding needs it.  The process's own libraries serve as dependencies, so that there is one libc.
 *
 * Rules for all functions:
 *  - Strings go in as NUL-terminated bytes and are copied.  Strings that come out belong to the module they tell about
 *    and live as long as it is loaded, unless said otherwise.
 *  - What can fail returns RELINK_OK or why not, and fills *error if error is not NULL.  Outputs are untouched then,
 *    and the process is as it was before.  Nothing here exits or aborts, but for a lazily bound call that nobody can
 *    serve, nor prints, but for a log that was asked for.
 *  - All functions may be called from any thread, and from constructors and destructors of modules, but not from a
 *    signal handler or from a callback of this library unless said so.  relink_get and its relatives take no lock.
 *  - Specifications: gABI (chapters 4 and 5), the CPU's psABI, "ELF Handling for Thread-Local Storage", and GNU symbol
 *    versioning as glibc implements it.
 */
#ifndef RELINK_H
#define RELINK_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RELINK_API __attribute__((visibility("default")))

/* ---- Errors ---------------------------------------------------------------------------------------------------- */

/* Why something failed.  New values may be added at the end of the list. */
typedef enum relink_status {
	RELINK_OK = 0,
	RELINK_E_MEMORY,   /* no memory */
	RELINK_E_ARGUMENT, /* an argument makes no sense */
	RELINK_E_HANDLE,   /* not a module, or one that was given back */
	RELINK_E_HOST,     /* the process's own dynamic linker was not found: nothing can be loaded */
	RELINK_E_REFUSED,  /* a callback said no */
	RELINK_E_INTERNAL, /* a failure that has no value here: nothing is known to end so */

	RELINK_E_IO_OPEN,  /* file: could not be opened or found; error_number */
	RELINK_E_IO_READ,  /* file: could not be read; error_number */
	RELINK_E_IO_SHORT, /* file: ends before what its headers promise */

	RELINK_E_EHDR_MAGIC,   /* not an ELF file */
	RELINK_E_EHDR_CLASS,   /* for another word size */
	RELINK_E_EHDR_DATA,    /* for another byte order */
	RELINK_E_EHDR_VERSION, /* an ELF version that does not exist */
	RELINK_E_EHDR_OSABI,   /* for another system */
	RELINK_E_EHDR_MACHINE, /* for another CPU */
	RELINK_E_EHDR_TYPE,    /* neither program, library nor object file; value: e_type */
	RELINK_E_EHDR_ENTRY,   /* header tables with entries of another size */
	RELINK_E_KIND,         /* not of the kind that was asked for; value: e_type */

	RELINK_E_PHDR_NONE,      /* no PT_LOAD */
	RELINK_E_PHDR_ALIGN,     /* a segment whose address and offset do not agree in pages of the size that is asked for */
	RELINK_E_PHDR_MALFORMED, /* segments that overlap, wrap around, or hold more than their size */
	RELINK_E_MAP,            /* the kernel, or a callback for memory, refused a mapping; error_number */
	RELINK_E_STACK,          /* asks for an executable stack */

	RELINK_E_DYN_NONE,      /* no dynamic section: not in use, for such files are loaded as they are */
	RELINK_E_DYN_MALFORMED, /* a table of the dynamic section is not inside the file */
	RELINK_E_VERSION,       /* symbol: a version that the library file does not define, needed by requester */
	RELINK_E_VERSION_FORMAT,

	RELINK_E_REL_SYMBOL,    /* symbol (and version) that nobody defines, needed by file */
	RELINK_E_REL_TYPE,      /* a relocation of an unknown type; value */
	RELINK_E_REL_MALFORMED, /* a relocation outside the object; value: its type */
	RELINK_E_REL_OVERFLOW,  /* a value that does not fit its place; value: the type */
	RELINK_E_REL_PROTECT,   /* a read-only segment could not be opened for relocation (DT_TEXTREL); error_number */

	RELINK_E_TLS_STATIC, /* symbol: initial-exec TLS, and the process has no static TLS left; value: bytes */

	RELINK_E_LINK_DEPENDENCY, /* file, needed by requester, was not found */
	RELINK_E_LINK_EXISTS,     /* a module of this name is there already */
	RELINK_E_SYMBOL,          /* relink_symbol_find: there is no such symbol */

	RELINK_E_OBJECT_MALFORMED, /* a relocatable file whose section headers, symbols or groups make no sense */
	RELINK_E_ARCHIVE,          /* an archive whose headers, names or index make no sense, or that has no index */
	RELINK_E_LINK_TWICE,       /* symbol, defined by file and by requester, which were to be linked together */
	RELINK_E_PAGE_SIZE,        /* a page size that is no power of two, or no multiple of the kernel's */
	RELINK_E_VIEW_SIZE,        /* a section that is no array of entries of that size; value: the size */
	RELINK_E_VIEW_ALIGN,       /* a section whose place does not suit entries of that alignment; value: the alignment */
	RELINK_E_UNMOVABLE, /* file: its sections (symbol: this one) cannot be placed elsewhere; linked without --emit-relocs? */
	RELINK_STATUS_COUNT
} relink_status;

/* One failure in parts.  Strings that do not apply are "", and too long ones are cut. */
typedef struct relink_error {
	relink_status status;
	int error_number; /* an errno, or 0 */
	unsigned value;   /* as the status says */
	char file[256], requester[256], symbol[256], version[64];
} relink_error;

/* "RELINK_E_…", and a sentence for the status alone.  Static strings; never NULL. */
RELINK_API const char *relink_status_name(relink_status status);
RELINK_API const char *relink_status_text(relink_status status);

/* Write one line that tells all of *error to buffer, cut to size bytes with its NUL; returns the whole length. */
RELINK_API size_t relink_error_format(const relink_error *error, char *buffer, size_t size);

/* "0.1.0" */
RELINK_API const char *relink_version(void);

/* ---- Inputs ---------------------------------------------------------------------------------------------------- */

/* Copy size bytes at offset of the source to buffer.  Returns 0, or an errno.  Asked only for bytes inside. */
typedef int relink_read_function(void *user, void *buffer, size_t size, uint64_t offset);

/* Where a file's bytes come from.  Make one with a function below; it is only looked at during the call it is given to,
 * and what it points at stays the caller's. */
typedef struct relink_input {
	const char *name; /* path, or the name the module gets if it has no DT_SONAME */
	int kind;         /* 0 path, 1 descriptor, 2 bytes, 3 callback */
	int descriptor;
	const void *bytes;
	uint64_t size;
	relink_read_function *read;
	void *user;
} relink_input;

/* The file PATH. */
static inline relink_input relink_path(const char *path)
{
	relink_input input = {path, 0, -1, NULL, 0, NULL, NULL};
	return input;
}

/* An open file or memfd, from its start; it stays open and the caller's. */
static inline relink_input relink_descriptor(const char *name, int descriptor)
{
	relink_input input = {name, 1, descriptor, NULL, 0, NULL, NULL};
	return input;
}

/* SIZE bytes in memory; copied, so they may go away when the call has returned. */
static inline relink_input relink_bytes(const char *name, const void *bytes, size_t size)
{
	relink_input input = {name, 2, -1, bytes, size, NULL, NULL};
	return input;
}

/* SIZE bytes that READ delivers on demand. */
static inline relink_input relink_reader(const char *name, uint64_t size, relink_read_function *read, void *user)
{
	relink_input input = {name, 3, -1, NULL, size, read, user};
	return input;
}

/* ---- Modules: what can be asked ---------------------------------------------------------------------------------- */

typedef struct relink_context relink_context;
typedef struct relink_module relink_module;

typedef enum relink_kind {
	RELINK_LIBRARY,    /* a shared object */
	RELINK_EXECUTABLE, /* a program, position-independent or not */
	RELINK_OBJECT,     /* a relocatable file */
	RELINK_SYNTHETIC,  /* a table of symbols */
	RELINK_HOST        /* loaded by the process's own linker */
} relink_kind;

/* Facts about a module.  All pointers belong to it. */
typedef struct relink_info {
	const char *name; /* DT_SONAME, else the last component of the path */
	const char *path; /* as it was found; "" for the process's program */
	relink_kind kind;
	uintptr_t bias;              /* what is added to addresses of the file */
	uintptr_t map_start, map_end; /* the whole mapping; equal if there is none */
	uintptr_t entry;             /* e_entry in memory; 0 for what has none */
	const void *program_headers; /* of Elf64_Phdr */
	size_t program_header_count;
	const void *dynamic; /* the dynamic section, of Elf64_Dyn; NULL if there is none */
	const void *eh_frame_header;
	const char *soname, *rpath, *runpath; /* NULL if absent */
	size_t tls_module, tls_size, tls_align; /* 0: no thread-local variables */
	size_t dependency_count; /* direct ones */
	int is_lazy;             /* calls are bound when they are first made */
	int is_initialized;      /* its constructors have been called */
	int is_permanent;        /* it will not be unloaded */
	int is_global;           /* its symbols are found by all modules of the context that come later */
} relink_info;

/* ---- Contexts ---------------------------------------------------------------------------------------------------- */

enum {
	/* DT_NEEDED and relink_open: of the process's libraries only libc and its parts are taken; what else is needed
	 * is searched for and loaded anew. */
	RELINK_HOST_LIBC = 1,
	/* Not even those: everything comes from the resolvers and search paths. */
	RELINK_HOST_NONE = 2,
	/* Symbols that no module of the context defines are looked for in the process (its global scope), too.  In what it
	 * opened with RTLD_GLOBAL after it had started only references that are not weak are; it stays loaded then. */
	RELINK_HOST_SYMBOLS = 4,
	/* No unwinder is told of the context's modules: exceptions do not pass through them. */
	RELINK_NO_UNWIND = 8,
	/* For debugging: the memory of handles that were given back is not used again, so that every use of one is
	 * noticed (RELINK_E_HANDLE, or NULL), not only most. */
	RELINK_KEEP_HANDLES = 4096,
	/* Keep what gdb needs to know functions and lines of each module, for one that attaches later: a descriptor for a
	 * module that is no file, the whole file for a relocatable one.  A debugger that watches already is told anyhow. */
	RELINK_DEBUGGER = 8192
};

/* Make a context.  FLAGS: RELINK_HOST_….  Free it with relink_context_free. */
RELINK_API relink_status relink_context_new(unsigned flags, relink_context **out_context, relink_error *error);

/* Give the context back: it goes with the last handle of a module of it.  NULL is allowed. */
RELINK_API void relink_context_free(relink_context *context);

/* Where names without a slash are looked for (DT_NEEDED, relink_open), in the order of these calls.  A context without
 * any knows only the requester's RPATH or RUNPATH, and what is loaded already. */
/* A directory or several with colons between; $ORIGIN is that of the requester. */
RELINK_API relink_status relink_search_directory(relink_context *context, const char *directories);
/* The requester's DT_RUNPATH, or else its DT_RPATH and those of what loaded it. */
RELINK_API relink_status relink_search_runpath(relink_context *context);
/* All that ld.so does, in its order: RPATH, LD_LIBRARY_PATH, RUNPATH, ld.so.cache, the default directories. */
RELINK_API relink_status relink_search_system(relink_context *context);

/* What a resolver is asked. */
typedef struct relink_request {
	const char *name;      /* as in DT_NEEDED, or as given to relink_open */
	const char *requester; /* path of the module that needs it; NULL: relink_open was called */
	const char *rpath, *runpath; /* the requester's, or NULL */
} relink_request;

/* What it answers: an input, or a module of the same context (the caller of the resolver takes its own reference). */
typedef struct relink_answer {
	relink_input input;
	relink_module *module;
} relink_answer;

/* Returns 0: no idea, ask the next; 1: *answer is filled; -1: the load fails with RELINK_E_REFUSED.  May make synthetic
 * modules, but must not load. */
typedef int relink_resolver(void *user, const relink_request *request, relink_answer *answer);

/* Ask RESOLVER, before all directories, for every name that no module of the context answers to.  Several are asked in
 * the order in which they were added. */
RELINK_API relink_status relink_resolve_with(relink_context *context, relink_resolver *resolver, void *user);

/* A relocation that is about to be applied. */
typedef struct relink_relocation {
	const char *file;    /* path of the module */
	unsigned type;       /* R_… of the CPU */
	uint64_t offset;     /* r_offset */
	int64_t addend;
	void *place;         /* in memory */
	const char *symbol;  /* "" if it has none */
	const char *version; /* "" if it asks for none */
} relink_relocation;

typedef enum relink_event {
	RELINK_EVENT_MAPPED,
	RELINK_EVENT_RELOCATED,
	RELINK_EVENT_INIT, /* its constructors are about to be called */
	RELINK_EVENT_FINI, /* its destructors are about to be called */
	RELINK_EVENT_UNMAPPED
} relink_event;

/* What is decided about one module before it is relocated. */
typedef struct relink_plan {
	int binding; /* 0: as the load says; 1: eager; 2: lazy, unless the file forbids it */
	/* Modules of the context, or of the process, whose symbols this module's references find before all others.  They
	 * stay loaded as long as it. */
	relink_module *const *scope;
	size_t scope_count;
} relink_plan;

/* Callbacks of a context; members may be NULL.  All but "call" run under the lock of the library and must not call
 * it; what they are passed lives until they return. */
typedef struct relink_hooks {
	/* Something happened to a module. */
	void (*event)(void *user, relink_event event, const relink_info *info);
	/* A module was mapped and is not relocated yet; not 0: the load fails with RELINK_E_REFUSED. */
	int (*accept)(void *user, const relink_info *info);
	/* Before each relocation but the RELATIVE ones that stand first and DT_RELR.  0: apply it; 1: it is done; -1:
	 * the load fails with RELINK_E_REFUSED. */
	int (*relocation)(void *user, const relink_relocation *relocation);
	/* Nobody defines SYMBOL, which REQUESTER (a path) needs: its address, or NULL if you do not know either.  Also
	 * called by a lazily bound call; if it returns NULL then, the process ends with a message on stderr. */
	void *(*missing)(void *user, const char *requester, const char *symbol, const char *version);
	/* Call the constructors (IS_INIT) or destructors of a module in another way: FUNCTIONS are COUNT addresses in
	 * the order in which they are to be called.  0: they are called as usual. */
	int (*call)(void *user, const relink_info *info, int is_init, void (*const *functions)(void), size_t count);
	/* A module was mapped and accepted: fill in *plan, which is all zero, for it.  Not 0: the load fails with
	 * RELINK_E_REFUSED.  Relocatable files have no lazy binding. */
	int (*plan)(void *user, const relink_info *info, relink_plan *plan);
} relink_hooks;

/* Set the context's callbacks; *hooks is copied.  NULL: none. */
RELINK_API relink_status relink_set_hooks(relink_context *context, const relink_hooks *hooks, void *user);

/* What a log tells, in the words that LD_DEBUG has for the process's own linker (ld.so(8)).  Constructors and destructors
 * are told with each of them. */
enum {
	RELINK_LOG_LIBS = 1,     /* where names are searched for */
	RELINK_LOG_RELOC = 2,    /* which module is being relocated */
	RELINK_LOG_FILES = 4,    /* modules that come and go */
	RELINK_LOG_BINDINGS = 8, /* each reference that is bound, and to whom */
	RELINK_LOG_ALL = 15
};

/* LINE has no newline.  Runs as the hooks do; a call that is bound when it is first made is told from any thread. */
typedef void relink_log_function(void *user, unsigned category, const char *line);

/* Tell LOG what happens in the context, from now on; NULL: standard error, or the file that RELINK_DEBUG_OUTPUT names.
 * Without this call a context tells what the variable RELINK_DEBUG said when the process began: "libs", "reloc",
 * "files", "bindings", "all", "perfmap" (below), "help", with commas between.  Secure processes do not look at it. */
RELINK_API relink_status relink_set_log(relink_context *context, unsigned categories, relink_log_function *log,
					void *user);

/* Write the functions that modules of the context export to the file PATH as perf reads them; PATH NULL: where perf looks
 * for them, /tmp/perf-PID.map.  For programs that load from memory; functions of files perf knows by itself.
 * RELINK_DEBUG=perfmap does it at each load, also for functions that are not exported. */
RELINK_API relink_status relink_write_perf_map(relink_context *context, const char *path, relink_error *error);

/* A module's thread-local variables, as a resolver is asked for them. */
typedef struct relink_thread_block {
	size_t module;     /* relink_info.tls_module */
	const void *image; /* what the block begins with; zeros follow */
	size_t image_size, size, align;
} relink_thread_block;

/* Where the calling thread has them: SIZE bytes with ALIGN that stay there.  NULL: the library keeps them itself, and asks
 * no more in this thread.  Asked at every access, from any thread, without a lock; may not call the library, nor use
 * variables that it resolves itself. */
typedef void *relink_thread_resolver(void *user, const relink_thread_block *block);

/* Ask RESOLVER for all thread-local variables of the context's modules.  Set it before the first module is loaded; blocks
 * are the resolver's to free.  NULL: none. */
RELINK_API relink_status relink_resolve_threads(relink_context *context, relink_thread_resolver *resolver, void *user);

/* ---- Memory for modules ------------------------------------------------------------------------------------------ */

/* What a callback for memory returns: 0, it is done; an errno, and the load fails with RELINK_E_MAP and this number; or */
enum {
	RELINK_MEMORY_KERNEL = -1, /* the library is to ask the kernel, as if there were no callback */
	RELINK_MEMORY_READ = -2    /* of "map": the memory is there, zeroed and writable; read the file's bytes into it */
};

/* Address space that a module wants, once. */
typedef struct relink_reservation {
	const char *name;  /* path of the module */
	size_t size, align; /* bytes */
	uintptr_t address; /* a program that is not position-independent must lie here; 0: anywhere … */
	uintptr_t limit;   /* … that ends at or below this, for code with 32-bit addresses; 0: no limit */
} relink_reservation;

/* A part of it, once for each segment of a file, and what is to be in it: CONTENT_SIZE bytes of the file, then zeros. */
typedef struct relink_piece {
	void *start;
	size_t size;
	int protection;      /* PROT_… of mmap(2) */
	int descriptor;      /* of the file; -1: zeros alone */
	uint64_t offset;     /* where its bytes begin */
	size_t content_size;
} relink_piece;

/* How the modules of a context are mapped: libraries, programs, relocatable files and archives.  What is NULL the kernel
 * does.  Callbacks run under the lock of the library and must not call it.  All places and sizes that they see are multiples
 * of page_size.  Nothing is to be written and executed at once but by a file's own wish (such a segment, or DT_TEXTREL). */
typedef struct relink_memory_hooks {
	/* A power of two and a multiple of the kernel's page size, for memory with larger pages; 0: the kernel's.  Files
	 * need segments that are aligned so (-z max-page-size), or fail with RELINK_E_PHDR_ALIGN. */
	size_t page_size;
	/* Find place for *wanted, at *out_start; by default with mmap(2) and PROT_NONE. */
	int (*reserve)(void *user, const relink_reservation *wanted, void **out_start);
	/* Put *piece in its place; by default with mmap(2), MAP_PRIVATE and MAP_FIXED.  What no piece covers is not used. */
	int (*map)(void *user, const relink_piece *piece);
	/* As mprotect(2): after relocation (RELRO), for what was read instead of mapped, and around DT_TEXTREL. */
	int (*protect)(void *user, void *start, size_t size, int protection);
	/* As madvise(2) with MADV_HUGEPAGE, for a whole module when it is mapped, if page_size is 2 MiB or more.  An errno is
	 * no failure. */
	int (*advise)(void *user, void *start, size_t size, int advice);
	/* All of a reservation is not needed any more, be it that the module is unloaded or that it was not loaded after all;
	 * by default munmap(2).  An errno changes nothing. */
	int (*release)(void *user, void *start, size_t size);
} relink_memory_hooks;

/* Map the context's modules by *memory, which is copied, from the first to the last: once, and before any is there, or it
 * is RELINK_E_ARGUMENT.  What USER is must stay until all are unloaded.  RELINK_E_PAGE_SIZE. */
RELINK_API relink_status relink_set_memory(relink_context *context, const relink_memory_hooks *memory, void *user);

/* ---- Loading ----------------------------------------------------------------------------------------------------- */

enum {
	RELINK_LAZY = 1,            /* bind calls when they are first made, unless the file forbids it */
	RELINK_GLOBAL = 2,          /* its symbols serve all modules of the context that are loaded later */
	RELINK_PERMANENT = 4,       /* never unload it */
	RELINK_COPY = 8,            /* map the file anew though it is loaded already */
	RELINK_NO_DEPENDENCIES = 16, /* do not look at DT_NEEDED: SCOPE has what it needs */
	RELINK_DEFER_INIT = 32,     /* constructors wait for relink_initialize */
	RELINK_SELF_FIRST = 64,     /* its own symbols and its dependencies' before those of global modules */
	RELINK_ONLY_LIBRARY = 128,  /* anything but a shared object is RELINK_E_KIND … */
	RELINK_ONLY_EXECUTABLE = 256, /* … anything but a program */
	RELINK_ONLY_OBJECT = 512    /* … anything but a relocatable file */
};

/* How to load; NULL stands for all zero. */
typedef struct relink_options {
	unsigned flags;              /* RELINK_LAZY … */
	relink_module *const *scope; /* modules whose symbols win over those of what is loaded; it keeps them loaded */
	size_t scope_count;
	void *reserved[4]; /* NULL */
} relink_options;

/* Map, link and initialise INPUT and all it needs, and give a handle to it.  Symbols are searched for in: scope, global
 * modules of the context, the module and its dependencies breadth first, and the process if the context says so.
 * A file (device and inode) that the context has loaded already is not mapped again.
 * Fails with any status up to RELINK_E_LINK_…. */
RELINK_API relink_status relink_load(relink_context *context, const relink_input *input, const relink_options *options,
				     relink_module **out_module, relink_error *error);

/* The same for NAME as DT_NEEDED would have it: a module of that name or SONAME, a library of the process (a handle of
 * kind RELINK_HOST), what a resolver says, a file in the search paths, or, with a slash, a path. */
RELINK_API relink_status relink_open(relink_context *context, const char *name, const relink_options *options,
				     relink_module **out_module, relink_error *error);

/* An image that is in memory already, with the protections its segments want, and its writable parts writable, but not
 * relocated: mapped by other means, or found there by a program that runs without an operating system. */
typedef struct relink_mapped {
	const char *name; /* path */
	uintptr_t bias;   /* what is added to addresses of the file */
	const void *program_headers; /* Elf64_Phdr; they and the image must outlive the module */
	size_t program_header_count;
	uintptr_t entry; /* in memory; 0: none */
} relink_mapped;

/* Link and initialise it as relink_load does.  Unloading destroys the module, and leaves the memory alone. */
RELINK_API relink_status relink_load_mapped(relink_context *context, const relink_mapped *mapped,
					    const relink_options *options, relink_module **out_module,
					    relink_error *error);

/* Become the program INPUT with ARGV and ENVP (NULL: none), lists that end with NULL, as execve(2) would, but in this
 * process and from any input: static or dynamic, position-independent or not.  It gets a new stack of 8 MiB and the
 * process's auxiliary vector with what differs; caught signals are reset.  What else there is stays: other mappings, open
 * descriptors (FD_CLOEXEC, too), what /proc tells.  Made for the child of a fork: no other thread may exist
 * (RELINK_E_ARGUMENT).  Returns only what went wrong, with everything as before: RELINK_E_IO_…, RELINK_E_EHDR_…,
 * RELINK_E_PHDR_…, RELINK_E_KIND, RELINK_E_STACK, RELINK_E_MEMORY (E2BIG), and RELINK_E_MAP, with EEXIST if something is
 * where the program has to be. */
RELINK_API relink_status relink_execute(const relink_input *input, char *const *argv, char *const *envp,
					relink_error *error);

/* Call the constructors of a module that was loaded with RELINK_DEFER_INIT, and of what came with it; once. */
RELINK_API relink_status relink_initialize(relink_module *module);

/* One more reference; returns MODULE. */
RELINK_API relink_module *relink_ref(relink_module *module);

/* Give a reference back.  With the last one the module is destroyed (destructors, then unmapping) as soon as no other
 * module needs it.  NULL is allowed. */
RELINK_API void relink_unref(relink_module *module);

/* A handle that does not keep its module loaded. */
typedef struct relink_weak relink_weak;
RELINK_API relink_weak *relink_weak_new(relink_module *module); /* NULL: no memory, or not a module */
RELINK_API relink_module *relink_weak_get(relink_weak *weak);   /* a new reference; NULL: the module was unloaded */
RELINK_API void relink_weak_free(relink_weak *weak);

/* Make the module's symbols, and its dependencies', visible to all modules of the context that are loaded later. */
RELINK_API relink_status relink_make_global(relink_module *module, relink_error *error);

/* ---- Relocatable files and archives ------------------------------------------------------------------------------- */

enum { RELINK_WHOLE_ARCHIVE = 1 << 20 }; /* an option of relink_link: take all members, wanted or not */

/* Link COUNT relocatable files and archives (GNU's form, thin ones too) into one module called NAME, as a link editor
 * would: they may need each other in a circle; COMDAT groups, COMMON symbols and weak definitions of one name become
 * one; of archives the members that something wants are taken, from whichever archive; hidden symbols are seen by all
 * of them and by nobody else.  If all inputs are archives, all members are taken.  What is still missing comes from
 * where relink_load takes it.  The result is always a new module.
 * Constructors run in the order of the inputs, by priority.  relink_load does this for a single archive.
 * Fails like relink_load, with RELINK_E_ARCHIVE (also for one without an index), RELINK_E_LINK_TWICE, and
 * RELINK_E_KIND for an input that is neither.  Errors of relocation name the input, or ARCHIVE(MEMBER), as file. */
RELINK_API relink_status relink_link(relink_context *context, const char *name, const relink_input *inputs, size_t count,
				     const relink_options *options, relink_module **out_module, relink_error *error);

/* ---- Symbols ----------------------------------------------------------------------------------------------------- */

/* The address of NAME in this module alone, or NULL.  Thread-local variables: the calling thread's.  IFUNC: what its
 * resolver chooses.  Never allocates but for the first touch of a thread-local block, takes no lock. */
RELINK_API void *relink_get(const relink_module *module, const char *name);

/* The same for a name of LENGTH bytes that need not end with a NUL. */
RELINK_API void *relink_get_n(const relink_module *module, const char *name, size_t length);

/* The same for the definition with exactly this version. */
RELINK_API void *relink_get_version(const relink_module *module, const char *name, const char *version);

/* A name measured and hashed once, for many lookups.  STRING stays the caller's. */
typedef struct relink_key {
	const char *string;
	size_t size;
	uint32_t hash;
} relink_key;
RELINK_API relink_key relink_key_make(const char *name);
RELINK_API void *relink_get_key(const relink_module *module, const relink_key *key);

/* The address of NAME in the module or, breadth first, in what it needs: as dlsym with a handle.  NULL: nowhere. */
RELINK_API void *relink_find(const relink_module *module, const char *name);

/* A typed address: RELINK_GET(module, int (*)(void), "answer") is an int (*)(void) or NULL. */
#define RELINK_GET(module, type, name) ((type)(uintptr_t)relink_get((module), (name)))
#ifdef __GNUC__
/* For a function or variable that a header declares: RELINK_GET_AS(module, strlen)("abc"). */
#define RELINK_GET_AS(module, symbol) ((__typeof__(&symbol))(uintptr_t)relink_get((module), #symbol))
#endif

/* A symbol as the file has it. */
typedef struct relink_symbol {
	const char *name;
	const char *version;   /* "" if it has none */
	int is_default_version;
	void *address;         /* IFUNC: of the resolver; thread-local variables: NULL */
	uint64_t value, size;  /* st_value, st_size */
	unsigned type, bind;   /* STT_…, STB_… */
} relink_symbol;

/* Call VISIT for each symbol that the module exports until it returns something else than 0, which is returned. */
typedef int relink_symbol_visitor(void *user, const relink_symbol *symbol);
RELINK_API int relink_each_symbol(const relink_module *module, relink_symbol_visitor *visit, void *user);

/* The exported symbol NAME with all its facts; RELINK_E_SYMBOL if there is none. */
RELINK_API relink_status relink_symbol_find(const relink_module *module, const char *name, relink_symbol *out_symbol);

/* The function or variable of the module that ADDRESS is in, of several the smallest: 1, or 0 if no exported symbol covers
 * it. */
RELINK_API int relink_symbol_at(const relink_module *module, const void *address, relink_symbol *out_symbol);

/* ---- Looking around ---------------------------------------------------------------------------------------------- */

/* Facts about MODULE as they are now; a handle that was given back: names "", and zeros. */
RELINK_API void relink_get_info(const relink_module *module, relink_info *out_info);

/* Direct dependency number INDEX as a new reference; NULL behind the last. */
RELINK_API relink_module *relink_dependency(relink_module *module, size_t index);

/* The module of any context that ADDRESS lies in as a new reference; NULL: none. */
RELINK_API relink_module *relink_module_at(const void *address);

/* The loaded module of the context that answers to NAME (path, SONAME, name asked for) as a new reference, or NULL. */
RELINK_API relink_module *relink_module_named(relink_context *context, const char *name);

/* Call VISIT for the modules of the context in load order until it returns something else than 0, which is returned. */
typedef int relink_module_visitor(void *user, const relink_info *info);
RELINK_API int relink_each_module(relink_context *context, relink_module_visitor *visit, void *user);

/* A pointer of the caller's that stays with the module; NULL at first. */
RELINK_API void relink_set_user(relink_module *module, void *user);
RELINK_API void *relink_user(const relink_module *module);

/* ---- Synthetic modules ------------------------------------------------------------------------------------------- */

typedef enum relink_definition_kind {
	RELINK_FUNCTION,
	RELINK_DATA,  /* size matters if a program copies it (COPY relocation) */
	RELINK_IFUNC, /* address is that of a function that returns the function */
	RELINK_THREAD /* a thread-local variable: each thread has one of its own, which begins with the SIZE bytes there */
} relink_definition_kind;

typedef struct relink_definition {
	const char *name;
	const void *address; /* not NULL */
	size_t size;         /* bytes; 0 if it does not matter */
	relink_definition_kind kind;
	const char *version; /* NULL: none; the first definition of a name is its default version */
} relink_definition;

/* Make a module of COUNT definitions that answers to NAME, as a dependency or in a scope.  The array is copied; what
 * the addresses point at must outlive the module.  RELINK_E_LINK_EXISTS if the context has a module of that name. */
RELINK_API relink_status relink_synthetic_new(relink_context *context, const char *name,
					      const relink_definition *definitions, size_t count,
					      relink_module **out_module, relink_error *error);

/* Add definitions, which replace those of the same name and version; not of thread-local variables.  What is bound stays
 * bound.  Other threads may look names up meanwhile.  A module has room for 32,000 names, of 4 MiB with their versions;
 * RELINK_E_MEMORY then, with those before it added.  RELINK_E_HANDLE: the module is not synthetic. */
RELINK_API relink_status relink_synthetic_add(relink_module *module, const relink_definition *definitions, size_t count,
					      relink_error *error);

/* Remove NAME with all its versions from lookups to come.  RELINK_E_SYMBOL: it is not there.  Its room is not used again. */
RELINK_API relink_status relink_synthetic_remove(relink_module *module, const char *name);

/* Define NAME, wanted with VERSION (NULL: any): returns not 0 and fills *out_definition, but for its name and version; or
 * 0.  What it defines stays defined.  Called in any thread, in signal handlers if calls are bound lazily, one at a time,
 * with signals blocked; may not call the library. */
typedef int relink_provider(void *user, const char *name, const char *version, relink_definition *out_definition);

/* Make a module whose definitions are PROVIDE's, asked for each name that is looked up in it and not defined yet. */
RELINK_API relink_status relink_provider_new(relink_context *context, const char *name, relink_provider *provide,
					     void *user, relink_module **out_module, relink_error *error);

/* ---- Writing small libraries --------------------------------------------------------------------------------------- */

/* A library of this CPU that is being made, for tests and generated code: functions and variables with their names. */
typedef struct relink_dso relink_dso;

/* SONAME: DT_SONAME, or NULL.  Free it with relink_dso_free; NULL is allowed there. */
RELINK_API relink_status relink_dso_new(const char *soname, relink_dso **out_dso);
RELINK_API void relink_dso_free(relink_dso *dso);

/* Export the function NAME, SIZE bytes of code that runs at any address, or a variable (BYTES NULL: zeros).  Copied. */
RELINK_API relink_status relink_dso_function(relink_dso *dso, const char *name, const void *code, size_t size);
RELINK_API relink_status relink_dso_variable(relink_dso *dso, const char *name, const void *bytes, size_t size,
					     int is_constant);
/* A DT_NEEDED entry. */
RELINK_API relink_status relink_dso_need(relink_dso *dso, const char *name);
/* Alignment of segments (a power of two, 4096 at first), and whether it refuses to be bound lazily. */
RELINK_API relink_status relink_dso_set(relink_dso *dso, size_t page_size, int binds_now);

/* The library as a file.  *out_bytes belong to DSO, until this is called again or DSO is freed. */
RELINK_API relink_status relink_dso_write(relink_dso *dso, const void **out_bytes, size_t *out_size);

/* ---- Looking at a file before it is loaded ------------------------------------------------------------------------- */

/* A file that was read, but not mapped.  It keeps the file open; bytes and callbacks of its input must live as long. */
typedef struct relink_scan relink_scan;

/* Facts about a file, as it has them; addresses and offsets are the file's.  All pointers belong to the scan. */
typedef struct relink_scan_info {
	const char *name; /* as in the input */
	uint64_t size;    /* bytes */
	relink_kind kind;
	const void *header;          /* Elf64_Ehdr */
	const void *program_headers; /* Elf64_Phdr; NULL: none */
	size_t program_header_count;
	const void *sections; /* Elf64_Shdr; NULL if the file has no usable table */
	size_t section_count;
	const void *dynamic; /* Elf64_Dyn up to the terminator, which does not count; NULL: none */
	size_t dynamic_count;
	const char *interpreter, *soname, *rpath, *runpath; /* NULL if absent */
	const char *const *needed; /* DT_NEEDED, in order */
	size_t needed_count;
	uint64_t flags, flags_1; /* DT_FLAGS, DT_FLAGS_1 */
	int binds_now;           /* it refuses to be bound lazily */
	int has_static_tls;      /* DF_STATIC_TLS */
	int is_relinkable;       /* it has the relocations of its sections (--emit-relocs) */
} relink_scan_info;

/* Read what the headers of INPUT say, for a library, program or relocatable file of this CPU.  Free *out_scan with
 * relink_scan_free.  Fails with RELINK_E_IO_…, RELINK_E_EHDR_…, RELINK_E_DYN_MALFORMED. */
RELINK_API relink_status relink_scan_new(const relink_input *input, relink_scan **out_scan, relink_error *error);
RELINK_API void relink_scan_free(relink_scan *scan);
RELINK_API const relink_scan_info *relink_scan_get_info(const relink_scan *scan);

/* The name of section INDEX; "" if there is none. */
RELINK_API const char *relink_scan_section_name(const relink_scan *scan, size_t index);

/* Copy SIZE bytes at OFFSET of the file to BUFFER; RELINK_E_IO_SHORT if it ends before. */
RELINK_API relink_status relink_scan_read(const relink_scan *scan, void *buffer, size_t size, uint64_t offset,
					  relink_error *error);

/* Section INDEX as an array of entries, checked: their size divides the section's and is the one that the section header
 * names, if it names one (single bytes fit always), and the section begins at a multiple of their alignment, which is at
 * most 16.  The bytes are as the file has them and belong to the scan; *out_count is 0 for sections without bytes in the
 * file.  NULL, and why in *error: RELINK_E_VIEW_SIZE, RELINK_E_VIEW_ALIGN, RELINK_E_ARGUMENT (no such section), RELINK_E_IO_….
 * Not by two threads at once with one scan. */
RELINK_API const void *relink_scan_view(relink_scan *scan, size_t index, size_t entry_size, size_t entry_align,
					size_t *out_count, relink_error *error);

/* The same with a type: const Elf64_Sym *symbols = RELINK_VIEW(scan, index, Elf64_Sym, &count, &error); the type must be one
 * that any bytes are a value of.  What is known of types is checked when it is compiled. */
#ifdef __cplusplus
#define RELINK_VIEW(scan, index, type, out_count, error)                                                               \
	(::relink_view_of<type>((scan), (index), (out_count), (error)))
#else
#define RELINK_VIEW(scan, index, type, out_count, error)                                                               \
	((const type *)relink_scan_view((scan), (index),                                                               \
					sizeof(struct {                                                                \
						_Static_assert(sizeof(type) % _Alignof(type) == 0 && sizeof(type) != 0, \
							       #type " cannot be in an array");                        \
						type entry;                                                            \
					}),                                                                            \
					_Alignof(type), (out_count), (error)))
#endif

/* relink_load for what was scanned, without reading its head again: the file may have lost its name meanwhile.  The
 * scan stays the caller's, and may be loaded again; not by two threads at once. */
RELINK_API relink_status relink_load_scanned(relink_context *context, relink_scan *scan, const relink_options *options,
					     relink_module **out_module, relink_error *error);

/* The header alone, checked as for loading: 64 bytes, an Elf64_Ehdr.  For program headers make a scan. */
RELINK_API relink_status relink_read_header(const relink_input *input, void *out_header, relink_error *error);

/* ---- Looking at all that a load would map, and changing it ---------------------------------------------------------- */

/* A file and all it needs, breadth first, found as relink_load finds them, but not mapped.  What a program does between
 * relink_closure_new and relink_closure_load can look at all of them, change bytes of their sections, and say where
 * sections and functions shall lie.  Not to be used by two threads at once. */
typedef struct relink_closure relink_closure;

/* Instead of a number of a module: none, for it is loaded already (or a library of the process). */
#define RELINK_LOADED ((size_t)-1)

/* Scan ROOT and all it needs.  Bytes and callbacks of inputs, those that resolvers answer too, must live as long as the
 * closure; the context lives at least as long.  Fails as relink_load does as far as files are found and read, and with
 * RELINK_E_LINK_EXISTS if the context has loaded ROOT.  Free it with relink_closure_free, NULL is allowed there. */
RELINK_API relink_status relink_closure_new(relink_context *context, const relink_input *root,
					    relink_closure **out_closure, relink_error *error);
RELINK_API void relink_closure_free(relink_closure *closure);

/* How many modules there are.  Number 0 is the root. */
RELINK_API size_t relink_closure_count(const relink_closure *closure);

/* The scan of a module, which belongs to the closure; NULL: there is none of this number.  Changes do not show in it. */
RELINK_API const relink_scan *relink_closure_scan(const relink_closure *closure, size_t module);

/* The module that DT_NEEDED entry INDEX of a module leads to, or RELINK_LOADED. */
RELINK_API size_t relink_closure_needed(const relink_closure *closure, size_t module, size_t index);

/* The module of this path, SONAME, or name by which it was found; RELINK_LOADED: none. */
RELINK_API size_t relink_closure_find(const relink_closure *closure, const char *name);

/* The bytes of a section as the file has them and as they will be mapped, to look at and to change.  They belong to the
 * closure.  Relocation goes over them later.  A module that was asked for its bytes is loaded from memory, not mapped
 * from its file: for looking alone use relink_scan_read.  RELINK_E_ARGUMENT: no such section, or one without bytes. */
RELINK_API relink_status relink_closure_section(relink_closure *closure, size_t module, size_t section, void **out_bytes,
						size_t *out_size, relink_error *error);

/* Memory for sections of the modules of a closure.  The handle belongs to the closure; what was loaded into the memory
 * stays mapped until the last module that has a part in it is unloaded. */
typedef struct relink_arena relink_arena;

typedef enum relink_content {
	RELINK_CODE, /* read and run */
	RELINK_READ_ONLY,
	RELINK_WRITABLE /* read and written */
} relink_content;

enum {
	RELINK_ARENA_PRIVATE = 1,  /* for one module alone: the first that places something there */
	RELINK_ARENA_POOL = 2,     /* pages of the system's pool of huge pages (MAP_HUGETLB) if it has enough … */
	RELINK_ARENA_POOL_ONLY = 4 /* … or else the load fails with RELINK_E_MAP */
};

/* Make an arena of pages of PAGE_SIZE bytes, a power of two from 4096 to 1 GiB.  It starts at a multiple of that and has
 * as many as it needs.  From 2 MiB on the kernel is asked for huge pages (MADV_HUGEPAGE). */
RELINK_API relink_status relink_arena_new(relink_closure *closure, relink_content memory, size_t page_size,
					  unsigned flags, relink_arena **out_arena, relink_error *error);

typedef struct relink_arena_info {
	relink_content memory;
	size_t page_size;
	uint64_t used; /* bytes, up to the end of what is placed last */
	void *address; /* NULL before relink_closure_load */
	size_t size;   /* bytes in memory; 0 before relink_closure_load */
} relink_arena_info;
RELINK_API void relink_arena_get_info(const relink_arena *arena, relink_arena_info *out_info);

/* An offset: behind what is there. */
#define RELINK_NEXT UINT64_MAX

/* Place a section at OFFSET of ARENA, a multiple of the section's alignment, or at RELINK_NEXT; ARENA NULL: back in its
 * file.  What was placed before is placed anew.  All that refers to it is repaired when the closure is loaded: code, data,
 * relocations, symbols, unwind tables.
 *
 * The module must be a library or position-independent program for x86_64, linked with --emit-relocs: else
 * RELINK_E_UNMOVABLE.  That is also what sections get that the link editor made (PLT, GOT, tables), that are read-only
 * after relocation, or hold thread-local variables; and those of another kind than the arena's memory.
 * RELINK_E_ARGUMENT: the place is taken or not aligned, or a function of the section was placed. */
RELINK_API relink_status relink_place_section(relink_closure *closure, size_t module, size_t section,
					      relink_arena *arena, uint64_t offset, relink_error *error);

/* The same for the function NAME, exported or not.  It must have been compiled with -ffunction-sections: a call or jump
 * to it or from it without a relocation makes the load fail with RELINK_E_UNMOVABLE (symbol: what is called), as far as it
 * is recognised; seldom, bytes that only look like one do so, too.
 * RELINK_E_SYMBOL: there is no such function; RELINK_E_LINK_TWICE: there are several. */
RELINK_API relink_status relink_place_function(relink_closure *closure, size_t module, const char *name,
					       relink_arena *arena, uint64_t offset, relink_error *error);

/* Place the .text and .rodata sections, of which nothing is placed yet, of all modules that can be moved in two arenas of
 * pages of 2 MiB. */
RELINK_API relink_status relink_place_all(relink_closure *closure, relink_error *error);

/* relink_load for the root, with what was found and changed.  Once; after a failure it may be tried again.  The closure
 * can be freed at any time afterwards.  Modules with placed parts lie with their arenas in one stretch of addresses, and
 * are loaded from memory.  RELINK_E_LINK_EXISTS: the context has loaded one of the modules meanwhile.  RELINK_E_REL_…,
 * RELINK_E_OBJECT_MALFORMED, RELINK_E_UNMOVABLE: references to what moves cannot be repaired. */
RELINK_API relink_status relink_closure_load(relink_closure *closure, const relink_options *options,
					     relink_module **out_module, relink_error *error);

/* ---- Images of any CPU, in memory of the caller's ------------------------------------------------------------------ */

/* These functions load and relocate libraries and programs of x86_64, i386, aarch64, arm, riscv64, riscv32 and loongarch64
 * (little endian) as data: nothing of them runs on this CPU.  They call nothing but the callbacks below, neither the
 * kernel nor libc nor the rest of the library, and keep no state: their sources (libdl/relink/image*.c) compile for
 * machines that have none of these, nor atomic instructions.  Two threads must not use one image at the same time. */

typedef struct relink_image relink_image;

/* What the caller says about thread-local variables of an image. */
typedef struct relink_image_thread {
	uint64_t module;        /* for DTPMOD */
	uint64_t offset;        /* of the image's block from the thread pointer, for TPOFF */
	uint64_t descriptor[2]; /* for TLSDESC: function and argument */
} relink_image_thread;

/* The machine that an image is loaded for.  Functions that return an int return 0 for success.  protect, symbol, ifunc and
 * thread may be NULL; what needs one that is NULL fails. */
typedef struct relink_backend {
	uint64_t page_size; /* a power of two */
	void *user;         /* passed to all of them */
	/* SIZE bytes of zeroed memory that can be written here at *out_memory, and that the image's CPU will see at
	 * *out_address, a multiple of ALIGN; ADDRESS if that is not 0. */
	int (*map)(void *user, uint64_t address, uint64_t size, uint64_t align, void **out_memory, uint64_t *out_address);
	void (*unmap)(void *user, void *memory, uint64_t size);
	/* Memory for tables of ours, aligned for any type; NULL: none. */
	void *(*allocate)(void *user, size_t size);
	void (*release)(void *user, void *block, size_t size);
	/* Pages of a relocated image get the protection FLAGS: PF_R, PF_W, PF_X. */
	int (*protect)(void *user, void *memory, uint64_t address, uint64_t size, unsigned flags);
	/* The address of a symbol that no image in the scope defines. */
	int (*symbol)(void *user, const char *name, uint64_t *out_address);
	/* Run the IFUNC resolver at address RESOLVER on the image's CPU, and say what it returned. */
	int (*ifunc)(void *user, const relink_image *image, uint64_t resolver, uint64_t *out_address);
	/* Where the variable at OFFSET in the block of IMAGE will be. */
	int (*thread)(void *user, const relink_image *image, uint64_t offset, relink_image_thread *out_thread);
} relink_backend;

/* Facts about an image.  Addresses are those its CPU sees. */
typedef struct relink_image_info {
	const char *name; /* the input's; it must live as long */
	unsigned machine; /* e_machine */
	void *memory;     /* here, */
	uint64_t address, size; /* and there */
	uint64_t bias;    /* what is added to addresses of the file */
	uint64_t entry;
	uint64_t init, fini;             /* DT_INIT, DT_FINI; 0: none */
	uint64_t init_array, init_count; /* and the arrays of words that the CPU is to call */
	uint64_t fini_array, fini_count;
	uint64_t tls_image, tls_image_size, tls_size, tls_align;
	int is_fixed;  /* ET_EXEC: it must lie where it says */
	int is_linked; /* relink_image_link was called */
} relink_image_info;

/* Load INPUT, bytes or a callback, with the callbacks of *backend, which must outlive the image.  Fails with RELINK_E_IO_…,
 * RELINK_E_EHDR_…, RELINK_E_PHDR_…, RELINK_E_DYN_MALFORMED, RELINK_E_MAP, RELINK_E_MEMORY. */
RELINK_API relink_status relink_image_new(const relink_backend *backend, const relink_input *input,
					  relink_image **out_image, relink_error *error);

/* Relocate it, once, with the definitions of SCOPE in order, its own, and the backend's, and protect its pages.  After a
 * failure, RELINK_E_REL_… or RELINK_E_TLS_STATIC, the image can only be freed.  Default versions are what is found. */
RELINK_API relink_status relink_image_link(relink_image *image, relink_image *const *scope, size_t scope_count,
					   relink_error *error);

/* The address that the CPU sees of the exported symbol NAME: 1, or 0 if there is none.  IFUNC: of the resolver. */
RELINK_API int relink_image_find(const relink_image *image, const char *name, uint64_t *out_address);
RELINK_API const relink_image_info *relink_image_get_info(const relink_image *image);
RELINK_API void relink_image_free(relink_image *image);

#ifdef __cplusplus
}

/* RELINK_VIEW. */
template <typename Entry>
static inline const Entry *relink_view_of(relink_scan *scan, size_t index, size_t *out_count, relink_error *error)
{
	static_assert(__is_trivially_copyable(Entry), "bytes of a file are no value of this type");
	return static_cast<const Entry *>(relink_scan_view(scan, index, sizeof(Entry), alignof(Entry), out_count, error));
}
#endif

#endif
