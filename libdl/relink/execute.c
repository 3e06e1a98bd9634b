/* Becoming another program without execve(2): its segments, its interpreter's, and a stack as the kernel makes it (System V
 * ABI, "Process Initialization").  Nothing of the old program runs any more; its memory stays. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "../../ldso/base/heap.h"
#include "../../ldso/base/sys.h"
#include "../../ldso/link/map.h"
#include "engine.h"

enum { STACK_SIZE = 8 << 20, ARGUMENTS_LIMIT = STACK_SIZE / 4, STACK_ALIGN = 16, RANDOM_SIZE = 16 };

struct program {
	const char *name;
	char *const *argv, *const *envp;
	struct rl_object image, interpreter; /* mapped, and nothing else; the second has no map_end if there is none */
	struct rl_kernel kernel;             /* what this process got */
};

static void image_unmap(struct rl_object *image)
{
	if (image->owns_map)
		rl_sys_unmap(image->map_start, image->map_end - image->map_start);
	if (image->owns_phdr)
		rl_heap_give((void *)image->phdr);
}

static enum rl_status image_map(const relink_input *input, struct rl_object *out_image, struct rl_diag *diag)
{
	struct rl_input_source source;
	struct rl_file file;
	uint64_t dynamic, size = 0;
	RL_TRY(rl_input_open(input, &source, &file, diag));
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)file.head.bytes;
	enum rl_status status = RL_OPEN_EXECUTABLE;
	int error = 0;
	if (header->e_type != ET_REL && header->e_entry != 0) {
		error = rl_file_size(&file, &size);
		status = error != 0 ? RL_FILE_STAT
				    : rl_map_file(&file, size, rl_engine.linker.page_size, 0, out_image, &dynamic, &error);
		if (status == RL_OK && (out_image->stack_flags & PF_X) && rl_image_has(&out_image->image, PT_GNU_STACK))
			status = RL_STACK_EXECUTABLE;
	}
	rl_input_close(&file);
	if (status != RL_OK)
		status = rl_fail(diag, status, .subject = file.path, .error_number = error, .value = header->e_type);
	rl_heap_give(file.path);
	return status;
}

/* What PT_INTERP names: it gets control, and finds the program by the auxiliary vector. */
static enum rl_status interpreter_map(struct program *program, struct rl_diag *diag)
{
	const struct rl_image *image = &program->image.image;
	for (size_t i = 0; i < image->phdr_count; i++) {
		const Elf64_Phdr *phdr = &image->phdrs[i];
		if (phdr->p_type != PT_INTERP)
			continue;
		const char *name = rl_image_array(image, phdr->p_vaddr, phdr->p_filesz, 1);
		if (name == NULL || phdr->p_filesz == 0 || name[phdr->p_filesz - 1] != '\0')
			return rl_fail(diag, RL_SEGMENT_DAMAGED, .subject = program->name);
		relink_input input = relink_path(name);
		return image_map(&input, &program->interpreter, diag);
	}
	return RL_OK;
}

/* Bytes of the strings of LIST, and their number. */
static size_t list_measure(char *const *list, size_t *out_count)
{
	size_t size = 0;
	for (*out_count = 0; list[*out_count] != NULL; ++*out_count)
		size += strlen(list[*out_count]) + 1;
	return size;
}

static char *string_put(char **room, const char *string)
{
	size_t size = strlen(string) + 1;
	*room += size;
	return memcpy(*room - size, string, size);
}

/* The strings of LIST go to ROOM, pointers to them and a NULL to WORD; returns the word behind. */
static uintptr_t *list_put(char *const *list, char **room, uintptr_t *word)
{
	for (; *list != NULL; list++)
		*word++ = (uintptr_t)string_put(room, *list);
	*word++ = 0;
	return word;
}

/* The entries that this process got, with what differs for the program.  RANDOM: NULL if there is none. */
static void auxiliary_put(const struct program *program, const char *name, const char *random, Elf64_auxv_t *out)
{
	const struct rl_object *image = &program->image;
	for (const Elf64_auxv_t *entry = program->kernel.auxv;; entry++) {
		*out = *entry;
		switch (entry->a_type) {
		case AT_PHDR:
			out->a_un.a_val = (uintptr_t)image->phdr;
			break;
		case AT_PHNUM:
			out->a_un.a_val = image->image.phdr_count;
			break;
		case AT_ENTRY:
			out->a_un.a_val = image->entry;
			break;
		case AT_BASE:
			out->a_un.a_val = program->interpreter.image.bias;
			break;
		case AT_EXECFN:
			out->a_un.a_val = (uintptr_t)name;
			break;
		case AT_RANDOM:
			out->a_un.a_val = random != NULL ? (uintptr_t)random : entry->a_un.a_val;
			break;
		}
		if (entry->a_type == AT_NULL)
			return;
		out++;
	}
}

/* A new stack: at its end the strings, below them what they mean.  Returns an errno. */
static int stack_make(const struct program *program, uintptr_t *out_stack)
{
	size_t argument_count, variable_count, entry_count = 1;
	size_t size = list_measure(program->argv, &argument_count) + list_measure(program->envp, &variable_count)
		      + strlen(program->name) + 1 + RANDOM_SIZE;
	while (program->kernel.auxv[entry_count - 1].a_type != AT_NULL)
		entry_count++;
	size_t words = 1 + argument_count + 1 + variable_count + 1 + 2 * entry_count;
	if (size > ARGUMENTS_LIMIT || words > ARGUMENTS_LIMIT / sizeof(uintptr_t))
		return E2BIG;
	long start = rl_sys_map(0, STACK_SIZE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (rl_sys_is_error(start))
		return (int)-start;
	rl_sys_protect((uintptr_t)start, rl_engine.linker.page_size, PROT_NONE); /* who goes too deep is told */
	char *random = (char *)start + STACK_SIZE - size, *room = random + RANDOM_SIZE;
	uintptr_t *stack = (uintptr_t *)(((uintptr_t)random - words * sizeof *stack) & -(uintptr_t)STACK_ALIGN);
	bool is_random = rl_syscall3(SYS_getrandom, (long)random, RANDOM_SIZE, 0) == RANDOM_SIZE;
	stack[0] = argument_count;
	uintptr_t *word = list_put(program->envp, &room, list_put(program->argv, &room, stack + 1));
	auxiliary_put(program, string_put(&room, program->name), is_random ? random : NULL, (Elf64_auxv_t *)word);
	*out_stack = (uintptr_t)stack;
	return 0;
}

/* Handlers, and the stack that they run on, were the old program's. */
static void signals_reset(void)
{
	enum { IGNORE = 1, COUNT = 64, DISABLE = 2 /* SS_DISABLE */ };
	struct {
		uintptr_t handler, rest[3];
	} action;
	for (long number = 1; number <= COUNT; number++) {
		if (rl_syscall4(SYS_rt_sigaction, number, 0, (long)&action, sizeof(uint64_t)) != 0 || action.handler <= IGNORE)
			continue;
		memset(&action, 0, sizeof action);
		rl_syscall4(SYS_rt_sigaction, number, (long)&action, 0, sizeof(uint64_t));
	}
	const uintptr_t none[3] = {0, DISABLE, 0};
	rl_syscall2(SYS_sigaltstack, (long)none, 0);
}

static enum rl_status program_make(struct program *program, const relink_input *input, uintptr_t *out_stack,
				   struct rl_diag *diag)
{
	RL_TRY(image_map(input, &program->image, diag));
	RL_TRY(interpreter_map(program, diag));
	(void)rl_host_kernel_read(&program->kernel); /* the engine could when it started */
	int error = stack_make(program, out_stack);
	return error == 0 ? RL_OK : rl_fail(diag, RL_NO_MEMORY, .subject = program->name, .error_number = error);
}

relink_status relink_execute(const relink_input *input, char *const *argv, char *const *envp, relink_error *error)
{
	static char *const empty[] = {NULL};
	struct rl_diag diag = RL_DIAG_NONE;
	uintptr_t stack = 0;
	if (input == NULL || (input->kind == 0 && input->name == NULL) || argv == NULL || rl_host_has_other_threads())
		return rl_error_plain(error, RELINK_E_ARGUMENT, "");
	if (rl_engine_start() != RELINK_OK)
		return rl_error_plain(error, RELINK_E_HOST, "");
	struct program program = {.name = input->name != NULL ? input->name : "<memory>",
				  .argv = argv, .envp = envp != NULL ? envp : empty};
	if (program_make(&program, input, &stack, &diag) != RL_OK) {
		image_unmap(&program.image);
		image_unmap(&program.interpreter);
		return rl_error_take(&diag, error);
	}
	signals_reset();
	rl_port_enter(program.interpreter.owns_map ? program.interpreter.entry : program.image.entry, stack);
}
