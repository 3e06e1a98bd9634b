#!/usr/bin/python3
"""Compare librelink with the dlopen and dlsym of the same process.

Makes a chain of three libraries, 800 functions, in two forms: freestanding, and as a compiler makes them by default (start
files, libc, unwind tables).  Prints medians of interleaved rounds and their ratios; with --counts also instructions
(callgrind) and system calls (strace), which do not depend on how busy the machine is.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
LARGE = pathlib.Path("/usr/lib/x86_64-linux-gnu/libLLVM-14.so.1")
CHAIN = (("base", 400, None), ("middle", 250, "base"), ("leaf", 150, "middle"))
WAYS = ("dlopen_now", "relink_eager", "dlopen_lazy", "relink_lazy")


def source(name, count, below):
    """Functions that call each other through the PLT, variables through the GOT, tables of both kinds of pointers."""
    lines = []
    for i in range(count):
        lines.append(f"int {name}_variable_{i} = {i}; static int {name}_hidden_{i}(int x) {{ return x * {i + 3}; }}")
        lines.append(f"int {name}_fn_{i}(int);")
    if below:
        for i in range(100):
            lines.append(f"int {below}_fn_{i}(int); extern int {below}_variable_{i};")
    for i in range(count):
        other = f"{below}_fn_{i % 100}(x) + {below}_variable_{i % 100}" if below else "0"
        lines.append(f"int {name}_fn_{i}(int x) {{ return x > 9 ? {name}_fn_{(i + 1) % count}(x - 1) "
                     f"+ {name}_variable_{i} : {name}_hidden_{i}(x) + {other}; }}")
    lines.append(f"int (*{name}_table[])(int) = {{{', '.join(f'{name}_fn_{i}' for i in range(count))}}};")
    lines.append(f"int (*const {name}_private[])(int) = {{{', '.join(f'{name}_hidden_{i}' for i in range(count))}}};")
    return "\n".join(lines)


def chain_build(folder, flags):
    folder.mkdir()
    for name, count, below in CHAIN:
        (folder / f"{name}.c").write_text(source(name, count, below))
        subprocess.run(["cc", "-O1", "-fPIC", "-shared", *flags, "-o", folder / f"lib{name}.so", folder / f"{name}.c",
                        f"-Wl,-soname,lib{name}.so,-rpath,$ORIGIN,--enable-new-dtags,-z,lazy", "-L", folder,
                        *([f"-l{below}"] if below else [])], check=True)
    return folder / "libleaf.so"


def figures(argv):
    out = subprocess.run([str(word) for word in argv], check=True, capture_output=True, text=True).stdout
    return {name: float(value) for name, value in (line.split() for line in out.splitlines())}


def loads_print(title, found, unit="µs"):
    print(f"{title}")
    for name in WAYS:
        rival = "dlopen_lazy" if name.endswith("lazy") else "dlopen_now"
        print(f"  {name:14} {found[name]:12.1f} {unit}  {found[name] / found[rival]:.2f}")


def gets_print(title, found):
    print(title)
    for name in found:
        if name.startswith("get_"):
            rival = found["dlsym_" + name[4:]]
            print(f"  {name[4:]:14} {found[name]:12.1f} ns  dlsym {rival:.1f} ns  {found[name] / rival:.2f}")


def instructions(measure, library, way, folder):
    """A load, from the difference of two numbers of them."""
    totals = []
    for count in (20, 120):
        out = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/callgrind.{way}.{count}",
                              measure, "only", way, library, str(count)], check=True, capture_output=True, text=True)
        totals.append(int(re.search(r"Collected : (\d+)", out.stderr)[1]))
    return (totals[1] - totals[0]) / 100


def calls(measure, library, way):
    totals = []
    for count in (10, 110):
        out = subprocess.run(["strace", "-f", "-o", "/dev/stderr", measure, "only", way, library, str(count)], check=True,
                             capture_output=True, text=True)
        totals.append(len(out.stderr.splitlines()))
    return (totals[1] - totals[0]) / 100


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--counts", action="store_true", help="instructions and system calls, too")
    parser.add_argument("--no-large", action="store_true", help="leave libLLVM out")
    parser.add_argument("--keep", type=pathlib.Path, help="make the libraries in this new folder and leave them there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        work = options.keep or pathlib.Path(scratch) / "work"
        work.mkdir()
        measure = work / "measure"
        subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-o", measure, ROOT / "bench/relink/measure.c", "-I",
                        ROOT / "include", options.build / "librelink.so", f"-Wl,-rpath,{options.build}"], check=True)
        plain = chain_build(work / "freestanding", ["-nostdlib", "-ffreestanding"])
        usual = chain_build(work / "usual", [])
        for title, library in (("chain of three, freestanding", plain), ("chain of three, as compiled by default", usual)):
            loads_print(title, figures([measure, "load", library, options.rounds]))
            if options.counts:
                loads_print("  instructions a load", {way: instructions(measure, library, way, work) for way in WAYS}, "")
                loads_print("  system calls a load", {way: calls(measure, library, way) for way in WAYS}, "")
        names = [f"leaf_fn_{i}" for i in range(150)]
        gets_print("lookup, 150 names", figures([measure, "get", plain, 61, *names]))
        if LARGE.exists() and not options.no_large:
            needed = subprocess.run(["readelf", "-d", LARGE], check=True, capture_output=True, text=True).stdout
            hosts = re.findall(r"NEEDED.*\[(.*)\]", needed)
            found = figures([measure, "large", LARGE, 15, *[name for name in hosts if not name.startswith("ld-")]])
            loads_print(f"{LARGE.name}, once a process", {way: found[way] for way in WAYS})
            gets_print("  lookup, names of its functions", found)


if __name__ == "__main__":
    sys.exit(main())
