"""Scenarios in a process of the system's linker, with libdl-relink.so preloaded and with an empty library of that name in its
place (for programs list their libraries and their environment): what they print must be the same."""

import pathlib
import re
import shutil
import subprocess

import pytest

import difference
import linkers
import process
import scenario

# What must differ, made equal on both sides: a pattern, what stands for it, and for which scenarios.
MADE_EQUAL = [
    # An empty library has fewer program headers.
    (re.compile(rb"libdl-relink\.so: \d+ headers"), b"libdl-relink.so: some headers", ("dlfcn-information", "musl-hostile-musl")),
    # TLS ids of ours are not the host's.
    (re.compile(rb"module( =)? \d+(, first|,? data|, has|\n)"), rb"module\1 N\2",
     ("dlfcn-information", "tls-modules", "musl-tls-musl", "namespace-basics", "namespace-threads",
      "dlinfo-requests")),
    # Who walks the host's list of maps does not meet ours.
    (re.compile(rb"^  \S*lib(real|samesoname|hw)\.so\n", re.M), b"", ("hardware-folders", "identity")),
    (re.compile(rb"^\[(\./a|b)/libwhere\.so\] \n", re.M), b"", ("musl-rules-musl",)),
    # A list of the host's does not count ours, and nor do those who ask from another namespace.
    (re.compile(rb"version 2, \d+ objects"), b"version 2, some objects", ("namespace-basics",)),
    (re.compile(rb" adds \d+,"), b" adds some,", ("namespace-basics",)),
    # What musl opened by itself counts here too.
    (re.compile(rb"\d+ opened"), b"some opened", ("musl-rules-musl",)),
    # What musl refuses after us came and went.
    (re.compile(rb"adds \d+, subs \d+"), b"adds some, subs some", ("musl-hostile-musl",)),
    (re.compile(rb"^  \[\S*/libplug\.so\] soname libplug\.so, links agree\n", re.M), b"", ("link-map",)),
    # backtrace_symbols asks inside libc.
    (re.compile(rb"^  libplug\.so\(call_back$", re.M), b"  ", ("unwind",)),
    # The host's static TLS is not ours to give: there is none before the first use.
    (re.compile(rb"before (none|there)(?:, (\d+))?, after (?:none|the same)"), rb"before some \2", ("tls-descriptors-opened",)),
    # All of ours are destroyed before what the host started with.
    (re.compile(rb"^plug ends\n", re.M), b"", ("init-forms",)),
]

# What a preload is told too late, or cannot be told at all: musl knows no constructors but its own.
LEFT_OUT = {f"musl-exit-race-musl.{name}": "constructors in threads are known to the loader alone"
            for name in ("opened", "opened-without-destructor", "two-open", "fork", "cancel")}
LEFT_OUT |= {f"musl-hostile-musl.{name}": "the program is the program, where musl loads it once more" for name in ("itself", "itself-fixed")}


def cases():
    for one in scenario.all_scenarios():
        for run in one.runs:
            if "interp" in run.modes and not run.keys.get("user") and not run.keys.get("setuid"):
                marks = [pytest.mark.scenario] + ([pytest.mark.long] if run.keys.get("long") else [])
                yield pytest.param(run, id=f"{run.identifier}-preload", marks=marks)


@pytest.mark.parametrize("run", cases())
def test_scenario(run, preload):
    reason = run.skip_reason() or LEFT_OUT.get(run.identifier)
    if reason:
        pytest.skip(reason)
    with run.scenario.prepared():
        expected = run.outcome(run.scenario.original, "interp", linkers.empty_preload())
        actual = run.outcome(run.scenario.original, "interp", preload)
    for pattern, equal, names in MADE_EQUAL:
        if run.scenario.name in names:
            for outcome in (expected, actual):
                outcome.stdout = pattern.sub(equal, outcome.stdout)
    text = difference.describe(expected, actual)
    if text:
        pytest.fail(text, pytrace=False)


PRESENCE_PROGRAM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv)
{
	Dl_info info;
	if (dladdr(dlsym(RTLD_DEFAULT, "dlopen"), &info) == 0 || strstr(info.dli_fname, "libdl-relink") == NULL)
		return puts("dlopen is another's");
	size_t module = 0;
	void *handle = dlopen(argv[1], RTLD_NOW);
	if (handle == NULL)
		return puts(dlerror());
	dlinfo(handle, RTLD_DI_TLS_MODID, &module);
	puts(module >> 62 ? "ours" : "the host's");
	return 0;
}
"""


@pytest.mark.scenario
@pytest.mark.parametrize("name", ["ld-linux-x86-64.so.2", "another-name.so"])
def test_at_work(name, tmp_path, preload):
    """Whatever the host's linker is called: it is joined, and the tests above test something."""
    (tmp_path / "program.c").write_text(PRESENCE_PROGRAM)
    (tmp_path / "library.c").write_text("__thread int variable = 1; int *get(void) { return &variable; }\n")
    shutil.copy(linkers.ORIGINAL, tmp_path / name)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", "library.so", "library.c"], cwd=tmp_path, check=True)
    subprocess.run(["gcc", "-o", "program", "program.c", f"-Wl,--dynamic-linker={tmp_path / name}"], cwd=tmp_path, check=True)
    for argv in (["./program", "./library.so"], [f"./{name}", "./program", "./library.so"]):
        result = process.run(argv, environment={"LD_PRELOAD": str(preload)}, cwd=tmp_path)
        assert result.stdout == b"ours\n", result.stdout + result.stderr


FORK_PROGRAM = r"""
#define _GNU_SOURCE
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
static int in[2];
static int count(struct dl_phdr_info *info, size_t size, void *argument) { return ++*(int *)argument, 0; }
static int objects(void) { int counted = 0; dl_iterate_phdr(count, &counted); return counted; }
static void *objects_in_thread(void *argument) { *(int *)argument = objects(); return NULL; }
static int child(int has_threads)
{
	pthread_t thread;
	int status = 0, own = objects(), other = own;
	pid_t pid = fork();
	if (pid == 0) {
		alarm(5);
		int first = objects();
		if (has_threads) { /* who would wait for the visitor that forks */
			pthread_create(&thread, NULL, objects_in_thread, &other);
			pthread_join(thread, NULL);
		}
		_exit(first == own && other == own ? 7 : 1);
	}
	waitpid(pid, &status, 0);
	return status == 7 << 8;
}
static int stay(struct dl_phdr_info *info, size_t size, void *argument)
{
	write(in[1], "x", 1);
	for (;;)
		pause();
}
static int fork_here(struct dl_phdr_info *info, size_t size, void *argument) { *(int *)argument = child(0); return 1; }
static void *walk(void *argument) { dl_iterate_phdr(stay, NULL); return NULL; }
int main(void)
{
	int is_well;
	char byte;
	pthread_t thread;
	pipe(in);
	dl_iterate_phdr(fork_here, &is_well);
	printf("from a visitor: %d\n", is_well);
	fflush(stdout);
	pthread_create(&thread, NULL, walk, NULL);
	read(in[0], &byte, 1);
	pid_t pid = fork();
	if (pid == 0) {
		alarm(10);
		printf("beside a visitor: %d\n", child(1));
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	fflush(stdout);
	_exit(0);
}
"""


@pytest.mark.scenario
def test_fork_and_visitors(tmp_path, preload):
    """The child of a fork can walk the list though a visitor ran meanwhile; under the original it waits for ever."""
    (tmp_path / "program.c").write_text(FORK_PROGRAM)
    subprocess.run(["gcc", "-w", "-pthread", "-o", "program", "program.c"], cwd=tmp_path, check=True)
    result = process.run(["./program"], environment={"LD_PRELOAD": str(preload)}, cwd=tmp_path)
    assert result.stdout == b"from a visitor: 1\nbeside a visitor: 1\n", result.stdout + result.stderr


PROGRAMS = {
    "python3": ["/usr/bin/python3", "-c", "import ssl, sqlite3, ctypes, json, _decimal, lzma\n"
                "print(ssl.OPENSSL_VERSION, sqlite3.connect(':memory:').execute('select 6*7').fetchall())\n"
                "print(_decimal.Decimal(1) / 7, ctypes.CDLL('libm.so.6').abs(-3), ctypes.CDLL(None).getpid() > 0)"],
    "perl": ["/usr/bin/perl", "-MPOSIX", "-MList::Util=sum", "-e", "print POSIX::floor(3.7), sum(1..10), qq{\\n}"],
    "bash": ["/bin/bash", "-c", "enable -f /nonexistent/builtin builtin; printf '%s\\n' ok"],
    "node": ["/usr/bin/node", "-e", "console.log(require('crypto').createHash('md5').update('a').digest('hex'))"],
    "getent": ["/usr/bin/getent", "passwd", "root"],
    "iconv": ["/usr/bin/iconv", "-f", "latin1", "-t", "utf-16", "/etc/hostname"],
}


@pytest.mark.commands
@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name, preload):
    argv = PROGRAMS[name]
    if not pathlib.Path(argv[0]).exists():
        pytest.skip("not installed")
    settings = {"address_space": 0, "seconds": 60}
    expected = process.run(argv, **settings)
    actual = process.run(argv, environment={"LD_PRELOAD": str(preload)}, **settings)
    assert expected.stdout
    text = difference.describe(expected, actual)
    if text:
        pytest.fail(text, pytrace=False)


MUSL_LIBRARY = r"""
#include <errno.h>
#include <stdio.h>
static __thread int variable = 38;
static __thread char space[100];
__attribute__((constructor)) static void begin(void) { puts("constructor"); }
__attribute__((destructor)) static void end(void) { puts("destructor"); }
int work(int x) { errno = 3; space[x]++; return variable + x; }
"""
MUSL_PROGRAM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
int main(int argc, char **argv)
{
	void *handle = dlopen(argv[1], RTLD_NOW);
	if (handle == NULL)
		return puts(dlerror());
	int (*work)(int) = (int (*)(int))dlsym(handle, "work");
	Dl_info info;
	errno = 0;
	int value = work(4), error = errno;
	printf("%d\n%d\n", value, error);
	if (dladdr((void *)work, &info))
		puts(info.dli_fname);
	dlsym(handle, "nowhere");
	puts(dlerror());
	printf("%d\n", dlclose(handle));
	dlopen("libnowhere.so", RTLD_NOW);
	puts(dlerror());
	dlopen("/nonexistent/library.so", RTLD_NOW);
	puts(dlerror());
	return 0;
}
"""


@pytest.mark.commands
def test_musl(tmp_path, preload):
    if not shutil.which("musl-gcc"):
        pytest.skip("musl-gcc is not installed")
    for name, text, flags in (("library.so", MUSL_LIBRARY, ["-shared", "-fPIC"]), ("program", MUSL_PROGRAM, [])):
        (tmp_path / f"{name}.c").write_text(text)
        subprocess.run(["musl-gcc", *flags, "-o", str(tmp_path / name), str(tmp_path / f"{name}.c")], check=True)
    argv = [tmp_path / "program", tmp_path / "library.so"]
    expected = process.run(argv)
    actual = process.run(argv, environment={"LD_PRELOAD": str(preload)})
    assert b"42\n3\n" in expected.stdout
    text = difference.describe(expected, actual)
    if text:
        pytest.fail(text, pytrace=False)
