#!/usr/bin/python3
"""Compare ld-relink.so with the original linker on real programs.

Times are taken interleaved, A B A B …, and compared pair by pair; everything that can be counted is counted: system
calls, page faults, instructions (callgrind), CPUIDs (single steps).  "start" is from exec to the first constructor,
where a preloaded probe ends the process; "whole" is the whole command.  A is the original, B the linker under test.

Prints one table and writes the same figures to build/bench.json.
"""

import argparse
import collections
import contextlib
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

BENCH = pathlib.Path(__file__).resolve().parent
ROOT = BENCH.parent
ORIGINAL = pathlib.Path("/lib64/ld-linux-x86-64.so.2")
PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"

# Programs of the default run, with harmless arguments; those that are not installed are left out.
PROGRAMS = {
    "true": [],
    "ls": ["--version"],
    "bash": ["--version"],
    "git": ["--version"],
    "python3": ["--version"],
    "perl": ["--version"],
    "cc1": ["--version"],
    "gdb": ["--version"],
    "cmake": ["--version"],
    "curl": ["--version"],
    "clang": ["--version"],
    "clangd": ["--version"],
    "perf": ["--version"],
    "node": ["--version"],
    "ffmpeg": ["-version"],
    "inkscape": ["--version"],
    "soffice.bin": ["--version"],
    "blender": ["--version"],
    "kate": ["--version"],
}

# Fixed, so that simulated misses can be compared between machines.
CACHE_GEOMETRY = ("--cache-sim=yes", "--I1=32768,8,64", "--D1=32768,8,64", "--LL=33554432,16,64")

CPUID_LIMIT = 20


class Failure(Exception):
    """A measurement that could not be taken; its figure is left empty."""


def execute(argv, *, seconds=60, environment=None):
    env = {"PATH": PATH, "LANG": "C", "HOME": "/nonexistent", **(environment or {})}
    try:
        return subprocess.run([str(word) for word in argv], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="replace", timeout=seconds, env=env, cwd="/", check=False)
    except subprocess.TimeoutExpired as timeout:
        raise Failure(f"no end in {seconds} s: {argv[0]}") from timeout


def find_program(name):
    if name == "cc1":
        path = execute(["gcc", "-print-prog-name=cc1"]).stdout.strip() if shutil.which("gcc", path=PATH) else ""
    else:
        path = name if "/" in name else shutil.which(name, path=PATH)
    return pathlib.Path(os.path.realpath(path)) if path and os.path.isfile(path) else None


def compile_helpers(folder):
    compiler = shutil.which("cc", path=PATH) or "gcc"
    for name in ("measure", "cpuid"):
        subprocess.run([compiler, "-O2", "-o", folder / name, BENCH / f"{name}.c"], check=True)
    subprocess.run([compiler, "-O2", "-fPIC", "-shared", "-nostdlib", "-ffreestanding", "-fno-stack-protector",
                    "-fcf-protection=none", "-Wl,-z,initfirst", "-Wl,-soname,probe.so", "-o", folder / "probe.so",
                    BENCH / "probe.c"], check=True)


# -- a program under one linker -------------------------------------------------------------------------------------

def patch_interpreter(program, copy, interpreter):
    """A copy with another PT_INTERP.  The string is overwritten in place, so the copy has the layout of the program."""
    data = bytearray(program.read_bytes())
    if data[:5] != b"\x7fELF\x02":
        raise Failure(f"{program} is no 64-bit ELF file")
    offset, size, count = (int.from_bytes(data[at:at + n], "little") for at, n in ((32, 8), (54, 2), (56, 2)))
    for header in range(offset, offset + size * count, size):
        if int.from_bytes(data[header:header + 4], "little") == 3:  # PT_INTERP
            start = int.from_bytes(data[header + 8:header + 16], "little")
            room = int.from_bytes(data[header + 32:header + 40], "little")
            text = os.fsencode(interpreter)
            if len(text) >= room:
                raise Failure(f"{program}: {interpreter} does not fit into PT_INTERP")
            data[start:start + room] = text.ljust(room, b"\0")
            break
    else:
        raise Failure(f"{program} is linked statically")
    copy.write_bytes(data)
    copy.chmod(0o755)
    settle_origin(program, copy)


def settle_origin(program, copy):
    """The copy lies elsewhere, so $ORIGIN in its RUNPATH becomes the folder that it stood for."""
    dynamic = execute(["readelf", "-dW", program]).stdout
    found = re.search(r"\((RPATH|RUNPATH)\).*\[(.*)\]", dynamic)
    if found and "ORIGIN" in found.group(2):
        path = re.sub(r"\$(ORIGIN|\{ORIGIN\})", str(program.parent), found.group(2))
        option = ["--force-rpath"] if found.group(1) == "RPATH" else []
        result = execute(["patchelf", *option, "--set-rpath", path, copy])
        if result.returncode:
            raise Failure(f"patchelf: {result.stderr.strip()}")


class Side:
    """One program under one linker: the file to execute, argv, and the argv[0] that the program itself will see.

    argv[0] is the path of the installed program on both sides: some programs look for their files from there.
    """

    def __init__(self, linker, file, argv, name):
        self.linker, self.file, self.argv, self.name = linker, file, argv, name

    @property
    def words(self):
        return [self.file, *self.argv]

    @property
    def is_command(self):
        return self.file == self.linker

    @property
    def plain_name(self):
        """argv[0] of the program if a tool starts it by its file name."""
        return self.name if self.is_command else str(self.file)


def make_sides(folder, program, arguments, linkers, mode):
    sides = []
    for letter, linker in zip("ab", linkers):
        link = folder / letter
        if not link.exists():
            link.symlink_to(linker)
        if mode == "command":
            sides.append(Side(linker, linker, [str(linker), str(program), *arguments], str(program)))
        else:
            bin_folder = folder / f"{letter}.bin"
            bin_folder.mkdir(exist_ok=True)
            copy = bin_folder / program.name
            patch_interpreter(program, copy, str(link))
            sides.append(Side(linker, copy, [str(program), *arguments], str(program)))
    return sides


# -- measurements ---------------------------------------------------------------------------------------------------

def probe_environment(folder, name):
    return {"LD_PRELOAD": str(folder / "probe.so"), "RELINK_PROBE": name}


def measure_times(folder, sides, what, pairs):
    def counted(side):
        return [len(side.words), *side.words]
    environment = probe_environment(folder, sides[0].name) if what == "start" else {}
    result = execute([folder / "measure", what, pairs, 60, *counted(sides[0]), *counted(sides[1])],
                     seconds=600, environment=environment)
    if result.returncode:
        raise Failure(result.stderr.strip() or f"measure: status {result.returncode}")
    runs = {"A": [], "B": []}
    for line in result.stdout.splitlines():
        side, *figures = line.split()
        runs[side].append([int(figure) for figure in figures])
    statuses = {run[3] for run in runs["A"]} | {run[3] for run in runs["B"]}
    if len(statuses) != 1:
        raise Failure(f"{what}: exit statuses differ: {sorted(statuses)}")
    cpu, wall, faults = ({side: [run[i] for run in runs[side]] for side in runs} for i in range(3))
    return {
        "cpu_us": {side: round(statistics.median(cpu[side]) / 1000, 1) for side in cpu},
        "cpu_ratio": round(statistics.median(b / a for a, b in zip(cpu["A"], cpu["B"])), 3),
        "wall_min_us": {side: round(min(wall[side]) / 1000, 1) for side in wall},
        "wall_min_ratio": round(min(wall["B"]) / min(wall["A"]), 3),
        "minor_faults": {side: statistics.median(faults[side]) for side in faults},
        "pairs": pairs,
    }


def count_system_calls(folder, side, what):
    """Calls and failed opens; "start" ends at the probe's first call."""
    log = folder / "strace.log"
    environment = probe_environment(folder, side.plain_name) if what == "start" else {}
    settings = [f"-E{name}={value}" for name, value in environment.items()]
    execute(["strace", "-f", "-qq", "-o", log, "-e", "signal=none", *settings, side.file, *side.argv[1:]], seconds=120)
    calls = []
    for line in log.read_text(errors="replace").splitlines():
        call = re.sub(r"^\d+\s+", "", line)
        if call.startswith("<... ") or not re.match(r"\w+\(", call):
            continue
        if what == "start" and call.startswith("clock_gettime(CLOCK_PROCESS_CPUTIME_ID"):
            return {"calls": len(calls), "missing": sum("ENOENT" in c for c in calls)}
        calls.append(call)
    if what == "start":
        raise Failure("strace: the probe was not reached")
    return {"calls": len(calls), "missing": sum("ENOENT" in c for c in calls)}


def read_callgrind(path, linker):
    """Self cost of the linker's functions and of the whole process; called functions' costs are not counted twice."""
    names, costs, misses = {}, collections.defaultdict(collections.Counter), collections.Counter()
    position, is_call_cost, miss_columns = {"ob": "?", "fn": "?"}, False, []
    for line in path.read_text(errors="replace").splitlines():
        found = re.match(r"(c?)(ob|fn)=\((\d+)\)(?: (.*))?$", line)
        if found:
            called, kind, number, name = found.groups()
            if name is not None:
                names[kind, number] = name
            if not called:
                position[kind] = names[kind, number]
        elif line.startswith("events:"):
            miss_columns = [i for i, event in enumerate(line.split()) if event in ("D1mr", "D1mw")]
        elif line.startswith("calls="):
            is_call_cost = True
        elif line[:1] in "+-*" or line[:1].isdigit():
            fields = line.split()
            if not is_call_cost and len(fields) > 1:
                costs[position["ob"]][position["fn"]] += int(fields[1])
                misses[position["ob"]] += sum(int(fields[i]) for i in miss_columns if i < len(fields))
            is_call_cost = False
    own = costs.get(os.path.realpath(linker), {})
    if not own:
        raise Failure(f"callgrind saw no code of {linker}")
    return {
        "linker": sum(own.values()),
        "process": sum(sum(functions.values()) for functions in costs.values()),
        **({"d1_misses": misses[os.path.realpath(linker)]} if miss_columns else {}),
        "top": dict(collections.Counter(own).most_common(8)),
    }


def count_instructions(folder, side, what, options):
    out = folder / "callgrind.out"
    out.unlink(missing_ok=True)
    environment = probe_environment(folder, side.plain_name) if what == "start" else {}
    result = execute(["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={out}",
                      *(CACHE_GEOMETRY if options.cache else ()), side.file, *side.argv[1:]],
                     seconds=180, environment=environment)
    if not out.exists() or result.returncode < 0:
        raise Failure(f"callgrind: {result.stderr.strip().splitlines()[-1:] or result.returncode}")
    return read_callgrind(out, side.linker)


def count_cpuids(folder, side, limit):
    result = execute([folder / "cpuid", limit, *side.words], seconds=400,
                     environment=probe_environment(folder, side.name))
    if result.returncode:
        raise Failure(f"cpuid: {result.stderr.strip()}")
    count, steps, end = result.stdout.split()
    return {"count": int(count), "steps": int(steps), "end": end}


def count_objects(program):
    return sum("=>" in line or line.strip().startswith("/")
               for line in execute([ORIGINAL, "--list", program]).stdout.splitlines())


def measure_program(folder, name, program, arguments, options):
    """All figures of one program; what could not be taken is missing and told on stderr."""
    figures = {"program": str(program), "arguments": arguments, "objects": count_objects(program)}

    def take(key, action, *parameters):
        try:
            value = action(*parameters)
        except Failure as failure:
            print(f"bench: {name}: {key}: {failure}", file=sys.stderr)
            return
        where = figures
        *path, last = key.split(".")
        for part in path:
            where = where.setdefault(part, {})
        where[last] = value

    try:
        sides = make_sides(folder, program, arguments, (options.original, options.linker), options.mode)
    except Failure as failure:
        print(f"bench: {name}: {failure}", file=sys.stderr)
        return None
    for what in ("start", "whole"):
        take(f"time.{what}", measure_times, folder, sides, what, options.pairs)
    for letter, side in zip("AB", sides):
        for what in ("start", "whole"):
            take(f"system_calls.{what}.{letter}", count_system_calls, folder, side, what)
            if options.instructions and (what == "start" or options.whole_instructions):
                take(f"instructions.{what}.{letter}", count_instructions, folder, side, what, options)
        if options.cpuid_steps:
            take(f"cpuid.{letter}", count_cpuids, folder, side, options.cpuid_steps)
    return figures


# -- the table ------------------------------------------------------------------------------------------------------

def dig(figures, path):
    for part in path.split("."):
        if not isinstance(figures, dict) or part not in figures:
            return None
        figures = figures[part]
    return figures


def ratio(figures, path, leaf=None):
    a, b = (dig(figures, f"{path}.{side}" + (f".{leaf}" if leaf else "")) for side in "AB")
    return None if not a or b is None else b / a


def pair(figures, path, leaf=None):
    both = [dig(figures, f"{path}.{side}" + (f".{leaf}" if leaf else "")) for side in "AB"]
    return "-" if None in both else ">".join(f"{value:.0f}" for value in both)


def shown(value):
    return "-" if value is None else f"{value:.2f}"


def cpuid_cell(figures):
    cells = []
    for side in "AB":
        cpuid = dig(figures, f"cpuid.{side}")
        cells.append("-" if cpuid is None else f"{cpuid['count']}{'+' if cpuid['end'] == 'limit' else ''}")
    return "-" if cells == ["-", "-"] else ">".join(cells)


def start_ratio(figures):
    return dig(figures, "time.start.cpu_ratio")


def wall_ratio(figures):
    return dig(figures, "time.start.wall_min_ratio")


def whole_ratio(figures):
    return dig(figures, "time.whole.cpu_ratio")


def instruction_ratio(figures):
    return ratio(figures, "instructions.start", "linker")


COLUMNS = [
    # heading, cell, value of which the last row has the geometric mean
    ("DSOs", lambda f: str(f["objects"]), None),
    ("start us", lambda f: pair(f, "time.start.cpu_us"), None),
    ("ratio", lambda f: shown(start_ratio(f)), start_ratio),
    ("wall", lambda f: shown(wall_ratio(f)), wall_ratio),
    ("whole us", lambda f: pair(f, "time.whole.cpu_us"), None),
    ("ratio", lambda f: shown(whole_ratio(f)), whole_ratio),
    ("linker Ir", lambda f: pair(f, "instructions.start", "linker"), None),
    ("ratio", lambda f: shown(instruction_ratio(f)), instruction_ratio),
    ("whole Ir", lambda f: pair(f, "instructions.whole", "linker"), None),
    ("D1 misses", lambda f: pair(f, "instructions.start", "d1_misses"), None),
    ("calls", lambda f: pair(f, "system_calls.start", "calls"), None),
    ("all calls", lambda f: pair(f, "system_calls.whole", "calls"), None),
    ("faults", lambda f: pair(f, "time.start.minor_faults"), None),
    ("cpuid", cpuid_cell, None),
]


def geometric_mean(values):
    values = [value for value in values if value]
    return statistics.geometric_mean(values) if values else None


def broken_promises(results):
    """What --gate asks: no more instructions and system calls than the original, and few CPUIDs."""
    for name, figures in results.items():
        for path, leaf in (("instructions.start", "linker"), ("system_calls.start", "calls")):
            value = ratio(figures, path, leaf)
            if value is None or value > 1:
                yield f"{name}: {path}: {pair(figures, path, leaf)}"
        count = dig(figures, "cpuid.B.count")
        if count is None or count > CPUID_LIMIT:
            yield f"{name}: cpuid: {cpuid_cell(figures)}"


def print_table(results):
    rows = [["program", *(heading for heading, _, _ in COLUMNS)]]
    for name, figures in results.items():
        rows.append([name, *(cell(figures) for _, cell, _ in COLUMNS)])
    rows.append(["geomean", *(shown(geometric_mean(map(value, results.values()))) if value else ""
                              for _, _, value in COLUMNS)])
    kept = [i for i in range(len(rows[0])) if any(row[i] not in ("-", "", rows[0][i]) for row in rows)]
    rows = [[row[i] for i in kept] for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))).rstrip())
    print("""
A>B: original > linker under test.  start: from exec to the first constructor; us: median CPU time; ratio: median of
the pairs' ratios; wall: ratio of the minima.  linker Ir: instructions in the linker's own code, as D1 misses, calls,
faults and cpuid until the first constructor (cpuid +: stopped at the step limit); whole, all: of the whole command.""")


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"program or path (default: {' '.join(PROGRAMS)})")
    parser.add_argument("--linker", type=pathlib.Path, default=ROOT / "build" / "ld-relink.so", help="side B")
    parser.add_argument("--original", type=pathlib.Path, default=ORIGINAL, help="side A")
    parser.add_argument("--mode", choices=("interpreter", "command"), default="interpreter",
                        help="PT_INTERP of a copy, or ld.so PROGRAM")
    parser.add_argument("--pairs", type=int, default=15, help="timed pairs of runs (15)")
    parser.add_argument("--cpuid-steps", type=int, default=150_000, help="steps to count CPUIDs in, 0: do not (150000)")
    parser.add_argument("--no-instructions", dest="instructions", action="store_false", help="leave callgrind out")
    parser.add_argument("--whole-instructions", action="store_true", help="callgrind for the whole command, too: slow")
    parser.add_argument("--cache", action="store_true", help="count simulated cache misses with the instructions")
    parser.add_argument("--gate", action="store_true",
                        help=f"fail if B has more instructions or calls than A, or more than {CPUID_LIMIT} CPUIDs")
    parser.add_argument("--json", type=pathlib.Path, default=ROOT / "build" / "bench.json")
    return parser.parse_args()


def main():
    options = parse_options()
    if not options.linker.exists():
        sys.exit(f"bench: no {options.linker}: build first")
    options.linker, options.original = options.linker.resolve(), options.original.resolve()
    results = {}
    # A short name: it has to fit into the place of the original interpreter's.
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rl", dir="/tmp")))
        compile_helpers(folder)
        for name in options.names or PROGRAMS:
            program = find_program(name)
            if program is None:
                if options.names:
                    print(f"bench: {name}: not found", file=sys.stderr)
                continue
            print(f"bench: {name}", file=sys.stderr)
            figures = measure_program(folder, name, program, PROGRAMS.get(name, ["--version"]), options)
            if figures is not None:
                results[name] = figures
            for letter in "ab":
                (folder / f"{letter}.bin" / program.name).unlink(missing_ok=True)
    if not results:
        sys.exit("bench: nothing was measured")
    print_table(results)
    options.json.parent.mkdir(exist_ok=True)
    options.json.write_text(json.dumps({
        "A": str(options.original), "B": str(options.linker), "mode": options.mode, "kernel": platform.release(),
        "results": results}, indent=1) + "\n")
    print(f"figures: {options.json}", file=sys.stderr)
    broken = list(broken_promises(results)) if options.gate else []
    for promise in broken:
        print(f"bench: gate: {promise}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
