#!/usr/bin/python3
"""Compare the start of musl programs with musl's own loader: hello, and a program with three libraries that have TLS.

Runs are interleaved, A B A B …, from execve to exit; the medians are compared.  Page faults, instructions (valgrind) and
system calls are counted.  A is musl's loader, B the linker under test, each as PT_INTERP of one and the same program.
"""

import argparse
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

import run

ROOT = pathlib.Path(__file__).resolve().parents[1]
GOALS = {"hello": 1.25, "tls": 1.1}  # ratios to reach

HELLO = '#include <stdio.h>\nint main(void) { return puts("hello") < 0; }\n'
LIBRARY = "static __thread long block@[4];\n__thread int value@ = @;\nint get@(void) { return value@ + (int)++block@[1]; }\n"
USER = ("#include <stdio.h>\nint get1(void), get2(void), get3(void);\n__thread int own = 5;\n"
        'int main(void) { return printf("%d\\n", get1() + get2() + get3() + own) < 0; }\n')


def compile_one(folder, name, source, *flags):
    subprocess.run(["musl-gcc", "-O2", "-x", "c", "-", "-x", "none", *flags, "-o", folder / name], input=source, text=True, check=True)


def build(folder):
    for number in "123":
        compile_one(folder, f"libtls{number}.so", LIBRARY.replace("@", number), "-fPIC", "-shared")
    compile_one(folder, "hello", HELLO)
    compile_one(folder, "tls", USER, f"-L{folder}", "-ltls1", "-ltls2", "-ltls3", f"-Wl,-rpath,{folder}")


def measure(folder, pair, count):
    """The median microseconds and page faults of each side."""
    result = run.execute([folder / "measure", "whole", count, 60, 2, pair[0], pair[0], 2, pair[1], pair[1]], seconds=600)
    if result.returncode:
        raise run.Failure(result.stderr.strip())
    lines = [line.split() for line in result.stdout.splitlines()]
    return [[statistics.median(int(line[column]) for line in lines if line[0] == side) for column in (2, 3)] for side in "AB"]


def system_calls(program):
    log = run.execute(["strace", "-qq", program]).stderr
    return [match.group(1) for match in map(re.compile(r"(\w+)\(").match, log.splitlines()) if match]


def instructions(program):
    log = run.execute(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program]).stderr
    return int(re.search(r"Collected : (\d+)", log).group(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--linker", type=pathlib.Path, default=ROOT / "build" / "ld-relink.so")
    parser.add_argument("--pairs", type=int, default=1500, help="timed pairs of runs (1500)")
    parser.add_argument("--calls", action="store_true", help="list the system calls, too")
    options = parser.parse_args()
    is_met = True
    with tempfile.TemporaryDirectory(prefix="rl", dir="/tmp") as name:
        folder = pathlib.Path(name)
        run.compile_helpers(folder)
        build(folder)
        (folder / "b").symlink_to(options.linker.resolve())  # a short name: it replaces the other in place
        print(f"{'':8}{'us':>15}{'ratio':>7}{'goal':>6}{'faults':>9}{'instructions':>17}{'calls':>9}")
        for program, goal in GOALS.items():
            run.patch_interpreter(folder / program, folder / (program + ".b"), str(folder / "b"))
            pair = [folder / program, folder / (program + ".b")]
            (a, a_faults), (b, b_faults) = measure(folder, pair, options.pairs)
            counts, calls = [instructions(side) for side in pair], [system_calls(side) for side in pair]
            is_met = is_met and b / a <= goal
            print(f"{program:8}{a / 1000:7.1f}>{b / 1000:7.1f}{b / a:7.3f}{goal:6.2f}{a_faults:6.0f}>{b_faults:.0f}"
                  f"{counts[0]:10}>{counts[1]}{len(calls[0]):6}>{len(calls[1])}", flush=True)
            for side, names in zip("AB", calls if options.calls else ()):
                print(f"    {side}: {' '.join(names)}")
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
