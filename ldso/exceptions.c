/* The linker's exceptions, for a libc that imports them (2.37 and later): a chain of handlers per thread whose head
 * lies in the thread descriptor.  Message blocks are libc's malloc memory, because libc frees them. */
#include <string.h>

#include "base/sys.h"
#include "base/text.h"
#include "exports.h"
#include "ldso.h"

struct handler {
	struct rl_exception *exception;
	int code;
	void *frame[5]; /* __builtin_setjmp's */
};

static const char out_of_memory[] = "out of memory";

/* Where the calling thread keeps its innermost handler; before threads are set up, a variable of ours. */
static struct handler **chain(void)
{
	static struct handler *early;
	if (rl_glibc.layout == NULL || rl_glibc.layout->pthread.rtld_catch == RL_ABSENT)
		return &early;
	return (struct handler **)(rl_glibc_descriptor(&rl_glibc, rl_port_thread_pointer()) + rl_glibc.layout->pthread.rtld_catch);
}

static char *block_take(size_t size)
{
	rl_glibc_heap_ready(&rl_glibc);
	return rl_glibc.functions.malloc == NULL ? NULL : rl_glibc.functions.malloc(size);
}

/* One block: the text, then the object's name. */
RL_EXPORT void _dl_exception_create(struct rl_exception *exception, const char *object, const char *text)
{
	if (object == NULL)
		object = "";
	size_t text_size = strlen(text) + 1, object_size = strlen(object) + 1;
	char *block = block_take(text_size + object_size);
	if (block == NULL) {
		*exception = (struct rl_exception){"", out_of_memory, NULL};
		return;
	}
	exception->text = memcpy(block, text, text_size);
	exception->object = memcpy(block + text_size, object, object_size);
	exception->block = block;
}

RL_EXPORT void _dl_exception_create_format(struct rl_exception *exception, const char *object, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	if (object == NULL)
		object = "";
	size_t text_size = rl_text_format_list(NULL, 0, format, arguments) + 1, object_size = strlen(object) + 1;
	char *block = block_take(text_size + object_size);
	if (block == NULL) {
		*exception = (struct rl_exception){"", out_of_memory, NULL};
	} else {
		rl_text_format_list(block, text_size, format, arguments);
		exception->text = block;
		exception->object = memcpy(block + text_size, object, object_size);
		exception->block = block;
	}
	va_end(arguments);
}

RL_EXPORT void _dl_exception_free(struct rl_exception *exception)
{
	if (exception->block != NULL && rl_glibc.functions.free != NULL)
		rl_glibc.functions.free(exception->block);
	*exception = (struct rl_exception){0};
}

static _Noreturn void uncaught(int code, const struct rl_exception *exception, const char *occasion)
{
	rl_text_print(2, "%s: %s: %s%s%s\n", rl_glibc.program_name,
		      occasion != NULL ? occasion : "error while loading shared libraries", exception->object,
		      exception->object[0] != '\0' ? ": " : "", exception->text);
	(void)code;
	rl_sys_exit(127);
}

RL_EXPORT void _dl_signal_exception(int code, struct rl_exception *exception, const char *occasion)
{
	struct handler *handler = *chain();
	if (handler == NULL)
		uncaught(code, exception, occasion);
	*handler->exception = *exception;
	handler->code = code;
	__builtin_longjmp(handler->frame, 1);
}

RL_EXPORT void _dl_signal_error(int code, const char *object, const char *occasion, const char *text)
{
	struct rl_exception exception;
	struct handler *handler = *chain();
	if (object == NULL)
		object = "";
	if (handler == NULL) {
		exception = (struct rl_exception){object, text, NULL};
		uncaught(code, &exception, occasion);
	}
	_dl_exception_create(&exception, object, text);
	_dl_signal_exception(code, &exception, occasion);
}

/* Run FN; returns the code of what it threw, 0 if nothing.  Not inlined: __builtin_longjmp needs a frame of its own. */
static __attribute__((noinline)) int handler_run(struct handler *handler, void (*fn)(void *), void *argument)
{
	if (__builtin_setjmp(handler->frame) != 0)
		return handler->code;
	fn(argument);
	return 0;
}

RL_EXPORT int _dl_catch_exception(struct rl_exception *exception, void (*fn)(void *), void *argument)
{
	struct handler **head = chain();
	struct handler *outer = *head;
	if (exception == NULL) {
		*head = NULL; /* errors are fatal inside */
		fn(argument);
		*head = outer;
		return 0;
	}
	struct handler handler = {.exception = exception};
	*exception = (struct rl_exception){0};
	*head = &handler;
	int code = handler_run(&handler, fn, argument);
	*head = outer;
	return code;
}

RL_EXPORT int _dl_catch_error(const char **object, const char **text, bool *is_malloced, void (*fn)(void *),
			      void *argument)
{
	struct rl_exception exception;
	int code = _dl_catch_exception(&exception, fn, argument);
	*object = exception.object;
	*text = exception.text;
	*is_malloced = exception.block == exception.text && exception.block != NULL;
	return code;
}
