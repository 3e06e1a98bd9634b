"""Tools that look into a process and know a dynamic linker from the outside: gdb, valgrind, and the sanitizers.

Addresses and the order of background work may differ between linkers, so what must appear is written down here and asked of
both: the test first checks itself on the original.
"""

import re
import shutil
import subprocess

import pytest

import linkers
import process

pytestmark = pytest.mark.commands

PROGRAM = r"""
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int library_function(int x);
extern __thread int library_tls;
__thread int program_tls = 42;
static pthread_barrier_t barrier;

static void *thread_main(void *argument)
{
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return argument;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	void *handle;
	int (*opened)(int);
	char *volatile block = malloc(40);

	strcpy(block, "on the heap");
	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&thread, NULL, thread_main, NULL);
	pthread_barrier_wait(&barrier);
	library_tls += 1;
	handle = dlopen(argv[1], RTLD_NOW);
	if (!handle)
		return puts(dlerror());
	opened = (int (*)(int))dlsym(handle, "opened_function");
	printf("%d %d\n", library_function(1), opened(2));
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	dlclose(handle);
	if (argc > 2)
		((volatile char *)block)[argc == 3 ? 40 : 1]++;
	if (argc < 4)
		free(block);
	block = NULL;
	puts(argc < 4 ? "end" : "lost");
	return 0;
}
"""
LIBRARY = r"""
__thread int library_tls = 100;
int library_function(int x)
{
	return library_tls + x;
}
"""
OPENED = r"""
#include <stdlib.h>
__thread int opened_tls = 1000;
__thread void *kept;
int opened_function(int x)
{
#ifdef KEEP
	if (!kept)
		kept = malloc(10);
#endif
	return opened_tls + x;
}
"""


NAMESPACES = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	void *there = dlmopen(LM_ID_NEWLM, argv[1], RTLD_NOW), *here;
	if (!there)
		return puts(dlerror());
	printf("%d\n", ((int (*)(int))dlsym(there, "opened_function"))(2));
	here = dlopen(argv[1], RTLD_NOW);
	printf("%d\n", ((int (*)(int))dlsym(here, "opened_function"))(3));
	dlclose(there);
	puts("closed");
	dlclose(here);
	return 0;
}
"""


class Workshop:
    def __init__(self, folder):
        self.folder = folder
        self.linker = folder / "ld-relink.so"
        for name, text in (("prog.c", PROGRAM), ("library.c", LIBRARY), ("opened.c", OPENED)):
            (folder / name).write_text(text)
        self.build("plain", [])

    def build(self, suffix, flags):
        for out, arguments in ((f"liblibrary-{suffix}.so", ["-shared", "-fPIC", "library.c"]),
                               (f"libopened-{suffix}.so", ["-shared", "-fPIC", "opened.c"]),
                               (f"prog-{suffix}", ["prog.c", "-L.", f"-l:liblibrary-{suffix}.so", "-Wl,-rpath,$ORIGIN",
                                                   f"-Wl,--dynamic-linker={self.linker}"])):
            subprocess.run(["gcc", "-g", "-O1", *flags, *arguments, "-o", out], cwd=self.folder, check=True,
                           env=process.CLEAN_ENVIRONMENT)

    def run(self, linker, argv, **options):
        linkers.place(linker, self.linker)
        return process.run(argv, cwd=self.folder, seconds=60, address_space=0, **options)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    return Workshop(tmp_path_factory.mktemp("workshop"))


def both(linker):
    return (("the original", linkers.ORIGINAL), ("the linker under test", linker))


def need(tool):
    if not shutil.which(tool):
        pytest.skip(f"{tool} is not installed")


def expect(who, result, patterns, status=0):
    text = (result.stdout + result.stderr).decode(errors="replace")
    missing = [p for p in patterns if not re.search(p, text, re.M)]
    if missing or (status is not None and result.status != status):
        pytest.fail(f"under {who}: {result.status_text()}, missing {missing}\n{text}\n{result.command_line()}", pytrace=False)


def gdb(workshop, linker, program, *commands):
    argv = ["gdb", "-batch", "-nx", "-ex", "set debuginfod enabled off", "-ex", "set breakpoint pending on",
            "-ex", "set auto-load safe-path /"]
    for command in commands:
        argv += ["-ex", command]
    return workshop.run(linker, argv + ["--args", *program])


def test_gdb(workshop, linker):
    need("gdb")
    for who, which in both(linker):
        result = gdb(workshop, which, ["./prog-plain", "./libopened-plain.so"],
                     "break library_function", "break opened_function", "run", "backtrace", "info sharedlibrary", "info threads",
                     "print program_tls", "print library_tls", "print opened_tls", "thread 2", "print program_tls",
                     "print library_tls", "thread 1", "continue", "backtrace", "print opened_tls", "continue",
                     "info sharedlibrary")
        expect(who, result, [
            r"Breakpoint 1, library_function \(x=\S+\)",
            r"#1 .* main \(",
            r"^0x[0-9a-f]+ +0x[0-9a-f]+ +Yes .*ld-relink\.so$",
            r"^0x[0-9a-f]+ +0x[0-9a-f]+ +Yes .*/liblibrary-plain\.so$",
            r"^0x[0-9a-f]+ +0x[0-9a-f]+ +Yes .*libopened-plain\.so$",
            r"^0x[0-9a-f]+ +0x[0-9a-f]+ +Yes .*/libc\.so\.6$",
            r"^\* 1 .*Thread .*\(LWP \d+\).*(library|opened)_function", r"^  2 .*Thread .*\(LWP \d+\)",
            r"^\$1 = 42$", r"^\$2 = 101$", r"^\$\d = 100$",
            r"Breakpoint 2, opened_function \(x=2\)", r"= 1000$", r"exited normally",
        ])


def test_gdb_preloaded(workshop, preload):
    """Objects that libdl-relink.so loads are not in the list of the system's linker, and gdb knows them all the same."""
    need("gdb")
    result = gdb(workshop, linkers.ORIGINAL, ["./prog-plain", "./libopened-plain.so"],
                 f"set exec-wrapper env LD_PRELOAD={preload}", "break opened_function", "run", "backtrace", "info line",
                 "finish", "info breakpoints", "delete", "continue")
    expect("the preload", result, [
        r"Breakpoint 1, opened_function \(x=2\) at opened\.c:\d+", r"^#1 .* main \(argc=2", r'Line \d+ of "opened\.c" starts at',
        r"Value returned is \$1 = 1002", r"exited normally",
    ])


def test_gdb_preloaded_stripped(workshop, preload):
    """Nor does it lose the names of functions where a library has only those that it exports."""
    need("gdb")
    workshop.build("stripped", ["-s"])
    result = gdb(workshop, linkers.ORIGINAL, ["./prog-plain", "./libopened-stripped.so"],
                 f"set exec-wrapper env LD_PRELOAD={preload}", "break opened_function", "run", "backtrace", "x/2i $pc",
                 "delete", "continue")
    expect("the preload", result, [
        r"Breakpoint 1, 0x[0-9a-f]+ in opened_function \(\)", r"^#0 .* in opened_function \(\)\n#1 .* main \(argc=2",
        r"<opened_function\+\d+>:", r"exited normally",
    ])


def test_gdb_early(workshop, linker):
    """Stopping at the first instruction, at main, and catching the load of a library."""
    need("gdb")
    for who, which in both(linker):
        result = gdb(workshop, which, ["./prog-plain", "./libopened-plain.so"], "starti", "info sharedlibrary", "break main",
                     "catch load libopened", "continue", "info sharedlibrary", "continue", "continue")
        expect(who, result, [r"Program stopped", r"Breakpoint 1, main \(argc=2", r"libopened-plain", r"exited normally"])


def test_gdb_attach(workshop, linker):
    """A process that runs already: gdb finds its libraries through the program's DT_DEBUG."""
    need("gdb")
    script = './prog-wait & child=$!; sleep 0.5; gdb -batch -nx -p $child -ex "info sharedlibrary" -ex "print waiting"; kill $child'
    (workshop.folder / "wait.c").write_text("#include <unistd.h>\nint waiting = 5;\nint library_function(int);\n"
                                            "int main(void) { library_function(1); for (;;) pause(); }\n")
    subprocess.run(["gcc", "-g", "wait.c", "-o", "prog-wait", "-L.", "-l:liblibrary-plain.so", "-Wl,-rpath,$ORIGIN",
                    f"-Wl,--dynamic-linker={workshop.linker}"], cwd=workshop.folder, check=True, env=process.CLEAN_ENVIRONMENT)
    for who, which in both(linker):
        result = workshop.run(which, ["/bin/sh", "-c", script])
        if which == linkers.ORIGINAL and b"ptrace" in result.stderr:
            pytest.skip("attaching is not allowed here")
        expect(who, result, [r"liblibrary-plain\.so", r"libc\.so\.6", r"^\$1 = 5$"], status=None)


@pytest.mark.parametrize("mode", ["interp", "command"])
def test_gdb_namespaces(mode, workshop, linker):
    """A library in another namespace: gdb stops in it, knows it by name, and forgets it when it is closed."""
    need("gdb")
    (workshop.folder / "spaces.c").write_text(NAMESPACES)
    subprocess.run(["gcc", "-g", "spaces.c", "-o", "prog-spaces", f"-Wl,--dynamic-linker={workshop.linker}"], cwd=workshop.folder,
                   check=True, env=process.CLEAN_ENVIRONMENT)
    for who, which in both(linker):
        program = [*([str(workshop.linker)] if mode == "command" else []), "./prog-spaces", "./libopened-plain.so"]
        result = gdb(workshop, which, program, "break opened_function", "run", "backtrace", "info sharedlibrary",
                     "continue", "info sharedlibrary", "break puts", "continue", "info sharedlibrary", "delete", "continue")
        expect(who, result, [r"Breakpoint 1(\.\d)?, opened_function \(x=2\)", r"Breakpoint 1(\.\d)?, opened_function \(x=3\)",
                             r"exited normally"])
        first, second, third = [part.count("libopened-plain.so\n")
                                for part in re.split(r"^From +To ", result.stdout.decode(), flags=re.M)[1:4]]
        if (first, second, third) != (1, 2, 1):
            pytest.fail(f"under {who}: libraries shown {first}, {second}, {third}\n{result.stdout.decode()}", pytrace=False)


@pytest.mark.parametrize("mode", ["interp", "command"])
def test_gdb_probes(mode, workshop, linker):
    """gdb takes our probes instead of the breakpoint, which says less.  Debian's original is built without them."""
    need("gdb")
    if linker == linkers.ORIGINAL:
        pytest.skip("the original has no probes here")
    program = [*([str(workshop.linker)] if mode == "command" else []), "./prog-plain", "./libopened-plain.so"]
    result = gdb(workshop, linker, program, "break opened_function", "run", "info probes stap rtld", "maint info breakpoints",
                 "continue")
    names = ["init_start", "init_complete", "map_start", "map_failed", "reloc_complete", "unmap_start", "unmap_complete"]
    expect("the linker under test", result, [rf"^stap +rtld +{name} +0x" for name in names]
           + [r"Breakpoint 1(\.\d)?, opened_function \(x=2\)", r"exited normally"])
    events = set(re.findall(r"^-\d+ +shlib events .* <(\S+?)(?:\+\d+)?>", result.stdout.decode(), re.M))
    if not events or "_dl_debug_state" in events:
        pytest.fail(f"gdb stops at {events}\n{result.stdout.decode()}", pytrace=False)


@pytest.mark.parametrize("mode", ["interp", "command"])
def test_valgrind(mode, workshop, linker):
    need("valgrind")
    for who, which in both(linker):
        prefix = [str(workshop.linker)] if mode == "command" else []
        argv = ["valgrind", "--error-exitcode=9", "--leak-check=full", *prefix, "./prog-plain", "./libopened-plain.so"]
        expect(who, workshop.run(which, argv), [r"^102 1002$", r"^end$", r"ERROR SUMMARY: 0 errors"])
        expect(who, workshop.run(which, argv + ["x"]), [r"Invalid (read|write) of size 1", r"0 bytes after a block of size 40",
                                                        r"by 0x[0-9A-F]+: main \(prog\.c|at 0x[0-9A-F]+: main \(prog\.c"], status=9)
        expect(who, workshop.run(which, argv + ["x", "y"]), [r"40 bytes in 1 blocks are definitely lost"], status=9)


@pytest.mark.parametrize("mode", ["interp", "command"])
def test_address_sanitizer(mode, workshop, linker):
    workshop.build("asan", ["-fsanitize=address,undefined"])
    for who, which in both(linker):
        prefix = [str(workshop.linker)] if mode == "command" else []
        argv = ["env", f"ASAN_OPTIONS=detect_leaks={mode == 'interp':d}", *prefix, "./prog-asan", "./libopened-asan.so"]
        expect(who, workshop.run(which, argv), [r"\A\d+ \d+\nend\n\Z"])
        expect(who, workshop.run(which, argv + ["x"]), [r"heap-buffer-overflow", r"0 bytes to the right of 40-byte region"], status=1)
        if mode == "interp":  # the original as a command leaks by itself
            expect(who, workshop.run(which, argv + ["x", "y"]), [r"detected memory leaks", r"40 byte\(s\) in 1 object"], status=1)


def test_leak_sanitizer_sees_tls(workshop, linker):
    """A block only a thread-local variable of an opened library points to is no leak."""
    workshop.build("keep", ["-fsanitize=address", "-DKEEP"])
    for who, which in both(linker):
        expect(who, workshop.run(which, ["./prog-keep", "./libopened-keep.so"]), [r"\A\d+ \d+\nend\n\Z"])


def test_thread_sanitizer(workshop, linker):
    try:
        workshop.build("tsan", ["-fsanitize=thread"])
    except subprocess.CalledProcessError:
        pytest.skip("no thread sanitizer")
    argv = ["setarch", "-R", "./prog-tsan", "./libopened-tsan.so"]
    if workshop.run(linkers.ORIGINAL, argv).status != 0:
        pytest.skip("the thread sanitizer does not work here")
    expect("the linker under test", workshop.run(linker, argv), [r"\A102 1002\nend\n"])


def test_strace(workshop, linker):
    """The linker's system calls are ones strace and a seccomp filter of an old program know: no failure but the usual searches."""
    need("strace")
    for who, which in both(linker):
        result = workshop.run(which, ["strace", "-f", "-o", "trace", "./prog-plain", "./libopened-plain.so"])
        expect(who, result, [r"^102 1002$"])
        assert "exited with 0" in (workshop.folder / "trace").read_text()
