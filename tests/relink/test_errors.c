/* Each way to fail: what provokes it, the status, and the line that relink_error_format makes of it. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "check.h"

static relink_context *context;
static unsigned char seen[RELINK_STATUS_COUNT];

static void expect(relink_status status, const relink_error *error, relink_status wanted, const char *text)
{
	char line[1024];
	size_t length = relink_error_format(error, line, sizeof line);
	seen[wanted] = 1;
	if (status == wanted && error->status == wanted && strcmp(line, text) == 0 && length == strlen(text))
		return;
	fprintf(stderr, "%s\n  got    %s: %s\n  wanted %s\n", relink_status_name(wanted), relink_status_name(status), line, text);
	check_failures++;
}

static void expect_load(const relink_input *input, unsigned flags, relink_status wanted, const char *text)
{
	relink_error error = {.status = RELINK_OK};
	relink_status status = check_refused(context, input, flags, &error);
	expect(status, &error, wanted, text);
}

static void expect_path(const char *path, unsigned flags, relink_status wanted, const char *text)
{
	relink_input input = relink_path(path);
	expect_load(&input, flags, wanted, text);
}

/* ---- Files with one thing wrong -------------------------------------------------------------------------------------- */

static _Alignas(8) char good[65536], bad[65536];
static size_t good_size;

static void file_read(const char *path)
{
	FILE *file = fopen(path, "rb");
	NEED(file != NULL);
	good_size = fread(good, 1, sizeof good, file);
	fclose(file);
	memcpy(bad, good, sizeof bad);
}

static Elf64_Ehdr *header(void)
{
	return (Elf64_Ehdr *)bad;
}

static Elf64_Phdr *segment(unsigned type)
{
	Elf64_Phdr *phdr = (Elf64_Phdr *)(bad + header()->e_phoff);
	while (phdr->p_type != type)
		phdr++;
	return phdr;
}

static Elf64_Dyn *dynamic(long tag)
{
	Elf64_Dyn *entry = (Elf64_Dyn *)(bad + segment(PT_DYNAMIC)->p_offset);
	while (entry->d_tag != tag && entry->d_tag != DT_NULL)
		entry++;
	NEED(entry->d_tag == tag);
	return entry;
}

static Elf64_Rela *relocations(void)
{
	return (Elf64_Rela *)(bad + dynamic(DT_JMPREL)->d_un.d_ptr); /* in the first segment: address and offset agree */
}

static void expect_bad(relink_status wanted, const char *text)
{
	char name[64];
	snprintf(name, sizeof name, "bad");
	relink_input input = relink_bytes(name, bad, good_size);
	expect_load(&input, 0, wanted, text);
	memcpy(bad, good, sizeof bad);
}

static void headers_check(void)
{
	file_read("libgood.so");
	bad[0] = 'x';
	expect_bad(RELINK_E_EHDR_MAGIC, "bad: not an ELF file");
	header()->e_ident[EI_CLASS] = ELFCLASS32;
	expect_bad(RELINK_E_EHDR_CLASS, "bad: wrong ELF class");
	header()->e_ident[EI_DATA] = ELFDATA2MSB;
	expect_bad(RELINK_E_EHDR_DATA, "bad: wrong byte order");
	header()->e_version = 2;
	expect_bad(RELINK_E_EHDR_VERSION, "bad: unknown ELF version");
	header()->e_ident[EI_OSABI] = ELFOSABI_HPUX;
	expect_bad(RELINK_E_EHDR_OSABI, "bad: for another operating system");
	header()->e_machine = EM_SPARC;
	expect_bad(RELINK_E_EHDR_MACHINE, "bad: for another CPU");
	header()->e_type = ET_CORE;
	expect_bad(RELINK_E_EHDR_TYPE, "bad: neither program, library nor object file");
	header()->e_phentsize = 32;
	expect_bad(RELINK_E_EHDR_ENTRY, "bad: header table entries of a wrong size");
	for (Elf64_Phdr *phdr = segment(PT_LOAD), *end = phdr + header()->e_phnum; phdr < end; phdr++)
		if (phdr->p_type == PT_LOAD)
			phdr->p_type = PT_NULL;
	expect_bad(RELINK_E_PHDR_NONE, "bad: no loadable segment");
	segment(PT_LOAD)[1].p_offset += 8;
	expect_bad(RELINK_E_PHDR_ALIGN, "bad: segment address and offset do not agree");
	segment(PT_LOAD)->p_filesz = segment(PT_LOAD)->p_memsz + 1;
	expect_bad(RELINK_E_PHDR_MALFORMED, "bad: damaged program headers");
	size_t size = good_size;
	good_size = 1000;
	expect_bad(RELINK_E_IO_SHORT, "bad: file is too short");
	good_size = size;
	dynamic(DT_STRTAB)->d_un.d_ptr = 1 << 30;
	expect_bad(RELINK_E_DYN_MALFORMED, "bad: damaged dynamic section");
	*(Elf64_Half *)(bad + dynamic(DT_VERNEED)->d_un.d_ptr) = 9;
	expect_bad(RELINK_E_VERSION_FORMAT, "bad: unknown form of version records");
	relocations()->r_info = ELF64_R_INFO(ELF64_R_SYM(relocations()->r_info), 250);
	expect_bad(RELINK_E_REL_TYPE, "bad: unknown relocation type (type 250)");
	relocations()->r_offset = 1 << 30;
	expect_bad(RELINK_E_REL_MALFORMED, "bad: damaged relocation (type 7)");
}

/* ---- Files that are fine, but not here ------------------------------------------------------------------------------- */

static void files_check(void)
{
	expect_path("./absent.so", 0, RELINK_E_IO_OPEN, "./absent.so: cannot be opened: No such file or directory");
	expect_path("/tmp", 0, RELINK_E_IO_READ, "/tmp: cannot be read: Is a directory");
	expect_path("./libgood.so", RELINK_ONLY_OBJECT, RELINK_E_KIND, "./libgood.so: not of the kind that was asked for");
	check_library("libstack.so", "int f(void) { return 1; }", "-Wl,-z,execstack");
	expect_path("./libstack.so", 0, RELINK_E_STACK, "./libstack.so: asks for an executable stack");
	/* A program that is bound to an address which is taken. */
	check_build("cc", "c", "fixed", "int main(void) { return 0; }", "-no-pie -Wl,-Ttext-segment=0x10000000");
	void *taken = mmap((void *)0x10000000, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	NEED(taken != MAP_FAILED);
	expect_path("./fixed", 0, RELINK_E_MAP, "./fixed: cannot be mapped: File exists");
	munmap(taken, 4096);
	check_library("libneeded.so", "int needed(void) { return 1; }", "");
	check_library("libneeds.so", "int needed(void); int f(void) { return needed(); }", "-lneeded");
	check_run("rm libneeded.so");
	expect_path("./libneeds.so", 0, RELINK_E_LINK_DEPENDENCY,
		    "libneeded.so: dependency not found: No such file or directory (needed by ./libneeds.so)");
	check_run("printf 'V1 {};\\nV2 {};\\n' >both.map; printf 'V1 {};\\n' >one.map");
	check_library("libversion.so", "int a_v1(void) { return 1; } __asm__(\".symver a_v1,a@V1\");"
				       "int a_v2(void) { return 2; } __asm__(\".symver a_v2,a@@V2\");", "-Wl,--version-script=both.map");
	check_library("libwants.so", "int a(void); int f(void) { return a(); }", "-lversion -Wl,-rpath,.");
	check_library("libversion.so", "int a_v1(void) { return 1; } __asm__(\".symver a_v1,a@@V1\");", "-Wl,--version-script=one.map");
	expect_path("./libwants.so", 0, RELINK_E_VERSION, "./libversion.so: version not found: V2 (needed by ./libwants.so)");
	check_library("libnobody.so", "int nobody(void); int f(void) { return nobody(); }", "");
	expect_path("./libnobody.so", 0, RELINK_E_REL_SYMBOL, "./libnobody.so: undefined symbol: nobody");
	check_library("libtls.so", "__attribute__((tls_model(\"initial-exec\"))) __thread char v[100000]; char *f(void) { return v; }", "");
	expect_path("./libtls.so", 0, RELINK_E_TLS_STATIC, "./libtls.so: needs static thread-local storage: v (100000 bytes)");
}

/* ---- Relocatable files and archives ---------------------------------------------------------------------------------- */

/* In the program, which is far from where modules are mapped. */
extern int far_variable;
int far_variable = 5;

static void objects_check(void)
{
	relink_module *module = NULL;
	relink_error error;
	check_build("cc", "c", "far.o", "extern int far_variable; int f(void) { return far_variable; }", "-c -fno-pic -mcmodel=small");
	relink_context *own = context;
	context = check_context(RELINK_HOST_SYMBOLS);
	expect_path("./far.o", 0, RELINK_E_REL_OVERFLOW, "./far.o: relocation does not fit: far_variable (type 2)");
	relink_context_free(context);
	context = own;
	check_build("cc", "c", "plain.o", "int plain(void) { return 1; }", "-c");
	file_read("plain.o");
	Elf64_Shdr *sections = (Elf64_Shdr *)(bad + header()->e_shoff);
	for (unsigned i = 1; i < header()->e_shnum; i++)
		if (sections[i].sh_type == SHT_SYMTAB)
			sections[i].sh_link = 4000;
	expect_bad(RELINK_E_OBJECT_MALFORMED, "bad: damaged section headers or symbols");
	relink_input archive = relink_bytes("odd.a", "!<arch>\nthis is no header of a member, but it is long enough for one ...........", 76);
	expect_load(&archive, 0, RELINK_E_ARCHIVE, "odd.a: damaged archive");
	relink_input both[] = {relink_path("./plain.o"), relink_path("./again.o")};
	check_run("cp plain.o again.o");
	relink_status status = relink_link(context, "both", both, 2, NULL, &module, &error);
	expect(status, &error, RELINK_E_LINK_TWICE, "./again.o: symbol is defined twice: plain (needed by ./plain.o)");
}

/* ---- Callers --------------------------------------------------------------------------------------------------------- */

static int refuse(void *user, const relink_info *info)
{
	(void)user;
	return strstr(info->path, "libgood") != NULL;
}

static void callers_check(void)
{
	relink_error error;
	relink_module *module = NULL, *second = NULL;
	relink_symbol symbol;
	relink_context *other = NULL;
	relink_status status = relink_context_new(1u << 31, &other, &error);
	expect(status, &error, RELINK_E_ARGUMENT, "invalid argument");
	other = check_context(0);
	relink_memory_hooks memory = {.page_size = 12345};
	CHECK(relink_set_memory(other, &memory, NULL) == RELINK_E_PAGE_SIZE);
	seen[RELINK_E_PAGE_SIZE] = 1;
	relink_input input = relink_path("./libgood.so");
	relink_closure *closure = NULL;
	relink_arena *arena = NULL;
	NEED(relink_closure_new(other, &input, &closure, &error) == RELINK_OK
	     && relink_arena_new(closure, RELINK_CODE, 4096, 0, &arena, &error) == RELINK_OK);
	status = relink_place_section(closure, 0, 1, arena, RELINK_NEXT, &error);
	expect(status, &error, RELINK_E_UNMOVABLE, "./libgood.so: cannot be moved (linked with --emit-relocs?)");
	relink_closure_free(closure);
	relink_module *foreign = check_load(other, "./libgood.so", 0);
	relink_options options = {.scope = &foreign, .scope_count = 1};
	status = relink_load(context, &input, &options, &module, &error);
	expect(status, &error, RELINK_E_HANDLE, "./libgood.so: not a module of this context, or one that was given back");
	CHECK(relink_symbol_find(foreign, "absent", &symbol) == RELINK_E_SYMBOL);
	seen[RELINK_E_SYMBOL] = 1;
	relink_unref(foreign);
	relink_hooks hooks = {.accept = refuse};
	CHECK(relink_set_hooks(other, &hooks, NULL) == RELINK_OK);
	status = relink_load(other, &input, NULL, &module, &error);
	expect(status, &error, RELINK_E_REFUSED, "./libgood.so: refused by a callback");
	relink_context_free(other);
	relink_definition definition = {.name = "a", .address = &symbol};
	NEED(relink_synthetic_new(context, "table", &definition, 1, &module, &error) == RELINK_OK);
	status = relink_synthetic_new(context, "table", &definition, 1, &second, &error);
	expect(status, &error, RELINK_E_LINK_EXISTS, "table: a module of this name is there already");
	char name[32];
	definition.name = name;
	for (int i = 0; i < 40000 && status != RELINK_E_MEMORY; i++) {
		snprintf(name, sizeof name, "name_%d", i);
		status = relink_synthetic_add(module, &definition, 1, &error);
	}
	expect(status, &error, RELINK_E_MEMORY, "table: out of memory");
	relink_unref(module);
	relink_scan *scan = NULL;
	size_t count;
	NEED(relink_scan_new(&input, &scan, &error) == RELINK_OK);
	const Elf64_Shdr *sections = relink_scan_get_info(scan)->sections;
	size_t index = 1;
	while (sections[index].sh_type != SHT_DYNSYM)
		index++;
	NEED(relink_scan_view(scan, index, 23, 1, &count, &error) == NULL);
	expect(error.status, &error, RELINK_E_VIEW_SIZE, "./libgood.so: section is no array of entries of this size (23 bytes)");
	index = 1;
	while ((sections[index].sh_addr != 0 ? sections[index].sh_addr : sections[index].sh_offset) % 16 == 0)
		index++;
	NEED(relink_scan_view(scan, index, 1, 16, &count, &error) == NULL);
	expect(error.status, &error, RELINK_E_VIEW_ALIGN, "./libgood.so: section does not suit entries of this alignment (16 bytes)");
	relink_scan_free(scan);
}

/* A kernel that lets nothing be made writable: text relocations cannot be applied. */
static void protection_check(void)
{
#if defined __x86_64__ && !CHECK_SANITIZED
	check_library("libtext.so", "int variable; __asm__(\".text; .quad variable\");", "-Wl,-z,notext -Wl,-z,norelro");
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_WRITE, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 13),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof code / sizeof code[0], code};
	pid_t pid = fork();
	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
			_exit(77);
		check_failures = 0;
		expect_path("./libtext.so", 0, RELINK_E_REL_PROTECT,
			    "./libtext.so: segment cannot be made writable for relocation: Permission denied");
		_exit(check_failures != 0);
	}
	int status = 0;
	NEED(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	CHECK(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77);
#endif
	seen[RELINK_E_REL_PROTECT] = 1;
}

int main(void)
{
	/* No way to them here: a static program (run-installed.sh); what the library has no name for; and a context takes files
	 * without a dynamic section. */
	static const relink_status elsewhere[] = {RELINK_OK, RELINK_E_HOST, RELINK_E_INTERNAL, RELINK_E_DYN_NONE};
	check_begin();
	context = check_context(0);
	check_library("libgood.so", "#include <stdio.h>\nint f(void) { return puts(\"\"); }", "");
	headers_check();
	files_check();
	objects_check();
	callers_check();
	protection_check();
	for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++)
		seen[elsewhere[i]] = 1;
	for (int i = 0; i < RELINK_STATUS_COUNT; i++) {
		if (!seen[i])
			fprintf(stderr, "%s was not provoked\n", relink_status_name(i));
		CHECK(seen[i] && strncmp(relink_status_name(i), i == 0 ? "RELINK_OK" : "RELINK_E_", 9) == 0);
		CHECK(*relink_status_text(i) != '\0');
		for (int j = 0; j < i; j++)
			CHECK(strcmp(relink_status_text(i), relink_status_text(j)) != 0
			      && strcmp(relink_status_name(i), relink_status_name(j)) != 0);
	}
	CHECK(strcmp(relink_status_name(RELINK_STATUS_COUNT), "RELINK_E_INTERNAL") == 0);
	relink_context_free(context);
	return check_end();
}
