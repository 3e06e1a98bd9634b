#!/usr/bin/python3
"""Relocate libraries of other CPUs with librelink, and by the formulas of the psABIs from what readelf prints, and compare
the memory byte by byte.  Usage: compare.py DUMP, the program of dump.c.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from elftools.elf.elffile import ELFFile

BASE = 0x10000000
WORD_TYPES = ("R_X86_64_64", "R_386_32", "R_AARCH64_ABS64", "R_ARM_ABS32", "R_RISCV_64", "R_RISCV_32")
RISCV_BIAS = 0x800
LOWER = "int below = 1, shared[4] = {1, 2, 3, 4}; int lower(int x) { return x + below; }"
UPPER = """
extern int below, shared[], outside, absent_weak __attribute__((weak)); int lower(int);
static int hidden = 3; int shown = 4; __thread int first = 1, second = 2; static __thread int third;
int *const pointers[] = {&hidden, &shown, &below, &shared[2], &outside, &absent_weak};
int (*calls[])(int) = {lower};
static void start(void) { hidden++; }
void (*const starts[])(void) __attribute__((section(".init_array"), used)) = {start, start};
int upper(int x) { return lower(x) + outside + shown + first + second + third + *pointers[x]; }
IFUNC
"""
IFUNC = """static int one(void) { return 1; } static void *choose(void) { return (void *)one; }
int chosen(void) __attribute__((ifunc("choose"))); int call(void) { return chosen(); } int (*taken)(void) = chosen;
int inner(void) __attribute__((ifunc("choose"), visibility("hidden"))); int reach(void) { return inner(); }"""
MACHINES = {
    "x86_64": "x86_64-linux-gnu", "i386": "i386-linux-gnu", "aarch64": "aarch64-linux-gnu",
    "arm": "arm-linux-gnueabihf", "riscv64": "riscv64-linux-gnu", "riscv32": "riscv32-linux-gnu",
}


def compilers():
    """(label, command, whether it knows ifunc) of what is installed."""
    if shutil.which("clang") and shutil.which("ld.lld"):
        for name, triple in MACHINES.items():
            base = ["clang", f"--target={triple}", "-fuse-ld=lld", "-nostdlib"]
            extra = ["-march=armv7-a"] if name == "arm" else []
            ifunc = name in ("x86_64", "i386", "aarch64", "arm")
            yield f"clang {name}", base + extra, ifunc
            yield f"clang {name} relr", [*base, *extra, "-Wl,--pack-dyn-relocs=relr"], ifunc
            yield f"clang {name} sysv", [*base, *extra, "-Wl,--hash-style=sysv", "-Wl,-z,now"], ifunc
    for name in ("aarch64", "riscv64", "x86_64"):
        command = f"{name}-linux-gnu-gcc"
        if shutil.which(command):
            yield f"gcc {name}", [command, "-nostdlib"], name != "riscv64"


def build(folder, command, ifunc):
    for name, text in (("lower", LOWER), ("upper", UPPER.replace("IFUNC", IFUNC if ifunc else ""))):
        source = folder / f"{name}.c"
        source.write_text(text)
        subprocess.run([*command, "-w", "-O1", "-fPIC", "-ffreestanding", "-shared", "-o", folder / f"lib{name}.so", source,
                        "-Wl,--unresolved-symbols=ignore-all", "-Wl,--export-dynamic"], check=True, cwd=folder)
    return [folder / "liblower.so", folder / "libupper.so"]


class Library:
    """A library at BIAS, as its file has it."""

    def __init__(self, path, bias):
        self.path, self.bias = path, bias
        with path.open("rb") as stream:
            elf = ELFFile(stream)
            self.word = elf.elfclass // 8
            loads = [s for s in elf.iter_segments() if s["p_type"] == "PT_LOAD"]
            self.start = loads[0]["p_vaddr"] & -4096
            self.end = (max(s["p_vaddr"] + s["p_memsz"] for s in loads) + 4095) & -4096
            self.memory = bytearray(self.end - self.start)
            for segment in loads:
                at = segment["p_vaddr"] - self.start
                self.memory[at:at + segment["p_filesz"]] = segment.data()
            self.symbols = {s.name: s for s in elf.get_section_by_name(".dynsym").iter_symbols()}
            self.is_riscv = elf["e_machine"] == "EM_RISCV"

    def definition(self, name):
        symbol = self.symbols.get(name)
        return None if symbol is None or symbol["st_shndx"] == "SHN_UNDEF" else symbol

    def get(self, vaddr):
        return int.from_bytes(self.memory[vaddr - self.start:vaddr - self.start + self.word], "little")

    def put(self, vaddr, value):
        value &= (1 << 8 * self.word) - 1
        self.memory[vaddr - self.start:vaddr - self.start + self.word] = value.to_bytes(self.word, "little")


def bind(libraries, library, name):
    """(value, is_ifunc) of a name in the made-up machine."""
    for candidate in (*libraries, library):
        symbol = candidate.definition(name)
        if symbol is not None:
            is_tls, is_ifunc = (symbol["st_info"]["type"] == kind for kind in ("STT_TLS", "STT_LOOS"))
            return symbol["st_value"] + (0 if is_tls else candidate.bias), is_ifunc
    if name.startswith("absent"):
        return 0, False
    return 0x40000000 + 256 * sum(name.encode()), False


def entries(library):
    """(offset, type, symbol name or None, addend or None) of readelf's list."""
    output = subprocess.run(["readelf", "-rW", library.path], check=True, capture_output=True, text=True).stdout
    is_relr = False
    for line in output.splitlines():
        if line.startswith("Relocation section"):
            is_relr = ".relr" in line
        match = re.match(r"([0-9a-f]{8,16})\s+[0-9a-f]+\s+(R_\w+)\s*(.*)$", line)
        if match:
            rest = match[3].strip()
            named = re.match(r"(?:[0-9a-f]+|\S+\(\))\s+([^\s+-]+)(?:\s+([+-])\s+([0-9a-f]+))?$", rest)
            if named:
                addend = None if named[2] is None else int(named[3], 16) * (-1 if named[2] == "-" else 1)
                yield int(match[1], 16), match[2], named[1].split("@")[0], addend
            else:
                yield int(match[1], 16), match[2], None, int(rest, 16) if re.fullmatch("[0-9a-f]+", rest) else None
        elif is_relr and re.fullmatch(r"\s*[0-9a-f]{8,16}", line):
            yield int(line, 16), "RELR", None, None


def relocate(libraries, library):
    kinds = set()
    for offset, kind, name, addend in list(entries(library)):
        stored = library.get(offset)
        short = kind.split("_")[-1]
        kinds.add(short)
        plain = addend if addend is not None else 0 if short in ("DAT", "SLOT") else stored
        value, is_ifunc = bind(libraries, library, name) if name else (0, False)
        if short in ("RELATIVE", "RELR"):
            result = library.bias + (stored if kind == "RELR" else plain)
        elif short == "IRELATIVE":
            result = library.bias + plain + 0x77
        elif short.startswith("DTPMOD"):
            result = 7
        elif short.startswith(("DTPREL", "DTPOFF")):
            result = value + plain - (RISCV_BIAS if library.is_riscv else 0)
        elif short.startswith(("TPREL", "TPOFF")):
            result = 0x1230 + value + plain
        elif short in ("TLSDESC", "DESC"):
            extra = addend if addend is not None else library.get(offset + library.word)
            library.put(offset + library.word, value + extra)
            result = 0xD0
        elif kind in WORD_TYPES or short in ("DAT", "SLOT"):
            result = value + 0x77 if is_ifunc else value + plain
        else:
            raise SystemExit(f"{library.path}: {kind} is not known here")
        library.put(offset, result)
    return kinds


def compare(dump, label, command, ifunc):
    with tempfile.TemporaryDirectory() as scratch:
        paths = build(pathlib.Path(scratch), command, ifunc)
        ran = subprocess.run([dump, hex(BASE), *paths], capture_output=True, check=False)
        if ran.returncode != 0:
            return f"{label}: {ran.stderr.decode()}"
        lower = Library(paths[0], 0)
        lower.bias = BASE - lower.start
        upper = Library(paths[1], 0)
        align = 65536 if "aarch64" in label else 4096
        with paths[1].open("rb") as stream:
            align = max([s["p_align"] for s in ELFFile(stream).iter_segments() if s["p_type"] == "PT_LOAD"] + [4096])
        upper.bias = ((BASE + lower.end - lower.start + align - 1) & -align) - upper.start
        kinds = relocate([lower, upper], upper)
        bias, shown, _, count = (int(word, 0) for word in ran.stderr.split())
        problems = []
        if bias != upper.bias or shown != upper.bias + upper.symbols["shown"]["st_value"] or count != 2:
            problems.append(f"{label}: facts differ: {ran.stderr.decode().strip()}, bias {upper.bias:#x}")
        if ran.stdout != bytes(upper.memory):
            at = next(i for i, (a, b) in enumerate(zip(ran.stdout, upper.memory)) if a != b)
            problems.append(f"{label}: differs at {at + upper.start:#x}: {ran.stdout[at & -8:(at & -8) + 8].hex()}, "
                            f"expected {upper.memory[at & -8:(at & -8) + 8].hex()}")
        print(f"{label}: {len(ran.stdout)} bytes, {' '.join(sorted(kinds))}")
        return "\n".join(problems)


def main():
    results = [compare(sys.argv[1], *compiler) for compiler in compilers()]
    failures = [result for result in results if result]
    print("\n".join(failures))
    return 1 if failures or len(results) < 4 else 0


if __name__ == "__main__":
    sys.exit(main())
