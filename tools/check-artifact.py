#!/usr/bin/python3
"""Check what the link made of ld-relink.so or libdl-relink.so: everything that start-up, the kernel, libc and debuggers rely on.

Each finding is one line; the exit status is 1 if there is one.  The lists of allowed things lie in tests/golden/:
CPU/exports.txt and CPU/preload-exports.txt (NAME@@VERSION TYPE), CPU/vector-functions.txt (functions that may touch
vector or x87 registers), and musl-members.txt (members of musl's libc.a that may be linked in).
"""

import argparse
import json
import pathlib
import platform
import re
import subprocess
import sys
from typing import NamedTuple

from elftools.elf.constants import P_FLAGS
from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection, RelrRelocationSection
from elftools.elf.sections import SymbolTableSection

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden"



class Machine(NamedTuple):
    """What depends on the CPU.  Its golden lists lie in a folder of its name."""

    name: str
    soname: str
    relative: int  # number of its RELATIVE relocation
    registers: re.Pattern  # vector registers, as objdump writes them
    mnemonics: re.Pattern  # instructions that touch such state without naming a register


MACHINES = {
    "EM_X86_64": Machine(
        "x86_64", "ld-linux-x86-64.so.2", 8, re.compile(r"%(?:[xyz]?mm\d+|st\b|k[0-7]\b|bnd\d|tmm\d)"),
        re.compile(r"^(?:f(?!s\b)\w+|wait|emms|v?ldmxcsr|v?stmxcsr|xsave\w*|xrstor\w*|vzero\w+)\b")),
    "EM_AARCH64": Machine(
        "aarch64", "ld-linux-aarch64.so.1", 1027, re.compile(r"[ {,\[-](?:[vqdshbz]\d{1,2}\b(?! <)|p\d+/)"),
        re.compile(r"^(?:msr|mrs)\b.*\bfp[sc]r")),
    "EM_RISCV": Machine(
        "riscv64", "ld-linux-riscv64-lp64d.so.1", 3, re.compile(r"[ ,](?:f[ast]\d{1,2}|v\d{1,2})\b(?! <)"),
        re.compile(r"^(?:f(?!ence)\w+|v\w+)\b|^csr\w+\b.*\b(?:fcsr|frm|fflags|v\w+)\b")),
}

R_NONE = 0


class Product:
    """What one of the two libraries may have that the other may not."""

    def __init__(self, path):
        self.is_preload = path.name.startswith("libdl-relink")
        self.exports = "preload-exports.txt" if self.is_preload else "exports.txt"
        # The host calls its constructor and destructor, and gives it these places.
        self.tags = {"DT_INIT_ARRAY", "DT_FINI_ARRAY"} if self.is_preload else set()
        self.undefined = {"_r_debug", "__libc_stack_end", "_dl_debug_addr", "getauxval",
                          "__libc_single_threaded"} if self.is_preload else set()


def read_list(path):
    lines = (line.split("#")[0].strip() for line in path.read_text().splitlines())
    return [line for line in lines if line]


def version_names(elf):
    section = elf.get_section_by_name(".gnu.version_d")
    if section is None:
        return {}
    return {verdef["vd_ndx"]: next(iter(aux)).name for verdef, aux in section.iter_versions()}


def exports(elf):
    """NAME@@VERSION TYPE of every exported symbol; the absolute symbols that name a version are not counted."""
    versions, table = version_names(elf), elf.get_section_by_name(".dynsym")
    indexes = elf.get_section_by_name(".gnu.version")
    for number, symbol in enumerate(table.iter_symbols()):
        if (number == 0 or symbol["st_shndx"] == "SHN_UNDEF" or symbol["st_info"]["type"] == "STT_SECTION"
                or symbol.name in versions.values()):
            continue
        index = indexes.get_symbol(number)["ndx"] if indexes else "VER_NDX_GLOBAL"
        if isinstance(index, int):
            at = "@" if index & 0x8000 else "@@"
            name = f"{symbol.name}{at}{versions.get(index & 0x7fff, '?')}"
        else:
            name = symbol.name
        yield f"{name} {symbol['st_info']['type'].removeprefix('STT_')}"


def check_header(elf, soname, product):
    if elf["e_type"] != "ET_DYN":
        yield f"e_type is {elf['e_type']}, not ET_DYN"
    if elf["e_entry"] == 0 and not product.is_preload:
        yield "no entry point"
    if not any(isinstance(s, SymbolTableSection) and s.name == ".symtab" for s in elf.iter_sections()):
        yield "stripped: valgrind and profilers need .symtab"
    dynamic = next((s for s in elf.iter_segments() if isinstance(s, DynamicSegment)), None)
    if dynamic is None:
        yield "no PT_DYNAMIC"
        return
    tags = {}
    for tag in dynamic.iter_tags():
        tags.setdefault(tag.entry.d_tag, tag)
    for forbidden in ("DT_NEEDED", "DT_TEXTREL", "DT_INIT", "DT_INIT_ARRAY", "DT_FINI", "DT_FINI_ARRAY", "DT_JMPREL",
                      "DT_RPATH", "DT_RUNPATH"):
        if forbidden in tags and forbidden not in product.tags:
            yield f"has {forbidden}"
    if "DT_FLAGS" in tags and tags["DT_FLAGS"].entry.d_val & 4:
        yield "has DF_TEXTREL"
    if "DT_RELR" in tags:
        yield "has DT_RELR, which crt/self.c does not apply to the linker itself"
    found = tags["DT_SONAME"].soname if "DT_SONAME" in tags else None
    if found != soname:
        yield f"DT_SONAME is {found}, not {soname}"
    for wanted in ("DT_GNU_HASH", "DT_VERDEF"):
        if wanted not in tags:
            yield f"no {wanted}"


def check_segments(elf):
    seen = set()
    for segment in elf.iter_segments():
        kind, flags = segment["p_type"], segment["p_flags"]
        seen.add(kind)
        if kind in ("PT_INTERP", "PT_TLS"):
            yield f"has {kind}"
        if kind == "PT_LOAD" and flags & P_FLAGS.PF_W and flags & P_FLAGS.PF_X:
            yield f"segment at {segment['p_vaddr']:#x} is writable and executable"
        if kind == "PT_GNU_STACK" and flags & P_FLAGS.PF_X:
            yield "asks for an executable stack"
    for wanted in ("PT_GNU_STACK", "PT_GNU_RELRO"):
        if wanted not in seen:
            yield f"no {wanted}"


def check_relocations(elf, relative, product):
    for section in elf.iter_sections():
        if isinstance(section, RelrRelocationSection) or not isinstance(section, RelocationSection):
            continue
        if not section["sh_flags"] & 2:  # not SHF_ALLOC: nobody applies it
            continue
        symbols = elf.get_section(section["sh_link"]) if section["sh_link"] else None
        for relocation in section.iter_relocations():
            if relocation["r_info_type"] in (relative, R_NONE):
                continue
            number = relocation["r_info_sym"]
            name = symbols.get_symbol(number).name if symbols and number else ""
            if name in product.undefined:
                continue
            yield f"relocation of type {relocation['r_info_type']} at {relocation['r_offset']:#x} {name}".rstrip()


def check_symbols(elf, golden, product):
    dynamic = elf.get_section_by_name(".dynsym")
    for symbol in list(dynamic.iter_symbols())[1:]:
        if symbol["st_shndx"] == "SHN_UNDEF" and symbol.name not in product.undefined:
            yield f"undefined symbol {symbol.name}"
    table = elf.get_section_by_name(".symtab")
    for symbol in list(table.iter_symbols())[1:] if table else ():
        if symbol["st_shndx"] == "SHN_UNDEF" and symbol.name and symbol.name not in product.undefined:
            yield f"undefined symbol {symbol.name} (in .symtab)"
    found, wanted = set(exports(elf)), set(golden)
    for line in sorted(wanted - found):
        yield f"not exported: {line}"
    for line in sorted(found - wanted):
        yield f"exported, but not in the golden list: {line}"


def tool(name, machine):
    """A binutil that understands the machine."""
    return name if machine.name == platform.machine() else f"{machine.name}-linux-gnu-{name}"


def check_registers(path, allowed, machine):
    """Lazy binding saves no vector register for our own code, so our own code may not touch one."""
    listing = subprocess.run([tool("objdump", machine), "-d", "--no-show-raw-insn", str(path)], check=True,
                             capture_output=True, text=True).stdout
    function, told = "", set()
    for line in listing.splitlines():
        head = re.match(r"^[0-9a-f]+ <(.+)>:$", line)
        if head:
            function = head.group(1).split("@")[0]
            continue
        fields = line.split("\t")
        if len(fields) < 2 or function in allowed or function in told:
            continue
        instruction = " ".join(fields[1:]).split("#")[0].strip()
        if machine.registers.search(instruction) or machine.mnemonics.match(instruction):
            told.add(function)
            yield f"{function} uses a vector or x87 register: {instruction}"


def global_definitions(listing):
    """{symbol: member} from `nm -P -A -g --defined-only`."""
    found = {}
    for line in listing.splitlines():
        head, _, rest = line.rpartition(": ")
        found.setdefault(rest.split()[0], re.sub(r".*\[(.*)\]$", r"\1", head))
    return found


def check_members(elf, archive, own, allowed):
    """Members of musl's archive are recognised by the functions that they define."""
    listing = subprocess.run(["nm", "-P", "-A", "-g", "--defined-only", str(archive)], check=True, capture_output=True,
                             text=True).stdout
    members, used = global_definitions(listing), {}
    table = elf.get_section_by_name(".symtab")
    for symbol in table.iter_symbols() if table else ():
        if symbol["st_shndx"] != "SHN_UNDEF" and symbol.name in members and symbol.name not in own:
            used.setdefault(members[symbol.name], symbol.name)
    for member in sorted(used.keys() - set(allowed)):
        yield f"{member} of {archive} is linked in ({used[member]}), but not in the list"


def own_definitions(build):
    """Global names that the project's own freestanding objects define, as compile_commands.json names them."""
    objects = [pathlib.Path(command["directory"]) / command["output"]
               for command in json.loads((build / "compile_commands.json").read_text())
               if "-ffreestanding" in command["command"]]
    objects = [str(path) for path in objects if path.exists()]
    if not objects:
        return set()
    listing = subprocess.run(["nm", "-P", "-A", "-g", "--defined-only", *objects], check=True, capture_output=True,
                             text=True).stdout
    return set(global_definitions(listing))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("linker", type=pathlib.Path)
    parser.add_argument("--exports", type=pathlib.Path, help="instead of the golden list")
    parser.add_argument("--vector-functions", type=pathlib.Path, help="instead of the golden list")
    parser.add_argument("--musl-members", type=pathlib.Path, default=GOLDEN / "musl-members.txt")
    parser.add_argument("--musl-archive", type=pathlib.Path, help="default: Debian's musl-dev for the CPU")
    parser.add_argument("--build", type=pathlib.Path, help="tells the project's own functions from musl's")
    options = parser.parse_args()

    product = Product(options.linker)
    with options.linker.open("rb") as file:
        elf = ELFFile(file)
        if elf["e_machine"] not in MACHINES:
            print(f"{options.linker}: no rules for {elf['e_machine']}")
            return 1
        machine = MACHINES[elf["e_machine"]]
        folder = GOLDEN / machine.name
        golden = read_list(options.exports or folder / product.exports)
        vector_functions = read_list(options.vector_functions or folder / "vector-functions.txt")
        archive = options.musl_archive or f"/usr/lib/{machine.name}-linux-musl/libc.a"
        own = own_definitions(options.build) if options.build else {line.split("@")[0] for line in golden}
        findings = [
            *check_header(elf, "libdl-relink.so" if product.is_preload else machine.soname, product),
            *check_segments(elf),
            *check_relocations(elf, machine.relative, product),
            *check_symbols(elf, golden, product),
            *check_registers(options.linker, set(vector_functions), machine),
            *check_members(elf, archive, own, read_list(options.musl_members)),
        ]
    for finding in findings:
        print(f"{options.linker}: {finding}")
    if not findings:
        print(f"artifact: {options.linker.name} is as it must be")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
