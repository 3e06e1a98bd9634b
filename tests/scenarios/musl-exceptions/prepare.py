"""Debian has no C++ compiler for musl: g++ compiles, and its static support library is linked by musl-gcc."""

import os
import pathlib
import subprocess
import sys

stage = pathlib.Path(sys.argv[1])
source = pathlib.Path(__file__).parent
CC, CXX = os.environ["CC"].split(), os.environ["CXX"].split()
support = [subprocess.run([*CXX, "-print-file-name=" + name], capture_output=True, text=True, check=True).stdout.strip()
           for name in ("libsupc++.a", "libgcc_eh.a")]
COMMON = ["-Wl,--eh-frame-hdr", "-Wl,-rpath,$ORIGIN"]


def run(*argv):
    subprocess.run([str(a) for a in argv], check=True, cwd=stage)


for name in ("main.cpp", "thrower.cpp"):
    run(*CXX, "-O1", "-fPIC", "-U_FORTIFY_SOURCE", "-c", source / name)
run(*CC, "-O1", "-fPIC", "-c", source / "find_object.c")
for name in ("libthrower.so", "libopened.so"):
    run(*CC, "-shared", "thrower.o", "-o", name, "-Wl,-soname," + name, *COMMON)
run(*CC, "main.o", "find_object.o", "-o", "prog", "-rdynamic", "-L.", "-lthrower", *COMMON,
    "-Wl,--dynamic-linker=" + os.environ["LINKER"], "-Wl,--start-group", *support, "-lc", "-Wl,--end-group")
