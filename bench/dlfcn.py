#!/usr/bin/python3
"""Compare what the dlfcn family costs: the original, ld-relink.so as the program's linker, libdl-relink.so preloaded.

Times in nanoseconds a call, and their ratio to the original's.
"""

import argparse
import pathlib
import subprocess
import tempfile

BENCH = pathlib.Path(__file__).resolve().parent
BUILD = BENCH.parent / "build"
ORIGINAL = pathlib.Path("/lib64/ld-linux-x86-64.so.2")
CHAIN = 3


def build(folder):
    for number in range(CHAIN, 0, -1):
        source = folder / f"chain_{number}.c"
        call = f"return chain_{number + 1}() + 1;" if number < CHAIN else "return 1;"
        source.write_text(f"int chain_{number + 1}(void);\nint chain_{number}(void);\nint chain_{number}(void) {{ {call} }}\n")
        with_next = ["-L", str(folder), f"-lchain{number + 1}", "-Wl,-rpath,$ORIGIN"] if number < CHAIN else []
        subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", str(folder / f"libchain{number}.so"), str(source), *with_next],
                       check=True)
    subprocess.run(["gcc", "-O2", "-o", str(folder / "dlfcn"), str(BENCH / "dlfcn.c")], check=True)


def measure(folder, prefix, environment, rounds):
    argv = [*prefix, str(folder / "dlfcn"), str(folder / "libchain1.so"), str(rounds)]
    text = subprocess.run(argv, check=True, capture_output=True, text=True, env=environment, timeout=120).stdout
    return {name: float(value) for name, value in (line.split() for line in text.splitlines())}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--build", type=pathlib.Path, default=BUILD)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        build(folder)
        plain = {"PATH": "/usr/bin:/bin"}
        preloaded = plain | {"LD_PRELOAD": str(options.build / "libdl-relink.so")}
        original = measure(folder, [str(ORIGINAL)], plain, options.rounds)
        linker = measure(folder, [str(options.build / "ld-relink.so")], plain, options.rounds)
        preload = measure(folder, [], preloaded, options.rounds)
    print(f"{'ns a call':14}{'original':>10}{'ld-relink':>11}{'':7}{'preload':>10}")
    for key, base in original.items():
        print(f"{key:14}{base:10.0f}{linker[key]:11.0f} x{linker[key] / base:<5.2f}{preload[key]:10.0f} x{preload[key] / base:.2f}")


main()
