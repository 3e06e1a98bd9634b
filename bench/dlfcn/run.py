#!/usr/bin/python3
"""Compare the dlfcn family under ld-relink.so with the original's: nanoseconds per call and their ratio.

Runs are interleaved, A B A B …: the ratio is the median of the pairs', the times are the medians of each.  A is the
original, B the linker under test, each as a command; with --preload the program is started as usual, in B with
libdl-relink.so in front.  With --count nothing is timed: instructions of one call (callgrind), and system calls and
page faults of one call in a hundred.
"""

import argparse
import os
import pathlib
import re
import resource
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ORIGINAL = pathlib.Path("/lib64/ld-linux-x86-64.so.2")
LIBRARIES = 1000
# Ratios to reach.
GOALS = {"open-close-chain": 0.75, "open-close-chain-lazy": 0.75, "dlsym-hit": 0.5, "dlsym-miss": 0.3,
         "default-miss-1000": 0.1, "iterate-10": 1.0, "iterate-1000": 1.0, "throw": 1.0, "throw-1000": 1.0}


def compile_one(folder, name, source, *more):
    subprocess.run(["g++", "-O1", "-shared", "-fPIC", "-x", "c++", "-", "-x", "none", f"-Wl,-soname,{name}", "-Wl,-rpath,$ORIGIN",
                    *more, "-o", folder / name], input=source, text=True, check=True)


def build(folder):
    """A chain of three libraries with functions and references among them, and many small ones."""
    needs = []
    for level in (3, 2, 1):
        below = level + 1
        functions = "".join(f'int chain{level}_function_{i}() {{ return {f"chain{below}_function_{i}() + " if needs else ""}{i}; }}\n'
                            for i in range(60))
        declared = "".join(f"int chain{below}_function_{i}();\n" for i in range(60)) if needs else ""
        thrower = f"""void chain{level}_throw(int depth) {{ if (depth == 0) throw 1; chain{level}_throw(depth - 1); __asm__ volatile(""); }}"""
        compile_one(folder, f"libchain{level}.so", f'extern "C" {{\n{declared}{functions}{thrower}\n}}\n', *needs)
        needs = [folder / f"libchain{level}.so"]
    objects = folder / "many"
    objects.mkdir()
    for start in range(0, LIBRARIES, 100):
        for i in range(start, start + 100):
            (objects / f"{i}.s").write_text("\t.text\n" + "".join(
                f"\t.globl many{i}_{j}\n\t.type many{i}_{j}, @function\nmany{i}_{j}:\n\tret\n\t.size many{i}_{j}, 1\n" for j in range(20)))
            subprocess.run(["as", "--noexecstack", objects / f"{i}.s", "-o", objects / f"{i}.o"], check=True)
            subprocess.run(["ld", "-shared", "--hash-style=gnu", "-soname", f"libmany{i}.so", objects / f"{i}.o", "-o",
                            folder / f"libmany{i}.so"], check=True)
    subprocess.run(["g++", "-O1", HERE / "measure.cpp", "-o", folder / "measure"], check=True)


def command(folder, linker, what, preload, *more):
    argv = [*([linker] if linker else []), folder / "measure", folder, what, *more]
    return argv, os.environ | ({"LD_PRELOAD": str(preload)} if preload else {})


def measure(folder, linker, what, preload=None):
    argv, environment = command(folder, linker, what, preload)
    return float(subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True, env=environment).stdout)


def instructions(folder, linker, what, calls, preload):
    argv, environment = command(folder, linker, what, preload, str(calls))
    result = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *argv], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True, env=environment)
    return int(re.search(r"Collected : (\d+)", result.stderr).group(1))


def system_calls(folder, linker, what, calls, preload):
    argv, environment = command(folder, linker, what, preload, str(calls))
    result = subprocess.run(["strace", "-f", *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True,
                            env=environment)
    return result.stderr.count("\n")


def page_faults(folder, linker, what, calls, preload):
    argv, environment = command(folder, linker, what, preload, str(calls))
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt
    subprocess.run(argv, stdout=subprocess.DEVNULL, check=True, env=environment)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt - before


def count(folder, names, sides):
    """What the clock does not see: the difference between few calls and many, for each side."""
    for name in names:
        for counter in (instructions, system_calls, page_faults):
            each = [(counter(folder, linker, name, 300, preload) - counter(folder, linker, name, 100, preload)) / 200
                    for linker, preload in sides]
            print(f"{name:24}{counter.__name__:>14}{each[0]:14.1f}{each[1]:14.1f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("subjects", nargs="*")
    parser.add_argument("--linker", type=pathlib.Path, default=HERE.parents[1] / "build" / "ld-relink.so")
    parser.add_argument("--preload", action="store_true", help="measure libdl-relink.so instead")
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--count", action="store_true", help="count instead of timing")
    parser.add_argument("--folder", type=pathlib.Path, help="keep what is built here, and use what is there")
    options = parser.parse_args()
    folder = options.folder or pathlib.Path(tempfile.mkdtemp(prefix="relink-dlfcn-"))
    folder.mkdir(exist_ok=True)
    if not (folder / "measure").exists():
        build(folder)
    names = subprocess.run([folder / "measure", folder], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    preload = options.linker.parent / "libdl-relink.so" if options.preload else None
    sides = [(None, None), (None, preload)] if preload else [(ORIGINAL, None), (options.linker, None)]
    if options.count:
        count(folder, options.subjects or names, sides)
        return 0
    print(f"{'':24}{'original ns':>14}{'relink ns':>14}{'ratio':>9}{'goal':>7}")
    is_met = True
    for name in options.subjects or names:
        pairs = [[measure(folder, linker, name, library) for linker, library in sides] for _ in range(options.runs)]
        a, b = (statistics.median(side) for side in zip(*pairs))
        ratio = statistics.median(ours / theirs for theirs, ours in pairs)
        goal = GOALS.get(name)
        is_met = is_met and (goal is None or ratio <= goal)
        print(f"{name:24}{a:14.1f}{b:14.1f}{ratio:9.3f}{'' if goal is None else goal:>7}", flush=True)
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
