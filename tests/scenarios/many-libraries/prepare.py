"""Makes sixty-four libraries that need each other."""
import os
import pathlib
import subprocess
import sys

stage = pathlib.Path(sys.argv[1])
CC = os.environ["CC"].split()
source = pathlib.Path(__file__).with_name("node.c")
COUNT = 64
for number in reversed(range(1, COUNT + 1)):
    needs = sorted({n for n in (2 * number, 2 * number + 1, number * 3 + 1, number + 17) if number < n <= COUNT})
    subprocess.run([*CC, "-shared", "-Wl,--no-as-needed", "-fPIC", f"-DNUMBER={number}", str(source),
                    f"-Wl,-soname,libn{number}.so", "-Wl,-rpath,$ORIGIN", "-o", f"libn{number}.so", "-L.",
                    *(f"-l:libn{n}.so" for n in needs)], cwd=stage, check=True)
subprocess.run([*CC, "-pie", "-o", "prog", "main.o", "-Wl,--no-as-needed", "-L.", "-l:libn2.so", "-l:libn1.so", "-l:libn50.so",
                "-Wl,-rpath,$ORIGIN", f"-Wl,--dynamic-linker={stage}/ld-relink.so", "-Wl,-rpath-link,."], cwd=stage, check=True)
