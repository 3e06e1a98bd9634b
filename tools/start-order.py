#!/usr/bin/python3
"""Find out what a start runs and reads, and write it in the order in which ldso/image.ld is to lay it out.

Runs a few programs of both libcs under build/ld-relink.so with valgrind, and writes ldso/start-order.ld (functions) and
ldso/start-constants.ld (constants of those functions, and others that are read).  What starts of both libcs run comes
first, then what only musl's does, then only glibc's: the kernel maps 64 KiB around a page that is missing, and what a
musl start needs is to fit into the first of these windows.  The lists are hints: a name that no longer exists does no
harm, and something that they lack costs a start a page fault at worst.

    tools/start-order.py
"""

import bisect
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINKER = ROOT / "build" / "ld-relink.so"

GLIBC = [[LINKER, program, "--version"] for program in ("/bin/true", "/bin/ls", "/usr/bin/perl")]
LIBRARY = "__thread int variable = 1; int get(void) { return variable; }\n"
PROGRAM = "#include <stdio.h>\nint get(void);\nint main(void) { return printf(\"%d\\n\", get()) < 0; }\n"


def build_musl(folder):
    (folder / "library.c").write_text(LIBRARY)
    (folder / "program.c").write_text(PROGRAM)
    for words in (["-fPIC", "-shared", "-o", "libget.so", "library.c"],
                  ["-o", "program", "program.c", "-L.", "-lget", f"-Wl,-rpath,{folder}",
                   f"-Wl,--dynamic-linker,{LINKER}"]):
        subprocess.run(["musl-gcc", "-O2", *words], cwd=folder, check=True)
    return [folder / "program"]


class Symbols:
    """Our functions and constants by address, by the names that their sections have."""

    def __init__(self):
        self.found, self.start = [], None
        listing = subprocess.run(["nm", "--defined-only", LINKER], check=True, capture_output=True, text=True).stdout
        for address, kind, name in re.findall(r"^(\w+) ([tTrR]) (\S+)$", listing, re.MULTILINE):
            self.found.append((int(address, 16), kind.lower(), re.sub(r"\..*", "", name)))
            if name == "_start":
                self.start = int(address, 16)
        self.found.sort()

    def at(self, address):
        """What is at ADDRESS, as (kind, name), and how many bytes of it lie behind."""
        place = bisect.bisect_right(self.found, (address, "~"))
        kind, name = self.found[place - 1][1:]
        end = self.found[place][0] if place < len(self.found) else address
        return ((kind, name), end - address) if re.fullmatch(r"[a-z_]\w*", name) else (None, 0)


def touched(folder, command, symbols):
    """What COMMAND's start runs and reads of ours, and how many bytes at the end of each it does not."""
    log, found, base = folder / "log", {}, None
    end = symbols.found[-1][0]
    subprocess.run(["valgrind", "--tool=lackey", "--trace-mem=yes", f"--log-file={log}", *command],
                   cwd="/", check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    with log.open(errors="replace") as lines:
        for line in lines:
            access = re.match(r"(?:I | L| S| M) +([0-9a-f]+),", line)
            if not access:
                continue
            address = int(access.group(1), 16)
            base = address - symbols.start if base is None else base  # the first instruction is our first
            if 0 <= address - base <= end + 0x1000:
                what, rest = symbols.at(address - base)
                found[what] = min(rest, found.get(what, rest))
    return {what: rest for what, rest in found.items() if what}


def write(path, what, groups, lines_of):
    with path.open("w") as out:
        print(f"/* {what}  Written by tools/start-order.py. */", file=out)
        for head, found in groups:
            print(f"/* {head} */", file=out)
            for name in found:
                print(lines_of.format(name), file=out)


def main():
    symbols = Symbols()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        musl = touched(folder, build_musl(folder), symbols)
        glibc = set().union(*(touched(folder, command, symbols) for command in GLIBC))
    groups = [("both", musl.keys() & glibc), ("musl", musl.keys() - glibc), ("glibc", glibc - musl.keys())]
    functions = [(head, sorted(name for kind, name in found if kind == "t")) for head, found in groups]
    # The end of the window's last function may lie outside, if it does not run.
    last = max(functions[1][1], key=lambda name: musl["t", name])
    functions[1][1].sort(key=lambda name: name == last)
    write(ROOT / "ldso" / "start-order.ld", "What a start runs, first what starts of both libcs run.", functions,
          "*(.text.{0} .text.{0}.*)")
    # Strings and tables of a function go by its name.
    constants = [(head, sorted({name for _, name in found})) for head, found in groups[:2]]
    write(ROOT / "ldso" / "start-constants.ld", "What a start reads, of musl's and of both.", constants,
          "*(.rodata.{0} .rodata.{0}.*)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
