"""Programs that others wrote, built for musl or delivered so: their work under musl's own loader and under the linker under test.

tests/programs/musl.toml says what there is.  Sources and packages come from Debian's archive and npm's registry; what cannot be
had is skipped, with the reason.  Both linkers stand at STAGE/ld-musl-CPU.so.1 in turn, as command and as PT_INTERP.
"""

import contextlib
import fcntl
import functools
import hashlib
import os
import pathlib
import random
import shlex
import shutil
import subprocess
import tomllib

import pytest

import debian
import difference
import linkers
import process

DESCRIPTION = linkers.ROOT / "tests" / "programs" / "musl.toml"
LOADER = linkers.NAMES["musl"]
KEYS = {"source", "npm", "build", "load", "needs", "seconds", "address_space"}
LOAD_KEYS = {"argv", "stdin", "input", "exit", "silent"}
MODES = ("command", "interp")
PROGRAMS = tomllib.loads(DESCRIPTION.read_text())

pytestmark = [pytest.mark.programs, pytest.mark.skipif(linkers.IS_FOREIGN, reason="only for this machine's own CPU")]


def sample_text():
    """Words, the same every time."""
    chooser = random.Random(1)
    words = ["".join(chooser.choices("abcdefghijklmnop", k=chooser.randint(1, 9))) for _ in range(600)]
    return "".join(" ".join(chooser.choices(words, k=chooser.randint(2, 12))) + "\n" for _ in range(6000)).encode()


class Program:
    def __init__(self, name):
        self.name, self.keys = name, PROGRAMS[name]
        assert not set(self.keys) - KEYS and not [load for load in self.keys["load"] if set(load) - LOAD_KEYS], name
        self.stage = linkers.cache_folder() / "musl-programs" / name

    @contextlib.contextmanager
    def locked(self):
        """Another session may want to put another linker there."""
        with open(self.stage.with_name(self.name + ".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def missing(self):
        needs = linkers.compiler("gcc", "musl")[:1] + ["make"] + self.keys.get("needs", [])
        return [tool for tool in needs if not shutil.which(tool)]

    def fingerprint(self):
        text = repr((self.keys["build"], str(self.stage), linkers.ORIGINALS["musl"].stat().st_mtime_ns))
        return hashlib.sha256(text.encode() + pathlib.Path(__file__).read_bytes()).hexdigest()

    def build(self):
        kept = self.stage / ".fingerprint"
        if kept.exists() and kept.read_text() == self.fingerprint():
            return
        own = debian.Archive()
        folders = {f"SOURCE{i}": own.source(source) for i, source in enumerate(self.keys.get("source", []), 1)}
        if "npm" in self.keys:
            folders["NPM"] = debian.npm_package(self.keys["npm"])
        shutil.rmtree(self.stage, ignore_errors=True)
        self.stage.mkdir(parents=True)
        linkers.place(linkers.ORIGINALS["musl"], self.stage / LOADER)
        (self.stage / "sample").write_bytes(sample_text())
        compiler = [*linkers.compiler("gcc", "musl"), f"-Wl,--dynamic-linker={self.stage / LOADER}"]
        result = subprocess.run(["/bin/sh", "-eu", "-c", "parts=\n" + self.keys["build"]], cwd=self.stage, capture_output=True, text=True,
                                stdin=subprocess.DEVNULL, timeout=self.keys.get("seconds", 200),
                                env=process.CLEAN_ENVIRONMENT | {"CC": shlex.join(compiler), "LOADER": LOADER}
                                | {key: str(folder) for key, folder in folders.items()})
        assert result.returncode == 0, f"{self.name} cannot be built\n{result.stdout}{result.stderr}"
        kept.write_text(self.fingerprint())

    def outcome(self, linker, mode, load):
        linkers.place(linker, self.stage / LOADER)
        argv = ([f"./{LOADER}"] if mode == "command" else []) + load["argv"]
        text = (self.stage / load["input"]).read_bytes() if "input" in load else load.get("stdin", "").encode()
        return process.run(argv, cwd=self.stage, stdin=text, seconds=60, address_space=self.keys.get("address_space", 4 << 30))


@functools.cache
def built(name):
    """The program NAME, and why there is none."""
    one = Program(name)
    if one.missing():
        return one, "not installed: " + ", ".join(one.missing())
    one.stage.parent.mkdir(exist_ok=True)
    try:
        with one.locked():
            one.build()
    except debian.Unavailable as error:
        return one, f"cannot be had here: {error}"
    return one, ""


@pytest.fixture(params=PROGRAMS)
def program(request):
    """A program, built, and ours alone for the test."""
    one, reason = built(request.param)
    if reason:
        pytest.skip(reason)
    with one.locked():
        yield one


def differences(program, linker, mode):
    """What differs, load by load."""
    found = {}
    for load in program.keys["load"]:
        expected = program.outcome(linkers.ORIGINALS["musl"], mode, load)
        assert expected.status == load.get("exit", 0), \
            f"under the original: {expected.status_text()}\n{expected.stderr.decode(errors='replace')}\n{expected.command_line()}"
        assert expected.stdout or expected.stderr or load.get("silent"), "what prints nothing cannot differ"
        text = difference.describe(expected, program.outcome(linker, mode, load))
        if text:
            found[tuple(load["argv"])] = text
    return found


@pytest.mark.parametrize("mode", MODES)
def test_program(program, mode):
    found = differences(program, linkers.under_test("musl"), mode)
    if found:
        pytest.fail("\n\n".join(found.values()), pytrace=False)


@pytest.mark.harness
def test_broken_linkers_are_noticed(program, tmp_path):
    """Each load of each program can fail: a linker that does nothing, one that only prints, and half of musl's own."""
    content = linkers.ORIGINALS["musl"].read_bytes()
    shutil.copy("/bin/true", tmp_path / "does-nothing.so")
    shutil.copy("/bin/echo", tmp_path / "echoes.so")
    (tmp_path / "half.so").write_bytes(content[:len(content) // 2])
    os.chmod(tmp_path / "half.so", 0o755)
    for linker in sorted(tmp_path.iterdir()):
        for mode in MODES:
            assert len(differences(program, linker, mode)) == len(program.keys["load"]), (linker.name, mode)
