"""What takes malloc's place or watches every access: Debian's jemalloc, tcmalloc and mimalloc, preloaded and linked, and programs built
with the sanitizers; and perf and valgrind, which name the code of opened libraries.  With ld-relink.so and under the preload; each
test asks the original first."""

import re
import shutil
import subprocess

import pytest

import linkers
import process

pytestmark = pytest.mark.commands

PROGRAM = r"""
#include <dlfcn.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

static void *allocate(void)
{
	std::vector<std::string> words;
	for (int i = 0; i < 2000; i++)
		words.push_back(std::string(i % 300 + 1, 'x'));
	char *block = (char *)realloc(malloc(100), 100000);
	void *aligned = NULL;
	if (posix_memalign(&aligned, 256, 1000) != 0 || (size_t)aligned % 256 != 0)
		puts("alignment");
	free(aligned);
	free(calloc(77, 99));
	return block;
}

int main(int argc, char **argv)
{
	for (int round = 0; round < 20; round++) {
		void *library = dlopen(argv[1], round % 2 ? RTLD_NOW : RTLD_LAZY);
		if (library == NULL)
			return puts(dlerror());
		auto work = (int (*)(int))dlsym(library, "opened_function");
		int sum = 0, other = 0;
		std::thread thread([&] { other = work(2); free(allocate()); });
		sum = work(1);
		free(allocate());
		thread.join();
		if (sum != 1001 || other != 1002)
			printf("round %d: %d %d\n", round, sum, other);
		free(strdup(dlsym(library, "nowhere") == NULL ? dlerror() : ""));
		if (argc > 2) {
			volatile int spin = 0;
			for (int i = 0; i < 40; i++)
				spin = spin + ((int (*)(int))dlsym(library, "spinning_function"))(2000000);
		}
		dlclose(library);
	}
	Dl_info info = {};
	dladdr((void *)dlsym(RTLD_DEFAULT, "malloc"), &info);
	printf("malloc of %s\n", info.dli_fname == NULL ? "nobody" : strrchr(info.dli_fname, '/') ? strrchr(info.dli_fname, '/') + 1 : "us");
	return 0;
}
"""

LIBRARY = r"""
#include <cstdlib>
#include <map>
#include <string>
#include <stdexcept>

static thread_local std::map<int, std::string> words;
static std::string *constructed = new std::string(1000, 'y');

extern "C" int opened_function(int x)
{
	words[x] = std::string(500, 'z');
	try {
		throw std::runtime_error(words[x]);
	} catch (const std::exception &error) {
		return (int)constructed->size() + x + (error.what()[0] != 'z');
	}
}

extern "C" __attribute__((noinline)) int spinning_function(int rounds)
{
	volatile int sum = 0;
	for (int i = 0; i < rounds; i++)
		sum = sum + i;
	return sum;
}

__attribute__((destructor)) static void end(void)
{
	delete constructed;
}
"""

HEAPS = {"jemalloc": "libjemalloc.so.2", "tcmalloc": "libtcmalloc_minimal.so.4", "mimalloc": "libmimalloc.so.2.0"}
SANITIZERS = {"address": ["-fsanitize=address"], "thread": ["-fsanitize=thread"], "undefined": ["-fsanitize=undefined"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("interposers")
    (folder / "main.cpp").write_text(PROGRAM)
    (folder / "library.cpp").write_text(LIBRARY)
    return folder


def build(folder, name, arguments, compiler="g++"):
    for source, out, more in (("library.cpp", f"lib{name}.so", ["-shared", "-fPIC"]),
                              ("main.cpp", name, [f"-Wl,--dynamic-linker={folder / 'ld-relink.so'}", "-pthread"])):
        subprocess.run([compiler, "-std=c++17", "-g", "-O1", *more, source, "-o", out, "-Wl,--no-as-needed", *arguments], cwd=folder,
                       check=True, env=process.CLEAN_ENVIRONMENT)


def run(folder, linker, argv, preloads=(), **environment):
    linkers.place(linker, folder / "ld-relink.so")
    if preloads:
        environment["LD_PRELOAD"] = ":".join(map(str, preloads))
    return process.run(argv, cwd=folder, seconds=120, address_space=0, environment=environment)


def expect(result, malloc):
    assert result.status == 0 and result.stdout == f"malloc of {malloc}\n".encode() and not result.stderr, result


def heap(name):
    path = linkers.ORIGINAL.parent / HEAPS[name]
    if not path.exists():
        pytest.skip(f"no {HEAPS[name]}")
    return path.resolve()


@pytest.mark.parametrize("way", ["linked", "preloaded"])
@pytest.mark.parametrize("name", HEAPS)
def test_heap(name, way, folder, linker, preload):
    library = heap(name)
    program = f"{name}-{way}"
    build(folder, program, [library] if way == "linked" else [])
    argv, heaps = [f"./{program}", f"./lib{program}.so"], [library] if way == "preloaded" else []
    expected = run(folder, linkers.ORIGINAL, argv, heaps)
    malloc = expected.stdout.decode().split()[-1]
    expect(expected, malloc)
    assert malloc.startswith(HEAPS[name].split(".")[0]), malloc
    expect(run(folder, linker, argv, heaps), malloc)
    expect(run(folder, linkers.ORIGINAL, argv, [preload, *heaps]), malloc)
    expect(run(folder, linkers.ORIGINAL, argv, [*heaps, preload]), malloc)


@pytest.mark.parametrize("name", HEAPS)
def test_heap_of_python(name, folder, linker, preload):
    library = heap(name)
    code = "import ssl, sqlite3, ctypes, _decimal, threading; ctypes.CDLL(None).malloc_trim(0); " \
           "t = threading.Thread(target=lambda: print(sqlite3.connect(':memory:').execute('select 6*7').fetchall())); t.start(); t.join()"
    for prefix, preloads in (([linkers.ORIGINAL], [library]), ([linker], [library]), ([linkers.ORIGINAL], [preload, library])):
        result = run(folder, linker, [*prefix, "/usr/bin/python3", "-c", code], preloads)
        assert (result.status, result.stdout) == (0, b"[(42,)]\n"), result


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
@pytest.mark.parametrize("name", SANITIZERS)
def test_sanitizer(name, compiler, folder, linker, preload):
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler}")
    program = f"{name}-{compiler}"
    try:
        build(folder, program, SANITIZERS[name], compiler)
    except subprocess.CalledProcessError:
        pytest.skip("not with this compiler")
    # The sanitizers' shadow wants its place, and gcc's library wants to be the first.
    argv = ["/usr/bin/setarch", "-R", f"./{program}", f"./lib{program}.so"]
    options = {"ASAN_OPTIONS": "detect_leaks=0:verify_asan_link_order=0"}
    expected = run(folder, linkers.ORIGINAL, argv, **options)
    if expected.status != 0:
        pytest.skip("does not work here with the original")
    malloc = expected.stdout.decode().split()[-1]
    expect(expected, malloc)
    expect(run(folder, linker, argv, **options), malloc)
    expect(run(folder, linkers.ORIGINAL, argv, [preload], **options), malloc)


def test_perf(folder, linker, preload):
    if shutil.which("perf") is None:
        pytest.skip("no perf")
    build(folder, "plain", [])

    def names(which, preloads=()):
        result = run(folder, which, ["/usr/bin/perf", "record", "-e", "cpu-clock", "-q", "-o", "perf.data", "/usr/bin/env",
                                     f"LD_PRELOAD={':'.join(map(str, preloads))}", "./plain", "./libplain.so", "spin"])
        report = run(folder, linkers.ORIGINAL, ["/usr/bin/perf", "report", "-i", "perf.data", "--stdio", "--sort", "dso,symbol"])
        return result.status == 0 and re.search(r"libplain\.so\s+\[\.\] spinning_function", report.stdout.decode()) is not None

    if not names(linkers.ORIGINAL):
        pytest.skip("perf cannot sample here")
    assert names(linker)
    assert names(linkers.ORIGINAL, [preload])


def test_valgrind(folder, linker, preload):
    if shutil.which("valgrind") is None:
        pytest.skip("no valgrind")
    build(folder, "watched", [])

    def lines(which, preloads=()):
        result = run(folder, which, ["/usr/bin/valgrind", "--tool=callgrind", "--callgrind-out-file=callgrind.out", "./watched", "./libwatched.so"],
                     preloads)
        assert result.status == 0 and b"malloc of " in result.stdout, result
        return "opened_function" in (folder / "callgrind.out").read_text()

    assert lines(linkers.ORIGINAL) and lines(linker) and lines(linkers.ORIGINAL, [preload])
