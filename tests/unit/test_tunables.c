/* Tunables: what the environment sets, by release, and the same numbers as the host's own linker gives. */
#define _GNU_SOURCE /* dlvsym */

#include "../../ldso/abi/glibc/tunables.h"
#include "check.h"

#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define LINKER "/lib64/ld-linux-x86-64.so.2"

static unsigned int host_release(void)
{
	unsigned int major = 0, minor = 0;
	return sscanf(gnu_get_libc_version(), "%u.%u", &major, &minor) == 2 ? major * 100 + minor : 0;
}

/* A copy of an environment of literals, because a set-user-id program's is edited in place. */
static char **environment(const char *const *variables)
{
	size_t count = 0, size = 0;
	for (; variables[count] != NULL; count++)
		size += strlen(variables[count]) + 1;
	char **copy = calloc(1, (count + 1) * sizeof *copy + size);
	char *text = (char *)(copy + count + 1);
	for (size_t i = 0; i < count; i++) {
		copy[i] = strcpy(text, variables[i]);
		text += strlen(text) + 1;
	}
	return copy;
}

/* One block for all, so that erasing a variable loses none. */
static void environment_free(char **copy)
{
	free(copy);
}

#define READ(tunables, release, secure, ...)                                                                           \
	do {                                                                                                           \
		const char *const variables[] = {__VA_ARGS__, NULL};                                                   \
		envp = environment(variables);                                                                         \
		rl_tunables_start(tunables, release, envp, secure);                                                    \
	} while (0)

static void lenient_check(void)
{
	struct rl_tunables t;
	char **envp;
	READ(&t, 236, false, "PATH=/bin",
	     "GLIBC_TUNABLES=glibc.malloc.check=3:nonsense:x=y::glibc.malloc.perturb=0x5a:"
	     "glibc.malloc.perturb=300:glibc.pthread.rseq=0:glibc.cpu.hwcaps=-AVX2,x=y:glibc.malloc.tcache_count=1q",
	     "MALLOC_CHECK_=1", "MALLOC_ARENA_MAX=0", "MALLOC_ARENA_MAX=010", "MALLOC_ARENA_MAX=5", "MALLOC_TOP_PAD_",
	     "LD_HWCAP_MASK=7", "LOGNAME=root", "MALLOC_MMAP_MAX_=-1");
	size_t length = 0;
	const char *text = rl_tunables_text(&t, "glibc.cpu.hwcaps", &length);
	int64_t number = 77;
	CHECK(rl_tunables_number(&t, "glibc.malloc.check", -1) == 3);
	CHECK(rl_tunables_number(&t, "glibc.malloc.perturb", -1) == 0x5a); /* 300 is out of range: as if absent */
	CHECK(rl_tunables_number(&t, "glibc.pthread.rseq", -1) == 0);
	CHECK(rl_tunables_number(&t, "glibc.malloc.tcache_count", -1) == 1);
	CHECK(rl_tunables_number(&t, "glibc.malloc.arena_max", -1) == 8); /* the first that is in range */
	CHECK(rl_tunables_number(&t, "glibc.cpu.hwcap_mask", -1) == 7);
	CHECK(rl_tunables_number(&t, "glibc.malloc.mmap_max", -1) == 0);
	CHECK(rl_tunables_number(&t, "glibc.pthread.mutex_spin_count", -1) == 100);
	CHECK(rl_tunables_number(&t, "glibc.no.such", -1) == -1 && rl_tunables_number(&t, "malloc.check", -1) == -1);
	CHECK(!rl_tunables_set_number(&t, "glibc.pthread.mutex_spin_count", &number) && number == 77);
	CHECK(rl_tunables_set_number(&t, "glibc.malloc.check", &number) && number == 3);
	CHECK(text != NULL && length == 9 && memcmp(text, "-AVX2,x=y", 9) == 0);
	CHECK(t.malformed == NULL && t.refused == 0);
	CHECK(strcmp(rl_tunables_find(&t, "glibc.malloc.check")->alias, "MALLOC_CHECK_") == 0);
	CHECK(rl_tunables_find(&t, "glibc.malloc") == NULL && rl_tunables_find(&t, "glibc.") == NULL);
	environment_free(envp);

	/* GLIBC_TUNABLES wins on both sides of an older variable; what ends in the middle of a name is nothing. */
	READ(&t, 236, false, "MALLOC_CHECK_=1", "GLIBC_TUNABLES=glibc.malloc.check=2:glibc.malloc.perturb",
	     "MALLOC_CHECK_=3");
	CHECK(rl_tunables_number(&t, "glibc.malloc.check", -1) == 2 && t.set != 0 && (t.set & (t.set - 1)) == 0);
	environment_free(envp);

	READ(&t, 236, false, "HOME=/", "GLIBC_TUNABLES=", "MALLOCX=1", "LD_PRELOAD=x", "LDX", "M", "G", "");
	CHECK(t.set == 0 && rl_tunables_text(&t, "glibc.cpu.hwcaps", &length) == NULL);
	environment_free(envp);
}

static void strict_check(void)
{
	struct rl_tunables t;
	char **envp;
	READ(&t, 241, false,
	     "GLIBC_TUNABLES=glibc.malloc.check=3:glibc.malloc.perturb=0x100000005:glibc.malloc.mxfast=1q",
	     "MALLOC_ARENA_MAX=4", "MALLOC_ARENA_MAX=5", "MALLOC_CHECK_=1");
	CHECK(rl_tunables_number(&t, "glibc.malloc.check", -1) == 3);
	CHECK(rl_tunables_number(&t, "glibc.malloc.perturb", -1) == 5); /* 32 bits of it */
	CHECK(rl_tunables_number(&t, "glibc.malloc.arena_max", -1) == 5);
	CHECK(rl_tunables_number(&t, "glibc.malloc.mxfast", -1) == 0 && t.refused != 0 && t.malformed == NULL);
	environment_free(envp);

	READ(&t, 241, false, "GLIBC_TUNABLES=glibc.malloc.check=3:glibc.malloc.perturb=1=2");
	CHECK(t.set == 0 && t.malformed != NULL && t.malformed[0] == 'g');
	environment_free(envp);
	READ(&t, 241, false, "GLIBC_TUNABLES=glibc.malloc.check=3:");
	CHECK(t.set == 0 && t.malformed != NULL);
	environment_free(envp);
	READ(&t, 241, false, "GLIBC_TUNABLES=glibc.malloc.check=3:glibc.rtld.enable_secure=1", "MALLOC_PERTURB_=1");
	CHECK(t.set == 0 && t.wants_secure && t.malformed == NULL);
	environment_free(envp);
	READ(&t, 241, true, "GLIBC_TUNABLES=glibc.malloc.check=3", "MALLOC_PERTURB_=1");
	CHECK(t.set == 0 && envp[0] != NULL && envp[1] != NULL);
	environment_free(envp);
}

static void secure_check(void)
{
	struct rl_tunables t;
	char **envp;
	if (access("/etc/suid-debug", F_OK) == 0)
		return;
	READ(&t, 236, true, "A=1",
	     "GLIBC_TUNABLES=glibc.malloc.check=3:x=1:glibc.malloc.perturb=7:glibc.cpu.hwcaps=-AVX2:"
	     "glibc.malloc.mxfast=abc:glibc.mem.tagging",
	     "MALLOC_CHECK_=1", "MALLOC_CHECK_=2", "MALLOC_ARENA_MAX=2", "LD_HWCAP_MASK=1");
	CHECK(t.set == 0);
	CHECK(strcmp(envp[1], "GLIBC_TUNABLES=glibc.malloc.perturb=7:glibc.malloc.mxfast=abc") == 0);
	CHECK(strcmp(envp[2], "MALLOC_ARENA_MAX=2") == 0 && envp[3] == NULL);
	environment_free(envp);

	READ(&t, 236, true, "GLIBC_TUNABLES=glibc.malloc.check=3", "MALLOC_CHECK_=1");
	CHECK(strcmp(envp[0], "GLIBC_TUNABLES=") == 0 && envp[1] == NULL);
	environment_free(envp);
}

static int64_t told;

static void remember(void *value)
{
	told = *(int64_t *)value;
}

static unsigned int id_of(const struct rl_tunables *t, const char *name)
{
	const struct rl_tunable *row = rl_tunables_find(t, name);
	for (unsigned int id = 0; id < t->list->count; id++) {
		if (&rl_tunable_rows[rl_tunable_ids[t->list->first + id]] == row)
			return id;
	}
	return ~0u;
}

static void widths_check(void)
{
	struct rl_tunables t;
	unsigned char out[24], untouched[24];
	char **envp;
	memset(untouched, 0xaa, sizeof untouched);
	READ(&t, 236, false, "GLIBC_TUNABLES=glibc.malloc.perturb=9:glibc.cpu.hwcaps=-AVX");
	memcpy(out, untouched, sizeof out);
	rl_tunables_get(&t, id_of(&t, "glibc.malloc.perturb"), out, remember);
	CHECK(told == 9 && memcmp(out, &(int32_t){9}, 4) == 0 && memcmp(out + 4, untouched, 20) == 0);
	CHECK(rl_tunables_is_set(&t, id_of(&t, "glibc.malloc.perturb")));
	told = -1;
	rl_tunables_get(&t, id_of(&t, "glibc.pthread.stack_cache_size"), out, remember);
	CHECK(told == -1 && memcmp(out, &(int64_t){41943040}, 8) == 0 && memcmp(out + 8, untouched, 16) == 0);
	memcpy(out, untouched, sizeof out);
	rl_tunables_get(&t, id_of(&t, "glibc.cpu.hwcaps"), out, NULL);
	CHECK(memcmp(*(char **)(void *)out, "-AVX", 5) == 0 && memcmp(out + 8, untouched, 16) == 0);
	memcpy(out, untouched, sizeof out);
	rl_tunables_get(&t, t.list->count, out, remember);
	rl_tunables_get(&t, ~0u, out, remember);
	CHECK(memcmp(out, untouched, sizeof out) == 0 && !rl_tunables_is_set(&t, ~0u));
	rl_tunables_start(&t, 241, envp, false);
	rl_tunables_get(&t, id_of(&t, "glibc.cpu.hwcaps"), out, NULL);
	CHECK(*(size_t *)(void *)(out + 8) == 4 && memcmp(out + 16, untouched, 8) == 0);
	environment_free(envp);
}

static void lists_check(void)
{
	CHECK(rl_tunable_list_find(236, 0)->count == 37 && rl_tunable_list_find(236, 35)->count == 35);
	CHECK(rl_tunable_list_find(236, 99)->count == 37 && rl_tunable_list_find(236, 37)->release == 236);
	CHECK(rl_tunable_list_find(230, 0)->release == 231 && rl_tunable_list_find(299, 0)->release == 243);
	CHECK(rl_tunable_list_find(241, 0)->count == 43 && rl_tunable_list_find(243, 0)->count == 37);
	for (size_t i = 0; i < rl_tunable_lists_count; i++) {
		CHECK(rl_tunable_lists[i].count <= RL_TUNABLE_COUNT_MAX);
		CHECK(i == 0 || rl_tunable_lists[i].release >= rl_tunable_lists[i - 1].release
		      || rl_tunable_lists[i].machine != rl_tunable_lists[i - 1].machine);
		CHECK(i == 0
		      || rl_tunable_lists[i].first == rl_tunable_lists[i - 1].first + rl_tunable_lists[i - 1].count);
	}
}

/* The host's libc and linker agree on ids, so asking its linker for every id checks the list of that release. */
static void host_ids_check(void)
{
	typedef void getter(unsigned int, void *, void (*)(void *));
	getter *host = (getter *)dlvsym(RTLD_DEFAULT, "__tunable_get_val", "GLIBC_PRIVATE");
	struct rl_tunables t;
	rl_tunables_start(&t, host_release(), environ, false);
	if (host == NULL || t.list->release != host_release())
		return;
	for (unsigned int id = 0; id < t.list->count; id++) {
		unsigned char ours[24], theirs[24];
		const char *name = rl_tunable_rows[rl_tunable_ids[t.list->first + id]].name;
		memset(ours, 0xaa, sizeof ours);
		memset(theirs, 0xaa, sizeof theirs);
		rl_tunables_get(&t, id, ours, NULL);
		host(id, theirs, NULL);
		/* What the linker found about the caches, and texts, of which it keeps copies. */
		if (strncmp(name, "cpu.x86_", 8) == 0 || strcmp(name, "cpu.hwcaps") == 0)
			continue;
		if (memcmp(ours, theirs, sizeof ours) != 0) {
			fprintf(stderr, "tunable %u (%s) differs from the host's\n", id, name);
			check_failures++;
		}
	}
}

/* What the host's linker lists under an environment, "" if it cannot be asked. */
static char *host_list(char **envp)
{
	static char text[16384];
	char *argv[] = {LINKER, "--list-tunables", NULL};
	size_t used = 0;
	ssize_t got;
	int pipe_fds[2];
	if (pipe(pipe_fds) != 0)
		return NULL;
	pid_t child = fork();
	if (child == 0) {
		dup2(pipe_fds[1], STDOUT_FILENO);
		close(pipe_fds[0]);
		close(pipe_fds[1]);
		execve(LINKER, argv, envp);
		_exit(127);
	}
	close(pipe_fds[1]);
	while ((got = read(pipe_fds[0], text + used, sizeof text - 1 - used)) > 0)
		used += (size_t)got;
	text[used] = '\0';
	close(pipe_fds[0]);
	waitpid(child, NULL, 0);
	return text;
}

/* A line of the linker's list, from our values. */
static void describe(const struct rl_tunables *t, unsigned int id, char *out, size_t size)
{
	const struct rl_tunable *row = &rl_tunable_rows[rl_tunable_ids[t->list->first + id]];
	char full[64];
	snprintf(full, sizeof full, "glibc.%s", row->name);
	size_t length = 0;
	const char *text = rl_tunables_text(t, full, &length);
	long number = (long)rl_tunables_number(t, full, 0);
	if (row->type == RL_TUNABLE_STRING)
		snprintf(out, size, text ? "%s: %.*s\n" : "%s:\n", full, (int)length, text);
	else if (row->type == RL_TUNABLE_INT32)
		snprintf(out, size, "%s: %d (min: %d, max: %d)\n", full, (int)number, (int)row->low, (int)row->high);
	else
		snprintf(out, size, "%s: 0x%lx (min: 0x%lx, max: 0x%lx)\n", full, number, (long)row->low,
			 (long)row->high);
}

static uint32_t random_next(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(*state >> 33);
}

static void append_random(uint64_t *state, char *out, size_t size)
{
	static const char *const pieces[] = {
		"glibc.malloc.check",
		"glibc.malloc.perturb",
		"glibc.malloc.arena_max",
		"glibc.pthread.rseq",
		"glibc.rtld.nns",
		"glibc.malloc.mmap_max",
		"glibc.cpu.hwcap_mask",
		"glibc.elision.tries",
		"glibc.malloc.top_pad",
		"glibc.malloc",
		"=",
		"=",
		"=",
		"=",
		"=",
		"=",
		"=",
		":",
		":",
		":",
		":",
		":",
		"0",
		"1",
		"2",
		"3",
		"-1",
		"+7",
		"0x10",
		"0xfg",
		"017",
		"08",
		" 5",
		"\t6",
		"99999999999999999999",
		"18446744073709551615",
		"18446744073709551610",
		"-18446744073709551615",
		"2147483647",
		"2147483648",
		"-2147483648",
		"0X",
		"abc",
		"4294967296",
	};
	size_t count = 1 + random_next(state) % 12;
	for (size_t i = 0; i < count; i++)
		strncat(out, pieces[random_next(state) % (sizeof pieces / sizeof *pieces)], size - strlen(out) - 1);
}

/* Environments of well and ill formed pieces, read by the host's linker and by us. */
static void host_environments_check(void)
{
	static const char *const names[] = {"GLIBC_TUNABLES",   "GLIBC_TUNABLES",  "MALLOC_CHECK_",
					    "MALLOC_ARENA_MAX", "MALLOC_PERTURB_", "MALLOC_MMAP_MAX_",
					    "MALLOC_TOP_PAD_",  "LD_HWCAP_MASK"};
	uint64_t state = 1;
	struct rl_tunables t;
	if (host_release() != rl_tunable_list_find(host_release(), 0)->release || access(LINKER, X_OK) != 0)
		return;
	for (int round = 0; round < 150; round++) {
		char variables[4][600], *envp[5] = {NULL}, line[700];
		size_t count = 1 + random_next(&state) % 4;
		for (size_t i = 0; i < count; i++) {
			snprintf(variables[i], sizeof variables[i], "%s=", names[random_next(&state) % 8]);
			append_random(&state, variables[i], sizeof variables[i]);
			envp[i] = variables[i];
		}
		char *theirs = host_list(envp);
		rl_tunables_start(&t, host_release(), envp, false);
		for (unsigned int id = 0; theirs != NULL && *theirs != '\0' && id < t.list->count; id++) {
			if (strncmp(rl_tunable_rows[rl_tunable_ids[t.list->first + id]].name, "cpu.x86_", 8) == 0)
				continue;
			describe(&t, id, line, sizeof line);
			if (strstr(theirs, line) == NULL) {
				fprintf(stderr, "round %d: not in the host's list: %s", round, line);
				for (size_t i = 0; i < count; i++)
					fprintf(stderr, "\t%s\n", variables[i]);
				check_failures++;
			}
		}
	}
}

int main(void)
{
	lists_check();
	lenient_check();
	strict_check();
	secure_check();
	widths_check();
	host_ids_check();
	host_environments_check();
	return check_result();
}
