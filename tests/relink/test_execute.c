/* relink_execute: real programs, of both libcs, static and dynamic, say what they say after execve. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "check.h"

static const char source[] =
	"#include <signal.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <sys/auxv.h>\n"
	"#include <pthread.h>\n#include <elf.h>\n#include <unistd.h>\n"
	"static __thread int cell = 5; static int order; extern char **environ; int main(int, char **);\n"
	"__attribute__((constructor)) static void first(void) { order = order * 10 + 1; }\n"
	"__attribute__((destructor)) static void last(void) { puts(\"last\"); fflush(stdout); }\n"
	"static void *thread(void *unused) { cell += 2; return (void *)(long)cell; }\n"
	"static int deep(int n) { volatile char room[1000]; room[0] = (char)n; return n == 0 ? 0 : deep(n - 1) + room[0] * 0 + 1; }\n"
	"int main(int argc, char **argv)\n{\n"
	"	for (int i = 0; i < argc; i++) printf(\"[%s]\", argv[i]);\n"
	"	for (char **e = environ; *e; e++) printf(\"{%s}\", *e);\n"
	"	const Elf64_Phdr *phdr = (void *)getauxval(AT_PHDR);\n"
	"	int loads = 0; for (unsigned long i = 0; i < getauxval(AT_PHNUM); i++) loads += phdr[i].p_type == PT_LOAD;\n"
	"	struct sigaction action; sigaction(SIGUSR1, NULL, &action);\n"
	"	int caught = action.sa_handler != SIG_DFL; sigaction(SIGUSR2, NULL, &action);\n"
	"	stack_t stack; sigaltstack(NULL, &stack);\n"
	"	pthread_t other; void *result = 0; pthread_create(&other, NULL, thread, NULL); pthread_join(other, &result);\n"
	"	void *block = malloc(3000000); memset(block, 1, 3000000); free(block);\n"
	"	char text[40]; snprintf(text, sizeof text, \"%.3f %s\", argc * 1.5, getenv(\"LATER\") ? getenv(\"LATER\") : \"-\");\n"
	"	printf(\"\\n%d %d %d %d %ld %d %s %zu\\n\", loads, order, caught, action.sa_handler == SIG_IGN, (long)result,\n"
	"	       (stack.ss_flags & SS_DISABLE) != 0, text, strlen(text));\n"
	"	printf(\"%d %d %d %s\\n\", cell, deep(6000), getauxval(AT_RANDOM) != 0, (char *)getauxval(AT_EXECFN));\n"
	"	printf(\"%d\\n\", (unsigned long)main - getauxval(AT_ENTRY) < 1ul << 20 || getauxval(AT_ENTRY) - (unsigned long)main < 1ul << 20);\n"
	"	fflush(stdout);\n"
	"	if (write(1, \"raw\\n\", 4) != 4) return 1;\n"
	"	return argc + 20;\n}\n";

static char *const arguments[] = {"zero", "first argument", "", NULL};
static char *const variables[] = {"LATER=yes", "EMPTY=", "PATH=/bin", NULL};

static void ignore(int number)
{
	(void)number;
}

/* What a child writes that becomes PROGRAM: by execve, or from a file or its bytes. */
static int program_run(const char *program, int way, char *text, size_t limit)
{
	int ends[2], status = 0;
	size_t size = 0;
	NEED(pipe(ends) == 0);
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		static char bytes[4 << 20];
		relink_input input = relink_path(program);
		relink_error error;
		alarm(30);
		dup2(ends[1], 1);
		close(ends[0]);
		close(ends[1]);
		signal(SIGUSR1, ignore);
		signal(SIGUSR2, SIG_IGN);
		static char stack[65536];
		stack_t other = {.ss_sp = stack, .ss_size = sizeof stack};
		sigaltstack(&other, NULL);
		if (way == 0)
			execve(program, arguments, variables);
		if (way == 2) {
			int fd = open(program, O_RDONLY | O_CLOEXEC);
			ssize_t count = read(fd, bytes, sizeof bytes);
			NEED(count > 0 && (size_t)count < sizeof bytes);
			input = relink_bytes(program, bytes, (size_t)count);
			close(fd);
		}
		relink_execute(&input, arguments, variables, &error);
		relink_error_format(&error, bytes, sizeof bytes);
		fprintf(stderr, "%s: %s\n", program, bytes);
		_exit(99);
	}
	close(ends[1]);
	for (ssize_t count; (count = read(ends[0], text + size, limit - 1 - size)) > 0;)
		size += (size_t)count;
	text[size] = '\0';
	close(ends[0]);
	NEED(waitpid(child, &status, 0) == child);
	return status;
}

static void same_test(const char *program)
{
	char expected[8192], said[8192];
	int status = program_run(program, 0, expected, sizeof expected);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) != 99);
	for (int way = 1; way <= 2; way++) {
		int own = program_run(program, way, said, sizeof said);
		if (own != status || strcmp(said, expected) != 0) {
			fprintf(stderr, "%s, way %d: status %x, expected %x\n%s--\n%s", program, way, own, status, said,
				expected);
			CHECK(!"the same");
		}
	}
}

static void programs_test(void)
{
	check_build("cc", "c", "static", source, "-static -pthread");
	check_build("cc", "c", "static-pie", source, "-static-pie -pthread");
	check_build("cc", "c", "static-relr", source, "-static-pie -pthread -Wl,-z,pack-relative-relocs");
	check_build("cc", "c", "dynamic", source, "-pie -fPIE -pthread");
	check_build("cc", "c", "fixed", source, "-no-pie -pthread");
	const char *const programs[] = {"./static", "./static-pie", "./static-relr", "./dynamic", "./fixed", "/bin/true",
					"/bin/false"};
	for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++)
		same_test(programs[i]);
	if (system("command -v musl-gcc >/dev/null") != 0)
		return;
	check_build("musl-gcc", "c", "musl-static", source, "-static");
	check_build("musl-gcc", "c", "musl-dynamic", source, "-fPIE -pie");
	same_test("./musl-static");
	same_test("./musl-dynamic");
}

static relink_status refuse(const char *path, char *const *argv, relink_error *error)
{
	relink_input input = relink_path(path);
	static struct maps before, after;
	maps_take(&before);
	relink_status status = relink_execute(&input, argv, NULL, error);
	maps_take(&after);
	CHECK(status == error->status && maps_equal(&before, &after));
	return status;
}

static void *wait_for(void *end)
{
	char byte;
	CHECK(read(*(int *)end, &byte, 1) == 0);
	return NULL;
}

static void refusals_test(void)
{
	relink_error error;
	check_library("libplain.so", "int x;", "-nostdlib -Wl,--entry=0");
	check_build("cc", "c", "plain.o", "int x;", "-c");
	check_build("cc", "c", "lost", "int main(void) { return 0; }", "-Wl,--dynamic-linker=/nowhere/ld.so");
	check_build("cc", "c", "stack", "int main(void) { return 0; }", "-static -Wl,-z,execstack");
	check_run("seq 1000 > text");
	relink_input warm = relink_path("./lost"); /* what the library keeps is there from now on */
	CHECK(relink_execute(&warm, arguments, NULL, &error) == RELINK_E_IO_OPEN);
	CHECK(strcmp(error.file, "/nowhere/ld.so") == 0 && error.error_number == ENOENT);
	CHECK(refuse("./lost", arguments, &error) == RELINK_E_IO_OPEN);
	CHECK(refuse("./libplain.so", arguments, &error) == RELINK_E_KIND && error.value == ET_DYN);
	CHECK(refuse("./plain.o", arguments, &error) == RELINK_E_KIND && error.value == ET_REL);
	CHECK(refuse("./text", arguments, &error) == RELINK_E_EHDR_MAGIC);
	CHECK(refuse("./absent", arguments, &error) == RELINK_E_IO_OPEN && error.error_number == ENOENT);
	CHECK(refuse("./stack", arguments, &error) == RELINK_E_STACK);
	CHECK(refuse("./static", NULL, &error) == RELINK_E_ARGUMENT);
	/* The place of a program that cannot lie elsewhere is taken. */
	void *place = (void *)0x400000;
	void *mine = mmap(place, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	CHECK(refuse("./static", arguments, &error) == RELINK_E_MAP && error.error_number == EEXIST);
	CHECK(strcmp(error.file, "./static") == 0);
	if (mine == place)
		munmap(mine, 4096);
	/* Arguments that no stack holds. */
	enum { MANY = 300000 };
	char **many = calloc(MANY + 1, sizeof *many);
	for (int i = 0; i < MANY; i++)
		many[i] = "argument";
	CHECK(refuse("./static", many, &error) == RELINK_E_MEMORY && error.error_number == E2BIG);
	free(many);
	int ends[2];
	pthread_t thread;
	NEED(pipe(ends) == 0 && pthread_create(&thread, NULL, wait_for, &ends[0]) == 0);
	CHECK(refuse("./static", arguments, &error) == RELINK_E_ARGUMENT);
	close(ends[1]);
	pthread_join(thread, NULL);
	close(ends[0]);
}

int main(void)
{
	check_begin();
	programs_test();
	refusals_test();
	return check_end();
}
