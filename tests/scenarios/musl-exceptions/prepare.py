"""Debian has no C++ compiler for musl: g++ compiles, and its static support library is linked by musl-gcc."""

import pathlib
import subprocess
import sys

stage = pathlib.Path(sys.argv[1])
source = pathlib.Path(__file__).parent
support = [subprocess.run(["g++", "-print-file-name=" + name], capture_output=True, text=True, check=True).stdout.strip()
           for name in ("libsupc++.a", "libgcc_eh.a")]
COMMON = ["-Wl,--eh-frame-hdr", "-Wl,-rpath,$ORIGIN"]


def run(*argv):
    subprocess.run([str(a) for a in argv], check=True, cwd=stage)


for name in ("main.cpp", "thrower.cpp"):
    run("g++", "-O1", "-fPIC", "-U_FORTIFY_SOURCE", "-c", source / name)
run("musl-gcc", "-O1", "-fPIC", "-c", source / "find_object.c")
for name in ("libthrower.so", "libopened.so"):
    run("musl-gcc", "-shared", "thrower.o", "-o", name, "-Wl,-soname," + name, *COMMON)
run("musl-gcc", "main.o", "find_object.o", "-o", "prog", "-rdynamic", "-L.", "-lthrower", *COMMON,
    "-Wl,--dynamic-linker=" + str(stage / "ld-musl-x86_64.so.1"), "-Wl,--start-group", *support, "-lc", "-Wl,--end-group")
