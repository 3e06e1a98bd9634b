#!/usr/bin/python3
"""Runs every dynamically linked program of this machine, harmlessly, under the original linker and under ours.

Each program is asked for its version, or for help, twice under the original: programs whose answers differ are left out. Then ours is
put under it in two ways: as a command (compared with the original as a command), and bind-mounted over the interpreter (compared with
the plain run). All three worlds are worker processes with namespaces of their own, without network; programs run as nobody if the
caller is root, in an empty folder, with no input, in a clean environment, for ten seconds at most.
"""

import argparse
import concurrent.futures
import json
import multiprocessing
import os
import pathlib
import pwd
import queue
import shutil
import struct
import sys
import tempfile
import tomllib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))

import difference  # noqa: E402
import linkers  # noqa: E402
import namespaces  # noqa: E402
import process  # noqa: E402

FOLDERS = ("/usr/bin", "/usr/sbin", "/bin", "/sbin")
INTERPRETER = "/lib64/ld-linux-x86-64.so.2"
QUESTIONS = (["--version"], ["--help"])
SECONDS = 10
WORLDS = ("original", "command", "mounted")
PT_INTERP = 3


def interpreter_of(path):
    """The PT_INTERP of an x86-64 ELF file, or None."""
    try:
        with open(path, "rb") as file:
            header = file.read(64)
            if len(header) < 64 or header[:5] != b"\x7fELF\x02" or struct.unpack_from("<H", header, 18)[0] != 62:
                return None
            offset, = struct.unpack_from("<Q", header, 32)
            size, count = struct.unpack_from("<HH", header, 54)
            file.seek(offset)
            table = file.read(size * count)
            for i in range(count):
                kind, _, start, _, _, length = struct.unpack_from("<IIQQQQ", table, i * size)
                if kind == PT_INTERP:
                    file.seek(start)
                    return file.read(length).rstrip(b"\0").decode()
    except (OSError, struct.error, UnicodeDecodeError):
        pass
    return None


def discover():
    """Every program once, by the path of the file itself."""
    found = {}
    for folder in FOLDERS:
        for entry in sorted(os.scandir(folder), key=lambda e: e.name):
            path = os.path.realpath(entry.path)
            try:
                state = os.stat(path)
            except OSError:
                continue
            if not os.path.isfile(path) or not os.access(path, os.X_OK) or interpreter_of(path) != INTERPRETER:
                continue
            found.setdefault((state.st_dev, state.st_ino), path)
    return sorted(found.values())


class World:
    """A process in namespaces of its own that runs programs for us; must be made before the first thread."""

    def __init__(self, over, linker):
        ours, theirs = multiprocessing.Pipe()
        self.pipe = ours
        self.process = multiprocessing.Process(target=self._serve, args=(theirs, over, linker), daemon=True)
        self.process.start()
        theirs.close()

    @staticmethod
    def _serve(pipe, over, linker):
        user = "nobody" if os.geteuid() == 0 else None
        namespaces.enter(network=False)
        namespaces.adopt_orphans()
        if over and linker != pathlib.Path(over).resolve():
            namespaces.bind(linker, over)
        while True:
            try:
                argv, folder = pipe.recv()
            except EOFError:
                return
            shutil.rmtree(folder, ignore_errors=True)
            os.mkdir(folder, 0o700)
            if user:
                os.chown(folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
            try:
                outcome = process.run(argv, environment={"HOME": folder, "TMPDIR": folder}, cwd=folder, seconds=SECONDS,
                                      address_space=0, user=user)
            except OSError as error:
                outcome = process.Outcome(126, b"", str(error).encode(), argv)
            namespaces.end_children()
            pipe.send(outcome)

    def run(self, argv, folder):
        self.pipe.send((argv, folder))
        return self.pipe.recv()


class Desk:
    """The three worlds one thread works with, the private folder, and the path at which both linkers are run as commands."""

    def __init__(self, base, number, linker):
        self.folder = str(base / f"home-{number}")
        self.command_path = base / f"linker-{number}" / "ld-linux-x86-64.so.2"
        self.command_path.parent.mkdir()
        linkers.place(linkers.ORIGINAL, self.command_path)
        self.worlds = {"original": World(None, linker), "command": World(self.command_path, linker),
                       "mounted": World(linkers.ORIGINAL, linker)}

    def ask(self, world, path, question, as_command):
        argv = ([str(self.command_path)] if as_command else []) + [path] + question
        return self.worlds[world].run(argv, self.folder)


def choose_question(desk, path):
    """(question, answer) of the first question answered twice alike, preferring one that ends well; or (None, reason)."""
    fallback = None
    reason = ""
    for question in QUESTIONS:
        first = desk.ask("original", path, question, False)
        if first.status is None:
            reason = reason or f"{question[0]}: no end within {SECONDS} s"
            continue
        if fallback and first.status != 0:
            continue
        if first != desk.ask("original", path, question, False):
            reason = f"{question[0]}: two runs under the original differ"
            continue
        if first.status == 0:
            return question, first
        fallback = fallback or (question, first)
    return fallback or (None, reason)


def compare(desk, path):
    """What one program did: {"program", "question", "left_out"} or {"program", "question", "command": text, "mounted": text}."""
    question, expected = choose_question(desk, path)
    if question is None:
        return {"program": path, "left_out": expected}
    result = {"program": path, "question": question[0], "status": expected.status}
    for mode in ("command", "mounted"):
        as_command = mode == "command"
        base = desk.ask("original", path, question, True) if as_command else expected
        text = difference.describe(base, desk.ask(mode, path, question, as_command))
        if text:
            # Ask both again: only what differs twice, while the original agrees with itself, is the linker's doing.
            again = desk.ask("original", path, question, as_command)
            if again != base:
                return {"program": path, "left_out": f"{question[0]}: runs under the original differ"}
            text = difference.describe(again, desk.ask(mode, path, question, as_command))
        result[mode] = text
    return result


def run_all(linker, names=(), jobs=2, progress=None):
    """The report on all programs, or on those whose path or name is among `names`."""
    with open(pathlib.Path(__file__).with_name("left-out.toml"), "rb") as file:
        denied = {name: reason for table in tomllib.load(file).values() for name, reason in table.items()}
    found = [p for p in discover() if not names or p in names or os.path.basename(p) in names]
    left_out = [{"program": p, "left_out": denied[os.path.basename(p)]} for p in found if os.path.basename(p) in denied]
    with tempfile.TemporaryDirectory(prefix="relink-programs-", ignore_cleanup_errors=True) as base:
        os.chmod(base, 0o755)
        desks = queue.SimpleQueue()
        for number in range(jobs):
            desks.put(Desk(pathlib.Path(base), number, linker))

        def one(path):
            desk = desks.get()
            try:
                return compare(desk, path)
            finally:
                desks.put(desk)

        results = []
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            for result in pool.map(one, [p for p in found if os.path.basename(p) not in denied]):
                results.append(result)
                if progress:
                    progress(result)
    left_out += [r for r in results if "left_out" in r]
    compared = [r for r in results if "left_out" not in r]
    counts = {mode: {"same": sum(not r[mode] for r in compared), "different": sum(bool(r[mode]) for r in compared)}
              for mode in ("command", "mounted")}
    return {"linker": str(linker), "compared": len(compared), "counts": counts, "left_out": left_out,
            "different": [r for r in compared if r["command"] or r["mounted"]],
            "questions": {r["program"]: f"{r['question']} exit {r['status']}" for r in compared}}


def summary(report):
    lines = [f"{report['compared']} programs compared, {len(report['left_out'])} left out"]
    for mode, counts in report["counts"].items():
        share = 100 * counts["same"] / max(1, report["compared"])
        lines.append(f"  {mode}: {counts['same']} same, {counts['different']} different ({share:.1f} % same)")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="paths or names of programs; all without")
    parser.add_argument("--json", type=pathlib.Path, help="write the report there")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()

    def progress(result):
        for mode in ("command", "mounted"):
            if result.get(mode):
                print(f"{result['program']} {result['question']}, {mode}: {result[mode]}\n", flush=True)

    report = run_all(linkers.under_test(), options.names, options.jobs, progress)
    for entry in report["left_out"]:
        print(f"left out: {entry['program']}: {entry['left_out']}")
    print(summary(report))
    if options.json:
        options.json.write_text(json.dumps(report, indent="\t") + "\n")
    sys.exit(bool(report["different"]))


if __name__ == "__main__":
    main()
