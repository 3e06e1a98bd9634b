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

# A program that prints how many program headers each library has: an empty library has fewer.
OWN_HEADERS = re.compile(rb"libdl-relink\.so: \d+ headers")


def cases():
    for one in scenario.all_scenarios():
        for run in one.runs:
            if "interp" in run.modes and not run.keys.get("user") and not run.keys.get("setuid"):
                marks = [pytest.mark.scenario] + ([pytest.mark.long] if run.keys.get("long") else [])
                yield pytest.param(run, id=f"{run.identifier}-preload", marks=marks)


@pytest.mark.parametrize("run", cases())
def test_scenario(run, preload):
    if run.skip_reason():
        pytest.skip(run.skip_reason())
    with run.scenario.prepared():
        expected = run.outcome(run.scenario.original, "interp", linkers.empty_preload())
        actual = run.outcome(run.scenario.original, "interp", preload)
    for outcome in (expected, actual):
        outcome.stdout = OWN_HEADERS.sub(b"libdl-relink.so: some headers", outcome.stdout)
    text = difference.describe(expected, actual)
    if text:
        pytest.fail(text, pytrace=False)


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
