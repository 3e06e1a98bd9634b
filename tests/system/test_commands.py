"""The commands people start a day with: as a command (LINKER PROGRAM ARGS) and as a copy whose PT_INTERP is the linker.

Both linkers stand at the same path in turn. What a command must print is written down as well, so that two equal failures do not
pass.
"""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

import difference
import linkers
import process

pytestmark = pytest.mark.commands
ATTEMPTS = 3

# name: (program, arguments, what stdout and stderr together must match, options)
COMMANDS = {
    "python3": ("python3", ["-c", "import ssl, json, threading, ctypes, sqlite3; print('ok', ssl.OPENSSL_VERSION)"], r"^ok OpenSSL", {}),
    "python3-ctypes": ("python3", ["-c", "import ctypes; print(ctypes.CDLL('libm.so.6').abs(-3), ctypes.CDLL(None).getpid() > 0)"],
                       r"^3 True", {}),
    "python3-threads": ("python3", ["-c", "import threading as t, hashlib, decimal\nr = []\n"
                        "def f(i): r.append(hashlib.sha256(str(decimal.Decimal(i) / 7).encode()).hexdigest())\n"
                        "ts = [t.Thread(target=f, args=(i,)) for i in range(8)]\n[x.start() for x in ts]; [x.join() for x in ts]\n"
                        "print(len(r), sorted(r)[0])"], r"^8 [0-9a-f]{64}", {}),
    "python3-subprocess": ("python3", ["-c", "import subprocess, multiprocessing as m\n"
                           "print(subprocess.check_output(['echo', 'child']))\n"
                           "if __name__ == '__main__':\n p = m.get_context('fork').Pool(2); print(p.map(abs, [-1, -2])); p.close(); p.join()"],
                           r"child[^$]*\[1, 2\]", {}),
    "ls": ("ls", ["-l", "/"], r" usr\n", {}),
    "bash": ("bash", ["-c", "echo $((1+2)); ls | wc -l"], r"^3\n\d+\n", {}),
    "bash-pipeline": ("bash", ["-c", "for i in 1 2 3; do (echo $i; exit $i) | cat; echo ${PIPESTATUS[0]}; done; ulimit -n >/dev/null; "
                               "[[ abc =~ b ]] && echo match; printf '%(%Y)T\\n' 0"], r"match\n1970", {}),
    "git-log": ("git", ["log"], r"^commit [0-9a-f]{40}\n(.*\n)*    the message", {"repository": True}),
    "git-diff": ("git", ["show", "--stat"], r"1 file changed", {"repository": True}),
    "perl": ("perl", ["-e", "use POSIX; use Data::Dumper; use Socket; print floor(3.7), inet_ntoa(inet_aton('127.0.0.1')), \"\\n\""],
             r"^3127\.0\.0\.1", {}),
    "getent-passwd": ("getent", ["passwd", "root"], r"^root:", {}),
    "getent-hosts": ("getent", ["hosts", "localhost"], r"localhost", {}),
    "getent-ahosts": ("getent", ["ahosts", "127.0.0.1"], r"127\.0\.0\.1", {}),
    "iconv": ("iconv", ["-f", "latin1", "-t", "utf8"], "é", {"stdin": b"\xe9\n"}),
    "iconv-euc-jp": ("iconv", ["-f", "EUC-JP", "-t", "utf8"], "あ", {"stdin": b"\xa4\xa2\n"}),
    "find": ("find", ["/", "-xdev", "-name", "passwd", "-maxdepth", "2"], r"^/etc/passwd$", {}),
    "tar": ("tar", ["-c", "--mtime=@0", "--sort=name", "-f", "-", "tree"], r"tree/a", {"tree": True}),
    "tar-gzip": ("tar", ["-czf", "out.tar.gz", "-v", "tree"], r"tree/a", {"tree": True}),
    "gzip": ("gzip", ["-nc"], "\x1f\udc8b", {"stdin": b"hello " * 1000}),
    "ssh": ("ssh", ["-V"], r"OpenSSH", {}),
    "curl": ("curl", ["--version"], r"^curl ", {}),
    "gdb": ("gdb", ["--batch", "-nx", "-ex", "info sharedlibrary", "/bin/true"], r"No shared libraries", {}),
    "gdb-python": ("gdb", ["--batch", "-nx", "-ex", "python import json; print(json.dumps([1]))"], r"\[1\]", {}),
    "node": ("node", ["-e", "console.log(1)"], r"^1\n", {}),
    "node-worker": ("node", ["-e", "const w = require('worker_threads'); new w.Worker('require(\"worker_threads\").parentPort.postMessage(7)',"
                             "{eval: true}).on('message', m => console.log('worker', m))"], r"^worker 7", {}),
    "cargo": ("cargo", ["--version"], r"^cargo ", {"home": True}),
    "rustc": ("rustc", ["--version"], r"^rustc ", {"home": True}),
    "java": ("java", ["-version"], r"penJDK", {"tree_of": True}),
    "sqlite3": ("sqlite3", [":memory:", "select 6*7, sqlite_version() is not null"], r"^42\|1", {}),
    "openssl": ("openssl", ["dgst", "-sha256", "/etc/passwd"], r"[0-9a-f]{64}", {}),
    "sort": ("sort", ["-R", "--random-source=/etc/passwd", "/etc/passwd"], r"root:", {}),
    "awk": ("awk", ["BEGIN { printf \"%.3f\\n\", exp(1) }"], r"^2\.718", {}),
    "php": ("php", ["-r", "echo count(get_loaded_extensions()) > 9, md5('a'), json_encode([1.5]), preg_match('/a+/', 'caat');"],
            r"^10cc175b9c0f1b6a831c399e269772661\[1\.5\]1$", {}),
    "ruby": ("ruby", ["-e", "require 'fiddle'; require 'openssl'; f = Fiddle.dlopen('libm.so.6'); p f.sym('cbrt') > 0; "
                      "puts OpenSSL::Digest::MD5.hexdigest('a'); begin; Fiddle.dlopen('/nowhere.so'); rescue => e; puts e.message; end"],
             r"^true\n0cc175b9c0f1b6a831c399e269772661\n/nowhere\.so: cannot open", {}),
    "vim": ("vim", ["--version"], r"VIM", {}),
    "cmake": ("cmake", ["--version"], r"cmake version", {}),
}


def find_program(name, home):
    path = os.environ["PATH"] if home else process.CLEAN_ENVIRONMENT["PATH"]
    found = shutil.which(name, path=path)
    if not found:
        pytest.skip(f"{name} is not installed")
    return os.path.realpath(found)


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A folder with a small git repository and a tree of files; the linkers take turns at desk/ld-relink.so."""
    folder = tmp_path_factory.mktemp("commands")
    (folder / "work" / "tree").mkdir(parents=True)
    (folder / "work" / "tree" / "a").write_text("a\n")
    identity = {k + suffix: v for k in ("GIT_AUTHOR_", "GIT_COMMITTER_")
                for suffix, v in (("NAME", "A"), ("EMAIL", "a@example.org"), ("DATE", "2020-01-01T00:00:00Z"))}
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "the message"]):
        if shutil.which("git"):
            subprocess.run(["git", *arguments], cwd=folder / "work", check=True, env=process.CLEAN_ENVIRONMENT | identity)
    return folder


def patched_copy(program, desk, with_tree):
    """A copy of a program whose interpreter is desk/ld-relink.so; with_tree: among links to what stands beside its folder."""
    if not shutil.which("patchelf"):
        pytest.skip("patchelf is not installed")
    copy = desk / "bin" / os.path.basename(program)
    if with_tree:
        home = pathlib.Path(program).parents[1]
        copy = desk / home.name / "bin" / os.path.basename(program)
        copy.parent.mkdir(parents=True, exist_ok=True)
        for entry in home.iterdir():
            link = desk / home.name / entry.name
            if entry.name != "bin" and not link.exists():
                link.symlink_to(entry)
    copy.parent.mkdir(parents=True, exist_ok=True)
    if not copy.exists():
        shutil.copy(program, copy)
        subprocess.run(["patchelf", "--set-interpreter", str(desk / "ld-relink.so"), str(copy)], check=True)
    return str(copy)


def compare(desk, linker, argv, expected_text, **options):
    """Ask both linkers, again if they differ: the world may change between two runs."""
    for _ in range(ATTEMPTS):
        linkers.place(linkers.ORIGINAL, desk / "ld-relink.so")
        expected = process.run(argv, **options)
        output = (expected.stdout + expected.stderr).decode(errors="surrogateescape")
        assert re.search(expected_text, output, re.M), \
            f"under the original: {expected.status_text()}\n{output}\n{expected.command_line()}"
        linkers.place(linker, desk / "ld-relink.so")
        text = difference.describe(expected, process.run(argv, **options))
        if not text:
            return
    pytest.fail(text, pytrace=False)


@pytest.mark.parametrize("mode", ["command", "interp"])
@pytest.mark.parametrize("name", COMMANDS)
def test_command(name, mode, desk, linker):
    program_name, arguments, expected, options = COMMANDS[name]
    program = find_program(program_name, options.get("home"))
    with_name = [program]
    if mode == "interp":
        with_name = [patched_copy(program, desk, options.get("tree_of"))]
    else:
        with_name = [str(desk / "ld-relink.so"), program]
        if os.path.basename(program) != program_name and options.get("home"):
            with_name[1:1] = ["--argv0", program_name]  # rustup's proxies go by their name
    environment = {"GIT_PAGER": "cat"}
    if options.get("home"):
        environment["HOME"] = os.environ["HOME"]
    compare(desk, linker, with_name + arguments, expected, cwd=desk / "work", environment=environment,
            stdin=options.get("stdin"), address_space=0, seconds=30,
            argv0=program_name if mode == "interp" and options.get("home") else None)


SOURCES = {
    "hello.c": '#include <stdio.h>\nint main(void) { puts("hello"); return 3; }\n',
    "thrower.cpp": '#include <stdexcept>\nvoid fail() { throw std::runtime_error("thrown through a library"); }\n',
    "catcher.cpp": '#include <cstdio>\n#include <exception>\nvoid fail();\n'
                   'int main() { try { fail(); } catch (const std::exception &e) { std::puts(e.what()); } }\n',
}


@pytest.mark.parametrize("mode", ["command", "interp"])
@pytest.mark.parametrize("compiler", ["gcc", "g++"])
def test_compiler(compiler, mode, desk, linker):
    """The compiler runs under the linker, and what it made does."""
    program = find_program(compiler, False)
    ld = desk / "ld-relink.so"
    folder = desk / f"{compiler}-{mode}"
    folder.mkdir(exist_ok=True)
    for name, text in SOURCES.items():
        (folder / name).write_text(text)
    prefix = [str(ld), program] if mode == "command" else [patched_copy(program, desk, True)]
    interp = f"-Wl,--dynamic-linker={ld}"
    if compiler == "gcc":
        steps, text = [["hello.c", "-o", "a.out", interp]], b"hello\n"
    else:
        steps = [["-shared", "-fPIC", "thrower.cpp", "-o", "libthrower.so"],
                 ["catcher.cpp", "-o", "a.out", "-L.", "-lthrower", "-Wl,-rpath,$ORIGIN", interp]]
        text = b"thrown through a library\n"
    linkers.place(linker, ld)
    for step in steps:
        result = process.run(prefix + step, cwd=folder, seconds=60, environment={"TMPDIR": str(folder)})
        assert result.status == 0, (result.status_text(), result.stdout, result.stderr, result.command_line())
    result = process.run(([str(ld)] if mode == "command" else []) + ["./a.out"], cwd=folder)
    assert (result.stdout, result.stderr, result.status) == (text, b"", 3 if compiler == "gcc" else 0)


@pytest.mark.parametrize("command", ["ls -l /usr", "python3 -c 'import subprocess; print(subprocess.run([\"ls\", \"/\"]))'",
                                     "bash -c 'cat /proc/self/cmdline | tr \"\\0\" \" \"; readlink /proc/self/exe'",
                                     "make --version", "man -w ls", "git log --oneline"])
def test_mounted(command, desk, linker):
    """The true drop-in: the linker lies over the interpreter, and every descendant starts with it."""
    tool = linkers.ROOT / "tests" / "with-linker.py"
    argv = ["/usr/bin/python3", str(tool), "/bin/sh", "-c", command]
    if not find_program(command.split()[0], False):
        return
    run = {"cwd": desk / "work", "address_space": 0, "seconds": 30}
    expected = process.run(argv, environment={"LINKER": "original"}, **run)
    if b"unshare" in expected.stderr:
        pytest.skip("no mount namespaces here")
    assert expected.stdout, expected
    actual = process.run(argv, environment={"LINKER": str(linker)}, **run)
    text = difference.describe(expected, actual)
    if text:
        pytest.fail(text, pytrace=False)
