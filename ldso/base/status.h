/* The outcome of every fallible function.  Each value names one way to fail; the words for it belong to the
 * personality (ldso/abi/), because programs and scripts know the original's sentences. */
#ifndef RL_BASE_STATUS_H
#define RL_BASE_STATUS_H

enum rl_status {
	RL_OK = 0,
	RL_NO_MEMORY,

	/* Files. */
	RL_FILE_NOT_FOUND, /* diag.error_number says why the last open failed */
	RL_FILE_UNREADABLE,
	RL_FILE_STAT,
	RL_FILE_TOO_SHORT,

	/* The ELF header (gABI chapter 4). */
	RL_ELF_MAGIC,
	RL_ELF_CLASS,
	RL_ELF_DATA,
	RL_ELF_IDENT_VERSION,
	RL_ELF_OSABI,
	RL_ELF_ABI_VERSION,
	RL_ELF_PADDING,
	RL_ELF_VERSION,
	RL_ELF_MACHINE,
	RL_ELF_TYPE,
	RL_ELF_PHENTSIZE,

	/* Segments and mapping (gABI chapter 5). */
	RL_SEGMENT_ALIGN,
	RL_SEGMENT_OFFSET,
	RL_SEGMENT_NONE,
	RL_SEGMENT_DAMAGED,
	RL_MAP_SEGMENT,
	RL_MAP_ZERO,
	RL_MAP_PROTECT,
	RL_STACK_EXECUTABLE,

	/* The dynamic section. */
	RL_DYNAMIC_NONE,
	RL_DYNAMIC_DAMAGED,
	RL_OPEN_EXECUTABLE,
	RL_OPEN_PIE,
	RL_OPEN_REFUSED, /* DF_1_NOOPEN */

	/* Versions (gABI symbol versioning as glibc implements it). */
	RL_VERSION_NOT_FOUND,
	RL_VERSION_FORMAT,
	RL_VERSION_RELR, /* DT_RELR in a file that does not ask libc for its support */

	/* Binding. */
	RL_SYMBOL_UNDEFINED,
	RL_RELOC_TYPE,
	RL_RELOC_DAMAGED,
	RL_RELOC_WRITABLE,
	RL_RELOC_OVERFLOW,
	RL_REFUSED, /* whoever embeds the engine said no */
	RL_NAME_TAKEN, /* an object of this name is there already */

	/* Relocatable files and archives. */
	RL_OBJECT_DAMAGED,
	RL_ARCHIVE_DAMAGED,
	RL_SYMBOL_TWICE, /* two files that are linked together define it */

	/* TLS. */
	RL_TLS_STATIC_FULL,

	/* Requests. */
	RL_REQUEST_MODE,
	RL_REQUEST_NOT_OPEN,
	RL_REQUEST_NAMESPACE,
	RL_REQUEST_NAMESPACES,     /* there are as many as may be */
	RL_REQUEST_NOT_IN_BASE,    /* the program is nowhere else */
	RL_REQUEST_NOT_GLOBAL,     /* RTLD_GLOBAL for another namespace than the caller's */
	RL_REQUEST_CALLER,  /* RTLD_NEXT from code not in any object */
	RL_REQUEST_UNKNOWN, /* dlinfo request */
	RL_REQUEST_PARAMETER, /* mode bits that do not exist */
	RL_REQUEST_HANDLE,  /* what was passed is no handle */
	RL_REQUEST_SYMBOL,  /* dlsym did not find it */
	RL_REQUEST_EXITING, /* the process is ending */
	RL_REQUEST_INCONSISTENT, /* a constructor was running in a thread that a fork left behind */
	RL_TOKEN_FORBIDDEN, /* dynamic string token in a secure process */
	RL_TOKEN_EMPTY,

	/* Personalities. */
	RL_LIBC_UNKNOWN,

	RL_STATUS_COUNT
};

#define RL_NODISCARD __attribute__((warn_unused_result))

/* Return the status of EXPRESSION from this function if it is a failure. */
#define RL_TRY(expression)                                                                                             \
	do {                                                                                                           \
		enum rl_status rl_try_status_ = (expression);                                                          \
		if (__builtin_expect(rl_try_status_ != RL_OK, 0))                                                      \
			return rl_try_status_;                                                                         \
	} while (0)

#endif
