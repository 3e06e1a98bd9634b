"""gdb and valgrind in musl programs: what must appear is asked of musl's own loader first."""

import subprocess

import pytest

import linkers
import process
from test_debuggers import expect, need

pytestmark = [pytest.mark.commands, pytest.mark.skipif(linkers.IS_FOREIGN, reason="only for this machine's own CPU")]
PROGRAM = r"""
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int library_function(int x);

static void *run(void *handle)
{
	int (*opened)(int) = (int (*)(int))dlsym(handle, "opened_function");
	return (void *)(long)opened(2);
}

int main(int argc, char **argv)
{
	void *handle = dlopen(argv[1], RTLD_NOW), *result;
	char *volatile block = malloc(40);
	pthread_t thread;

	if (!handle)
		return puts(dlerror());
	pthread_create(&thread, NULL, run, handle);
	pthread_join(thread, &result);
	printf("%d %ld\n", library_function(1), (long)result);
	if (argc > 2)
		block[40]++;
	if (argc < 4)
		free(block);
	block = NULL;
	return 0;
}
"""
LIBRARY = "__thread int library_tls = 100;\nint library_function(int x)\n{\n\treturn library_tls + x;\n}\n"
OPENED = ("__thread int opened_tls = 1000;\nint made;\n"
          "__attribute__((constructor)) static void make(void)\n{\n\tmade = 1;\n}\n"
          "int opened_function(int x)\n{\n\treturn opened_tls + x;\n}\n")


class Workshop:
    def __init__(self, folder):
        self.folder, self.linker = folder, folder / linkers.NAMES["musl"]
        linkers.place(linkers.ORIGINALS["musl"], self.linker)
        compiler = [*linkers.compiler("gcc", "musl"), "-g", "-O1"]
        for name, text in (("prog", PROGRAM), ("library", LIBRARY), ("opened", OPENED)):
            (folder / f"{name}.c").write_text(text)
        for words in (["-shared", "-fPIC", "library.c", "-o", "liblibrary.so"], ["-shared", "-fPIC", "opened.c", "-o", "libopened.so"],
                      ["prog.c", "-L.", "-llibrary", "-Wl,-rpath,$ORIGIN", f"-Wl,--dynamic-linker={self.linker}", "-o", "prog"]):
            subprocess.run([*compiler, *words], cwd=folder, check=True, env=process.CLEAN_ENVIRONMENT)

    def run(self, linker, argv):
        linkers.place(linker, self.linker)
        return process.run(argv, cwd=self.folder, seconds=60, address_space=0)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    need(linkers.compiler("gcc", "musl")[0])
    return Workshop(tmp_path_factory.mktemp("musl"))


def both():
    return (("the original", linkers.ORIGINALS["musl"]), ("the linker under test", linkers.under_test("musl")))


def gdb(workshop, linker, *commands, prefix=()):
    argv = ["gdb", "-batch", "-nx", "-ex", "set debuginfod enabled off", "-ex", "set breakpoint pending on"]
    for command in commands:
        argv += ["-ex", command]
    return workshop.run(linker, [*argv, "--args", *prefix, "./prog", "./libopened.so"])


def test_gdb(workshop):
    """Breakpoints that wait for their library, backtraces, the list of libraries, a thread."""
    need("gdb")
    for who, linker in both():
        result = gdb(workshop, linker, "break library_function", "break opened_function", "break make", "run", "backtrace 1",
                     "print made", "continue", "backtrace", "info sharedlibrary", "continue", "backtrace", "finish", "continue")
        expect(who, result, [
            r"Breakpoint 3, make \(\)", r"^\$1 = 0$", r"Breakpoint 2, opened_function \(x=2\)", r"^#1 .* run \(handle=",
            r"^0x\w+ +0x\w+ +Yes .*/liblibrary\.so$", r"^0x\w+ +0x\w+ +Yes .*/libopened\.so$", r"^0x\w+ +0x\w+ +Yes .*ld-musl-\S+$",
            r"Breakpoint 1, library_function \(x=(x@entry=)?1\)", r"^#1 .* main \(argc=2", r"Value returned is \$2 = 101", r"exited normally"])


def test_gdb_command(workshop):
    """As a command musl's own loader shows gdb no library, and so none of the breakpoints is reached; ours does."""
    need("gdb")
    if linkers.under_test("musl") == linkers.ORIGINALS["musl"]:
        pytest.skip("the original does not")
    result = gdb(workshop, linkers.under_test("musl"), "break library_function", "break opened_function", "run", "continue",
                 "continue", prefix=[str(workshop.linker)])
    expect("the linker under test", result, [r"opened_function \(x=2\)", r"library_function \(x=(x@entry=)?1\)", r"exited normally"])


@pytest.mark.parametrize("mode", ["interp", "command"])
def test_valgrind(mode, workshop):
    need("valgrind")
    for who, linker in both():
        prefix = [str(workshop.linker)] if mode == "command" else []
        # musl's allocator is not replaced: valgrind's does not fit it, under whatever loader.
        argv = ["valgrind", "--error-exitcode=9", "--soname-synonyms=somalloc=none", *prefix, "./prog", "./libopened.so"]
        expect(who, workshop.run(linker, argv), [r"^101 1002$", r"ERROR SUMMARY: 0 errors"])


def test_valgrind_instructions(workshop):
    """callgrind attributes work to functions of the program and of libraries."""
    need("valgrind")
    for who, linker in both():
        argv = ["valgrind", "--tool=callgrind", "--callgrind-out-file=counts", "./prog", "./libopened.so"]
        expect(who, workshop.run(linker, argv), [r"^101 1002$", r"Collected : \d+"])
        counts = (workshop.folder / "counts").read_text()
        assert "library_function" in counts and "opened_function" in counts and "main" in counts, who
