"""A scenario: a folder with sources and a scenario.toml that says what to build from them and what to run.

Everything is built once into a stage folder and kept until a source, the description or the compiler changes. Both linkers run
from the same stage and under the same name (STAGE/ld-relink.so, which is also the programs' PT_INTERP), so that every path a
program prints is the same under both, and outputs are compared byte for byte. See tests/README.md for the keys of scenario.toml.
"""

import contextlib
import fcntl
import functools
import hashlib
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass

import linkers
import process

FOLDER = linkers.ROOT / "tests" / "scenarios"
INCLUDE = FOLDER / "include"
PRELOAD_NAME = "libdl-relink.so"
MODES = ("command", "interp")
LIBCS = ("glibc", "musl")
BUILD_KEYS = {"out", "from", "flags", "libs", "with", "rpath", "compiler", "interp"}
RUN_KEYS = {"name", "program", "args", "linker_args", "env", "cwd", "exit", "modes", "golden", "normalise", "stdin", "user",
            "setuid", "cpu", "address_space", "seconds", "argv0", "silent", "long", "copy_as", "libc", "machine"}
TOP_KEYS = {"about", "build", "run", "needs", "libc", "machine"}


class BuildFailure(Exception):
    pass


def words(value):
    return shlex.split(value) if isinstance(value, str) else list(value)


@functools.cache
def toolchain_text():
    text = ""
    for tool in (linkers.compiler("gcc"), linkers.compiler("ld")):
        text += subprocess.run([*tool, "--version"], capture_output=True, text=True, check=True).stdout.split("\n")[0]
    return text + str(linkers.ORIGINAL.stat().st_mtime_ns)


@functools.cache
def cpu_flags():
    with open("/proc/cpuinfo") as cpuinfo:
        for line in cpuinfo:
            if line.startswith("flags"):
                return frozenset(line.split(":")[1].split())
    return frozenset()


@dataclass
class Run:
    """One way of running a scenario; `keys` is its table in scenario.toml."""

    scenario: "Scenario"
    keys: dict

    @property
    def name(self):
        return self.keys.get("name", "")

    @property
    def identifier(self):
        return self.scenario.name + ("." + self.name if self.name else "")

    @property
    def modes(self):
        return self.keys.get("modes", list(MODES))

    def skip_reason(self):
        machines = self.keys.get("machine", self.scenario.keys.get("machine", [linkers.CPU]))
        if linkers.CPU not in machines:
            return "only for " + ", ".join(machines)
        missing = set(self.keys.get("cpu", [])) - cpu_flags()
        if missing:
            return "this processor has no " + ", ".join(sorted(missing))
        if (self.keys.get("user") or self.keys.get("setuid")) and os.geteuid() != 0:
            return "needs root to become another user"
        needs = self.scenario.keys.get("needs", []) + linkers.compiler("gcc", self.scenario.libc)[:1]
        missing = [tool for tool in needs if not shutil.which(tool)]
        if missing:
            return "not installed: " + ", ".join(missing)
        return ""

    def outcome(self, linker, mode, preload=None):
        """Run under one linker, in one mode, with one more library in front of all others."""
        scenario = self.scenario
        linkers.place(linker, scenario.linker_path)
        expand = scenario.expand
        cwd = scenario.stage / self.keys.get("cwd", ".")
        program = expand(self.keys.get("program", "prog"))
        program = program if "/" in program or self.keys.get("copy_as") == "bare" else str(scenario.stage / program)
        linker_path = str(scenario.linker_path)
        argv = [program] + [expand(a) for a in words(self.keys.get("args", []))]
        if self.keys.get("setuid"):
            os.chown(program, 0, 0)
            os.chmod(program, 0o4755)
        if mode == "command":
            argv = [linker_path] + [expand(a) for a in words(self.keys.get("linker_args", []))] + argv
        environment = {k: expand(v) for k, v in self.keys.get("env", {}).items()}
        if preload is not None:
            path = scenario.stage / PRELOAD_NAME
            linkers.place(preload, path)
            environment["LD_PRELOAD"] = f"{path} {environment.get('LD_PRELOAD', '')}".strip()
        result = process.run(argv, environment=environment, cwd=cwd,
                             seconds=self.keys.get("seconds", 10), address_space=self.keys.get("address_space", 4 << 30),
                             stdin=self.keys["stdin"].encode() if "stdin" in self.keys else None,
                             user=self.keys.get("user"), argv0=self.keys.get("argv0") if mode == "interp" else None)
        for rule in self.keys.get("normalise", []):
            assert rule["reason"], f"{self.identifier}: a substitution needs a written reason"
            for stream in ("stdout", "stderr"):
                text = re.sub(rule["pattern"].encode(), rule["with"].encode(), getattr(result, stream), flags=re.M)
                setattr(result, stream, text)
        return result


class Scenario:
    def __init__(self, folder, libc="glibc"):
        self.folder = folder
        self.libc = libc
        self.name = folder.name + ("" if libc == "glibc" else "-" + libc)
        with open(folder / "scenario.toml", "rb") as description:
            self.keys = tomllib.load(description)
        self._check(self.keys, TOP_KEYS)
        self.builds = self.keys.get("build", [])
        for table in self.builds:
            self._check(table, BUILD_KEYS)
        tables = [t for t in self.keys.get("run", [{}]) if libc in t.get("libc", LIBCS)]
        for table in tables:
            self._check(table, RUN_KEYS)
        self.runs = [Run(self, table) for table in tables]
        self.stage = linkers.cache_folder() / "scenarios" / self.name
        self.linker_path = self.stage / linkers.NAMES[libc]

    @property
    def original(self):
        return linkers.ORIGINALS[self.libc]

    def _check(self, table, allowed):
        unknown = set(table) - allowed
        if unknown:
            raise ValueError(f"{self.folder}/scenario.toml: unknown keys {sorted(unknown)}")

    def expand(self, text):
        values = {"@STAGE@": self.stage, "@LINKER@": self.linker_path, "@CPU@": linkers.CPU,
                  "@TLSDESC@": linkers.TLSDESC[linkers.CPU]}
        for token, value in values.items():
            text = text.replace(token, str(value))
        return text

    def fingerprint(self):
        state = hashlib.sha256(toolchain_text().encode() + str(self.stage).encode())
        own = pathlib.Path(__file__)
        for path in sorted([own, *INCLUDE.iterdir(), *(p for p in self.folder.rglob("*") if p.is_file())]):
            state.update(str(path).encode() + b"\0" + path.read_bytes())
        return state.hexdigest()

    @contextlib.contextmanager
    def prepared(self):
        """The stage, built if need be and ours alone: another session may want to put another linker there."""
        self.stage.parent.mkdir(parents=True, exist_ok=True)
        with open(self.stage.with_name(self.name + ".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            key_file = self.stage / ".fingerprint"
            fingerprint = self.fingerprint()
            if not key_file.exists() or key_file.read_text() != fingerprint:
                self._build_all()
                key_file.write_text(fingerprint)
            yield self.stage

    def _build_all(self):
        shutil.rmtree(self.stage, ignore_errors=True)
        self.stage.mkdir()
        linkers.place(self.original, self.linker_path)
        for table in self.builds:
            self._build(table)
        if (self.folder / "prepare.py").exists():
            self._command([sys.executable, str(self.folder / "prepare.py"), str(self.stage)], cwd=self.stage)

    def _build(self, table):
        """One call of the compiler driver; a name with .so in it is a library, any other a program."""
        out = self.stage / self.expand(table["out"])
        out.parent.mkdir(parents=True, exist_ok=True)
        sources = words(table.get("from", []))
        is_object = out.suffix == ".o"
        is_library = ".so" in out.name
        compiler = linkers.compiler("g++" if any(s.endswith(".cpp") for s in sources) else "gcc", self.libc)
        if "compiler" in table:
            compiler = [table["compiler"]] + ([f"--target={linkers.CPU}-linux-gnu"] if linkers.IS_FOREIGN else [])
        else:
            compiler += linkers.TRADITIONAL_TLS.get(linkers.CPU, [])
        argv = [*compiler, "-O1", "-Wall", "-I", str(INCLUDE)]
        if is_object:
            argv += ["-c"]
        elif is_library:
            argv += ["-shared", "-fPIC", "-Wl,-soname," + out.name]
        flags = [self.expand(f) for f in words(table.get("flags", []))]
        argv += flags + ["-o", str(out)] + sources
        if not is_object:
            if not is_library and table.get("interp", True):
                argv += ["-Wl,--dynamic-linker=" + str(self.linker_path)]
            rpath = table.get("rpath", "$ORIGIN")
            if rpath:
                argv += ["-Wl,-rpath," + self.expand(rpath)]
            folders = {self.stage} | {(self.stage / self.expand(b["out"])).parent for b in self.builds}
            argv += [f"-Wl,-rpath-link,{folder}" for folder in sorted(folders)]
            for library in words(table.get("with", [])):
                path = self.stage / self.expand(library)
                argv += [str(path)] if path.suffix == ".o" else [f"-L{path.parent}", f"-l:{path.name}"]
        argv += words(self.expand(table.get("libs", "")))
        self._command(argv, cwd=self.folder)

    def build_environment(self):
        """What compilers and prepare.py find."""
        return {"TMPDIR": "/tmp", "CC": shlex.join(linkers.compiler("gcc", self.libc)), "CXX": shlex.join(linkers.compiler("g++")),
                "LINKER": str(self.linker_path), "ORIGINAL": str(self.original)}

    def _command(self, argv, cwd):
        result = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, timeout=120,
                                env=process.CLEAN_ENVIRONMENT | self.build_environment())
        if result.returncode:
            raise BuildFailure(f"{self.name}: {shlex.join(argv)}\n{result.stdout}{result.stderr}")


@functools.cache
def all_scenarios():
    found = []
    for path in sorted(FOLDER.glob("*/scenario.toml")):
        first = Scenario(path.parent, "glibc")
        found += [first if libc == "glibc" else Scenario(path.parent, libc) for libc in first.keys.get("libc", ["glibc"])]
    return found
