#!/usr/bin/python3
"""Find out which functions a start runs, and write them in the order in which ldso/image.ld is to lay them out.

Runs a few programs of both libcs under build/ld-relink.so with callgrind.  What starts of both libcs run comes first,
then what only one does: each kind of start touches one stretch of code.  The list is a hint: a name in it that no
longer exists does no harm, and a function that it lacks costs a start a page fault at worst.

    tools/start-order.py > ldso/start-order.ld
"""

import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINKER = ROOT / "build" / "ld-relink.so"

GLIBC = ["/bin/true", "/bin/ls", "/usr/bin/perl"]
LIBRARY = "__thread int variable = 1; int get(void) { return variable; }\n"
PROGRAM = "#include <stdio.h>\nint get(void);\nint main(void) { return printf(\"%d\\n\", get()) < 0; }\n"


def build_musl(folder):
    (folder / "library.c").write_text(LIBRARY)
    (folder / "program.c").write_text(PROGRAM)
    for words in (["-fPIC", "-shared", "-o", "libget.so", "library.c"],
                  ["-o", "program", "program.c", "-L.", "-lget", f"-Wl,-rpath,{folder}"]):
        subprocess.run(["musl-gcc", "-O2", *words], cwd=folder, check=True)
    return [folder / "program"]


def functions_run(folder, program):
    """Names of our functions of which PROGRAM's start runs code, without what the compiler put behind them."""
    out = folder / "callgrind.out"
    subprocess.run(["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={out}", LINKER, program, "--version"],
                   cwd="/", check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    names, owner, found = {}, None, set()
    for line in out.read_text(errors="replace").splitlines():
        record = re.match(r"(c?)(ob|fn)=\((\d+)\)(?: (.*))?$", line)
        if not record:
            continue
        called, kind, number, name = record.groups()
        if name is not None:
            names[kind, number] = name
        if kind == "ob" and not called:
            owner = names[kind, number]
        elif kind == "fn" and not called and owner == str(LINKER.resolve()):
            found.add(re.sub(r"['.].*", "", names[kind, number]))
    return {name for name in found if re.fullmatch(r"[a-z_]\w*", name)}


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        musl = set.union(*(functions_run(folder, program) for program in build_musl(folder)))
        glibc = set.union(*(functions_run(folder, program) for program in GLIBC))
    print("/* What a start runs, first what starts of both libcs run.  Written by tools/start-order.py. */")
    for head, found in (("both", musl & glibc), ("musl", musl - glibc), ("glibc", glibc - musl)):
        print(f"/* {head} */")
        for function in sorted(found):
            print(f"*(.text.{function} .text.{function}.*)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
