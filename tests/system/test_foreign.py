"""Real programs of another CPU: Debian's, unpacked, with the linker laid over their interpreter."""

import os
import pathlib

import pytest

import difference
import linkers
import namespaces
import process

ROOT = pathlib.Path(os.environ.get("RELINK_TEST_ROOT", "/nonexistent"))
BIN = ROOT / "usr/bin"
PYTHON = """
import ctypes, decimal, hashlib, json, math, struct, threading, zlib
results = []
threads = [threading.Thread(target=lambda n=n: results.append(math.factorial(n))) for n in range(5)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(json.dumps(sorted(results)), hashlib.sha256(b"x").hexdigest(), decimal.Decimal(2).sqrt(), zlib.crc32(b"x"))
print(ctypes.CDLL("libc.so.6").abs(-3))
"""
COMMANDS = {
    "ls": ["ls", "-la", "/usr/share/dict", "/etc/passwd"],
    "sort": ["sort", "-n", "-r", "/proc/self/limits"],
    "sha256sum": ["sha256sum", "/etc/passwd"],
    "date": ["date", "-u", "-d", "@0"],
    "bash": ["bash", "-c", "set -- 3 2 1; for i; do echo $((i * 2)) | tr 2 x; done; echo ${BASH_VERSION}; exit 7"],
    "bash-children": ["bash", "-c", f"PATH={BIN}; ls / | wc -l; seq 3 | sort -r; (exit 3); echo $?"],
    "perl": ["perl", "-e", "use POSIX (); print join(',', map { $_ ** 2 } 1 .. 5), POSIX::floor(2.5), qq(\\n); die 'end'"],
    "python": ["python3.11", "-c", PYTHON],
    "git": ["git", "--version", "--build-options"],
    "git-hash": ["git", "hash-object", "/etc/passwd"],
}

pytestmark = [pytest.mark.programs, pytest.mark.skipif(not linkers.IS_FOREIGN, reason="with-cpu.py runs these")]


def outcome(argv, linker, mode):
    if mode == "command":
        argv = [linker, *argv]
    else:
        argv = ["/usr/bin/python3", linkers.ROOT / "tests/with-linker.py", *argv]
    chosen = "original" if linker == linkers.ORIGINAL else str(linker)
    return process.run(argv, environment={"LINKER": chosen, "RELINK_TEST_CPU": linkers.CPU}, seconds=60)


@pytest.mark.parametrize("mode", ("command", "mounted"))
@pytest.mark.parametrize("name", COMMANDS)
def test_program(name, mode, linker):
    program, *arguments = COMMANDS[name]
    if not (BIN / program).exists() and not (ROOT / "bin" / program).exists():
        pytest.skip(f"{program} is not unpacked")
    path = BIN / program if (BIN / program).exists() else ROOT / "bin" / program
    argv = [path, *arguments]
    expected, actual = outcome(argv, linkers.ORIGINAL, mode), outcome(argv, linker, mode)
    assert expected.stdout, expected.stderr
    text = difference.describe(expected, actual)
    if mode == "command":
        text = text.replace(str(linker), str(linkers.ORIGINAL))
    assert not text
