#!/usr/bin/python3
"""tests/stress/build.py FOLDER [LIBRARIES]

Builds the stress program and its libraries into FOLDER; what is there already and up to date stays."""

import concurrent.futures
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
LIBRARIES = 200


def description(number):
    """The macros and flags of library NUMBER, and the numbers of the libraries it is linked with."""
    flags = [f"-DNUMBER={number}"]
    needs = []
    if number >= 10:
        needs.append((number * 7 + 3) % (number // 2))
        flags.append(f"-DFIRST={needs[0]}")
    if number >= 20 and number % 3 == 0:
        second = (number * 5 + 1) % (number // 3)
        if second not in needs:
            needs.append(second)
            flags.append(f"-DSECOND={second}")
    if number % 50 == 5:
        flags.append("-DTLS_INITIAL_EXEC")
    if number % 13 == 7:
        flags.append("-DTLS_DESTRUCTOR")
    if number in (4, 41, 113):
        flags.append("-DUNIQUE")
    if number % 11 == 9:
        flags.append(f"-DOPENS={number - 3}")
    if number % 2:
        flags.append("-mtls-dialect=gnu2")
    flags += ["-Wl,-z,lazy"] if number % 4 else ["-Wl,-z,now"]
    return flags, needs


def compile_one(arguments, out):
    subprocess.run(["g++", "-std=c++17", "-O1", "-Wall", *arguments, "-o", f"{out}.new"], check=True)
    os.rename(f"{out}.new", out)


def build(folder, libraries=LIBRARIES):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    newest = max(path.stat().st_mtime for path in (HERE / "library.cpp", HERE / "main.cpp", HERE / "build.py"))

    def is_fresh(path):
        return path.exists() and path.stat().st_mtime > newest

    def library(number):
        flags, needs = description(number)
        out = folder / f"libstress_{number}.so"
        # The libraries it is linked with come later in time: undefined symbols are allowed, DT_NEEDED is by name.
        compile_one(["-shared", "-fPIC", f"-Wl,-soname,{out.name}", *flags, folder / f"objects/{number}.o",
                     *[folder / f"libstress_{other}.so" for other in needs], "-Wl,-rpath,$ORIGIN"], out)

    def compiled(number):
        flags, _ = description(number)
        out = folder / f"objects/{number}.o"
        compile_one(["-c", "-fPIC", *[flag for flag in flags if not flag.startswith("-Wl")], HERE / "library.cpp"], out)

    (folder / "objects").mkdir(exist_ok=True)
    stale = [number for number in range(libraries) if not is_fresh(folder / f"libstress_{number}.so")]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(compiled, stale))
    for number in stale:  # each needs only lower numbers
        library(number)
    if not is_fresh(folder / "stress"):
        compile_one(["-pthread", HERE / "main.cpp", "-Wl,-rpath,$ORIGIN", "-Wl,--disable-new-dtags"], folder / "stress")
    return folder / "stress"


if __name__ == "__main__":
    print(build(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else LIBRARIES))
