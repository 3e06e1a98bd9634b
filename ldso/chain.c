/* A program that needs no linker, started through one: the kernel takes over.  Command mode only, when the program is
 * mapped and nothing else is. */
#include <errno.h>
#include <string.h>

#include "base/sys.h"
#include "base/text.h"
#include "ldso.h"

enum { EXIT_LINKER = 127, NAME_SIZE = 16 };

/* What execve(2) may answer. */
static const struct {
	int number;
	char name[NAME_SIZE];
} errors[] = {
	{E2BIG, "E2BIG"},     {EACCES, "EACCES"},   {EAGAIN, "EAGAIN"},   {EFAULT, "EFAULT"},
	{EINVAL, "EINVAL"},   {EIO, "EIO"},         {EISDIR, "EISDIR"},   {ELIBBAD, "ELIBBAD"},
	{ELOOP, "ELOOP"},     {EMFILE, "EMFILE"},   {ENAMETOOLONG, "ENAMETOOLONG"},
	{ENFILE, "ENFILE"},   {ENOENT, "ENOENT"},   {ENOEXEC, "ENOEXEC"}, {ENOMEM, "ENOMEM"},
	{ENOTDIR, "ENOTDIR"}, {EPERM, "EPERM"},     {ETXTBSY, "ETXTBSY"},
};

static const char *error_name(int number, char *buffer, size_t size)
{
	for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
		if (errors[i].number == number)
			return errors[i].name;
	rl_text_format(buffer, size, "%d", number);
	return buffer;
}

static bool has_interpreter_or_needs(const struct rl_object *program)
{
	return program->dynamic.needs_end != 0 || rl_image_has(&program->image, PT_INTERP);
}

void rl_chain_load(const struct rl_object *program, const struct rl_object *self)
{
	const char *soname = self->dynamic.soname;
	char number[NAME_SIZE];
	if (program->dynamic.soname != NULL && strcmp(program->dynamic.soname, soname) == 0) {
		rl_text_print(2, "%s: loader cannot load itself\n", soname);
		rl_sys_exit(EXIT_LINKER);
	}
	if (has_interpreter_or_needs(program))
		return;
	long result = rl_sys_execute(rl_config.program_path, rl_config.kernel.argv, rl_config.kernel.envp);
	rl_text_print(2, "%s: cannot execute %s: %s\n", soname, rl_config.program_path,
		      error_name((int)-result, number, sizeof number));
	rl_sys_exit(EXIT_LINKER);
}
