"""Initial-exec TLS in opened libraries beyond the original's surplus: while the first thread is alone there is room for
much more, threads that are made later know of it, and what does not fit is refused with numbers.

The original has 1664 bytes for all of this, so ours is asked alone.
"""

import re
import shutil
import subprocess

import pytest

import linkers
import process

pytestmark = pytest.mark.scenario

LIBRARY = """
__thread char block[1000] = "initial";
char *use(void) { return block; }
"""

PROGRAM = r"""
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *(*uses[200])(void);
static int count;
static pthread_barrier_t barrier;

static int open_some(int last)
{
	while (count < last) {
		char name[64];
		void *handle;
		sprintf(name, "./lib%d.so", count);
		if (!(handle = dlopen(name, RTLD_NOW)))
			return 0;
		uses[count++] = (char *(*)(void))dlsym(handle, "use");
	}
	return 1;
}

static void check(void)
{
	int good = 0;
	for (int i = 0; i < count; i++) {
		good += strcmp(uses[i](), "initial") == 0 && uses[i]()[999] == 0;
		memset(uses[i](), i + 1, 1000);
	}
	for (int i = 0; i < count; i++)
		for (int j = 0; j < 1000; j++)
			if (uses[i]()[j] != (char)(i + 1))
				abort();
	for (int i = 0; i < count; i++)
		strcpy(memset(uses[i](), 0, 1000), "initial");
	printf("%d of %d blocks are right\n", good, count);
}

static void *work(void *rounds)
{
	char stack[4000];
	memset(stack, 7, sizeof stack);
	check();
	if (rounds) {
		pthread_barrier_wait(&barrier);
		pthread_barrier_wait(&barrier);
		check();
	}
	for (unsigned i = 0; i < sizeof stack; i++)
		if (stack[i] != 7)
			abort();
	return NULL;
}

static void thread(size_t stack_size)
{
	pthread_attr_t attributes;
	pthread_t id;
	int error;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, stack_size);
	error = pthread_create(&id, &attributes, work, NULL);
	if (!error)
		pthread_join(id, NULL);
	printf("thread: %s\n", strerror(error));
}

int main(void)
{
	pthread_t id;
	pthread_barrier_init(&barrier, NULL, 2);
	thread(PTHREAD_STACK_MIN);
	puts(open_some(20) ? "20 fit" : dlerror());
	check();
	thread(1 << 20);
	pthread_create(&id, NULL, work, &barrier);
	pthread_barrier_wait(&barrier);
	puts(open_some(22) ? "22 fit" : dlerror());
	puts(open_some(100) ? "100 fit" : dlerror());
	check();
	pthread_barrier_wait(&barrier);
	pthread_join(id, NULL);
	thread(1 << 20);
	puts(open_some(60) ? "60 fit" : dlerror());
	thread(1 << 20);
	check();
	puts(open_some(100) ? "100 fit" : dlerror());
	check();
	return 0;
}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("static-tls")
    (folder / "library.c").write_text(LIBRARY)
    (folder / "program.c").write_text(PROGRAM)
    environment = process.CLEAN_ENVIRONMENT
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-ftls-model=initial-exec", "library.c", "-o", "lib0.so"], cwd=folder,
                   check=True, env=environment)
    for number in range(1, 100):
        shutil.copy(folder / "lib0.so", folder / f"lib{number}.so")
    subprocess.run(["gcc", "-O1", "-pthread", "program.c", "-o", "program", f"-Wl,--dynamic-linker={folder / 'ld-relink.so'}"],
                   cwd=folder, check=True, env=environment)
    return folder


@pytest.mark.parametrize("mode", ["interp", "command"])
def test_static_tls(mode, folder, linker):
    if linker == linkers.ORIGINAL:
        pytest.skip("the original has no room for this")
    linkers.place(linker, folder / "ld-relink.so")
    prefix = ["./ld-relink.so"] if mode == "command" else []
    result = process.run([*prefix, "./program"], cwd=folder, seconds=60, address_space=0)
    full = r"\./lib\d+\.so: cannot allocate memory in static TLS block: 1000 bytes wanted, \d+ left"
    expected = ["0 of 0 blocks are right", "thread: Success", "20 fit", "20 of 20 blocks are right", "20 of 20 blocks are right",
                "thread: Success", "20 of 20 blocks are right", "22 fit", full + " in running threads",
                r"2\d of 2\d blocks are right", r"2\d of 2\d blocks are right", r"2\d of 2\d blocks are right", "thread: Success",
                "60 fit", "60 of 60 blocks are right", "thread: Success", "60 of 60 blocks are right", full,
                r"6\d of 6\d blocks are right", ""]
    lines = result.stdout.decode().split("\n")
    if result.status != 0 or len(lines) != len(expected) or not all(map(re.fullmatch, expected, lines)):
        pytest.fail(f"{result.status_text()}\n{result.stdout.decode()}{result.stderr.decode()}", pytrace=False)
