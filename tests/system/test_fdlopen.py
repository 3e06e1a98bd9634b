"""fdlopen: dlopen of an open descriptor, for programs of both libcs.  No original has it on Linux: FreeBSD's rules are asked.

The linker that runs the program exports it, so `dlsym` or a weak reference finds it; libdl-relink.so has the family of the
libc at hand and nothing else.
"""

import shutil
import subprocess

import pytest

import linkers
import process

pytestmark = pytest.mark.scenario

LIBRARY = """
__thread int variable = 5;
int *address(void) { return &variable; }
__attribute__((constructor)) static void begin(void) { variable++; }
"""

PROGRAM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *fdlopen(int fd, int mode) __attribute__((weak));

#define CHECK(condition) printf("%s: %s\n", #condition, (condition) ? "yes" : "NO")

static int value(void *handle)
{
	int *(*address)(void) = handle ? (int *(*)(void))dlsym(handle, "address") : NULL;
	if (!address)
		printf("%s\n", dlerror());
	return address ? *address() : -1;
}

int main(void)
{
	int fd = open("./library.so", O_RDONLY), memory = memfd_create("nameless", 0), text = open("./text", O_RDONLY), count;
	char bytes[65536];
	void *handle, *other;

	CHECK(fdlopen != NULL && dlsym(RTLD_DEFAULT, "fdlopen") == (void *)fdlopen);
	CHECK(fdlopen(-1, RTLD_NOW) == dlopen(NULL, RTLD_NOW));
	CHECK(lseek(fd, 100, SEEK_SET) == 100);
	handle = fdlopen(fd, RTLD_NOW);
	CHECK(value(handle) == 6);
	CHECK(lseek(fd, 0, SEEK_CUR) == 100);
	CHECK(fdlopen(fd, RTLD_NOW) == handle);
	CHECK(dlopen("./library.so", RTLD_NOW) == handle);
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	while ((count = read(fd, bytes, sizeof bytes)) > 0)
		if (write(memory, bytes, count) != count)
			abort();
	close(fd);
	other = fdlopen(memory, RTLD_LAZY | RTLD_LOCAL);
	CHECK(other != handle && value(other) == 6);
	CHECK(fcntl(memory, F_GETFD) != -1);
	CHECK(fdlopen(memory, RTLD_NOW | RTLD_NOLOAD) == other);
	close(memory);
	CHECK(value(other) == 6);
	CHECK(dlclose(other) == 0 && dlclose(handle) == 0);
	CHECK(fdlopen(fd, RTLD_NOW) == NULL);
	printf("%s\n", dlerror());
	CHECK(fdlopen(text, RTLD_NOW) == NULL);
	printf("%s\n", dlerror());
	CHECK(dlerror() == NULL);
	return 0;
}
"""


@pytest.mark.parametrize("libc", ["glibc", "musl"])
@pytest.mark.parametrize("mode", ["interp", "command"])
def test_fdlopen(mode, libc, tmp_path, linker):
    if linker == linkers.ORIGINAL:
        pytest.skip("the original has no fdlopen")
    compiler = {"glibc": "gcc", "musl": "musl-gcc"}[libc]
    if not shutil.which(compiler):
        pytest.skip(f"{compiler} is not installed")
    (tmp_path / "library.c").write_text(LIBRARY)
    (tmp_path / "program.c").write_text(PROGRAM)
    (tmp_path / "text").write_text("no library\n" * 50)
    linkers.place(linker, tmp_path / "ld-relink.so")
    environment = process.CLEAN_ENVIRONMENT
    subprocess.run([compiler, "-shared", "-fPIC", "library.c", "-o", "library.so"], cwd=tmp_path, check=True, env=environment)
    subprocess.run([compiler, "-fPIE", "-pie", "program.c", "-o", "program", f"-Wl,--dynamic-linker={tmp_path / 'ld-relink.so'}"],
                   cwd=tmp_path, check=True, env=environment)
    prefix = ["./ld-relink.so"] if mode == "command" else []
    result = process.run([*prefix, "./program"], cwd=tmp_path, address_space=0)
    text = result.stdout.decode()
    sentences = {"glibc": ["cannot read file data: Bad file descriptor\n", "/text: invalid ELF header\n"],
                 "musl": ["Bad file descriptor\n", "/text: Exec format error\n"]}[libc]
    if result.status != 0 or ": NO" in text or text.count(": yes") != 16 or not all(part in text for part in sentences):
        pytest.fail(f"{result.status_text()}\n{text}{result.stderr.decode()}", pytrace=False)
