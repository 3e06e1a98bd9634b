#!/usr/bin/python3
"""Refuse an arrow that the architecture does not have.

    arch <- base <- elf <- link <- { plan, policy, abi/* } <- products        crt -> arch, elf types

Includes are read from the sources, symbols from the object files that compile_commands.json names.  CPU macros in an
#if belong to arch/.  Each violation is printed as file:line; the exit status is 1 if there is one.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

FLOOR = ("arch", "base", "elf", "link")
PEERS = ("plan", "policy", "abi/glibc", "abi/musl", "abi/host")

# A layer and the layers it may use, itself included.
USES = {layer: set(FLOOR[:i + 1]) for i, layer in enumerate(FLOOR)}
USES.update({peer: set(FLOOR) | {peer} for peer in PEERS})
USES["crt"] = {"arch", "crt"}
USES["product"] = set(FLOOR) | set(PEERS) | {"crt", "product", "public"}
USES["public"] = {"public"}

# Headers only: the types of a layer without its functions.
TYPES = {"crt": {"elf"}}

# Where control passes upwards: assembly has to name the C function that it enters.
ENTRIES = {
    "rl_self_relocate": ("arch", "crt"),
    "rl_start": ("arch", "product"),
    "rl_start_hosted": ("arch", "product"),
    "rl_finish": ("arch", "product"),
    "rl_lazy_bind": ("arch", "link"),
    "rl_tls_descriptor_address": ("arch", "link"),
    # Not ours there: the linker of the process has the same names as ld-relink.so (ldso/abi/host/process.c).
    "_r_debug": ("abi/host", "product"),
    "__libc_stack_end": ("abi/host", "product"),
}

# The only functions that freestanding code may take from outside: musl's leaf string functions.
OUTSIDE = {"memcpy", "memmove", "memset", "memcmp", "memchr", "strlen", "strcmp", "strncmp", "strchr", "strchrnul",
           "_GLOBAL_OFFSET_TABLE_", "_DYNAMIC", "__ehdr_start", "_end", "_etext",
           # What libdl-relink.so and librelink ask their host for, weakly (ldso/abi/host/process.c, libdl/relink/frames.c).
           "_r_debug", "__libc_stack_end", "_dl_debug_addr", "getauxval", "__libc_single_threaded",
           "__register_frame", "__deregister_frame"}

SOURCE_SUFFIXES = {".c", ".h", ".S"}
CPU_MACRO = re.compile(r"\b_*(?:x86_64|amd64|i[3-6]86|aarch64|arm|riscv\w*|powerpc(?:64)?|s390x?|mips|loongarch\w*)_*\b",
                       re.IGNORECASE)
CONDITION = re.compile(r"\s*#\s*(?:if|ifdef|ifndef|elif)\b(.*)")
INCLUDE = re.compile(r'\s*#\s*include\s*"([^"]+)"')


def layer_of(path):
    """The layer of a path relative to the root, or None for what is not part of a product."""
    parts = pathlib.PurePath(path).parts
    if not parts:
        return None
    if parts[0] in ("arch", "crt"):
        return parts[0]
    if parts[0] == "include":
        return "public"
    if parts[0] == "libdl" or parts[:2] == ("tools", "relink"):
        return "product"
    if parts[0] != "ldso":
        return None
    if len(parts) == 2:
        return "product"
    if parts[1] == "abi":
        return "/".join(parts[1:3]) if len(parts) > 3 else "abi"
    return parts[1]


def sources(root):
    for top in ("arch", "crt", "ldso", "libdl", "include", "tools/relink"):
        for path in sorted((root / top).rglob("*")):
            if path.suffix in SOURCE_SUFFIXES and path.is_file():
                yield path


def numbered_lines(path):
    """Lines with their numbers; a line continued by a backslash counts as its first."""
    number, pending = 0, ""
    for i, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        number = number if pending else i
        pending += line
        if pending.endswith("\\"):
            pending = pending[:-1] + " "
            continue
        yield number, pending
        pending = ""


def resolve(name, includer, root, build):
    for folder in (includer.parent, root, root / "include", build):
        if folder is not None and (folder / name).is_file():
            return (folder / name).resolve()
    return None


def check_text(root, build):
    for path in sources(root):
        shown = path.relative_to(root)
        layer = layer_of(shown)
        if layer not in USES:
            yield f"{shown}:1: no layer of the architecture is called {layer}"
            continue
        for number, line in numbered_lines(path):
            condition = CONDITION.match(line)
            if condition and layer != "arch" and CPU_MACRO.search(condition.group(1)):
                yield f"{shown}:{number}: the CPU is asked for outside arch/: {line.strip()}"
            include = INCLUDE.match(line)
            if not include:
                continue
            found = resolve(include.group(1), path, root, build)
            if found is None:
                yield f"{shown}:{number}: include not found: {include.group(1)}"
            elif found.is_relative_to(root):
                target = layer_of(found.relative_to(root))
                if target is not None and target not in USES[layer] | TYPES.get(layer, set()):
                    yield f"{shown}:{number}: {layer} may not include {target}: {include.group(1)}"


class Unit:
    """One object file: where it comes from, and its symbols."""

    def __init__(self, source, layer, is_freestanding, object_path):
        self.source, self.layer, self.is_freestanding = source, layer, is_freestanding
        self.defined, self.undefined = set(), set()
        # Not nm: of an object with a second form for the link editor it lists that form, which lacks symbols of assembly.
        listing = subprocess.run(["readelf", "--syms", "--wide", str(object_path)], check=True, capture_output=True,
                                 text=True).stdout
        for line in listing.splitlines():
            fields = line.split()
            if len(fields) < 8 or fields[4] not in ("GLOBAL", "WEAK", "UNIQUE"):
                continue
            place, name = fields[-2:]
            (self.undefined if place == "UND" else self.defined).add(name)


def read_units(root, build):
    commands = json.loads((build / "compile_commands.json").read_text())
    for command in commands:
        folder = pathlib.Path(command["directory"])
        source = (folder / command["file"]).resolve()
        if not source.is_relative_to(root):
            continue
        shown = source.relative_to(root)
        layer = layer_of(shown)
        if layer not in USES:
            continue
        object_path = folder / command["output"]
        if not object_path.exists() and command["output"].startswith("tests/"):
            continue  # the fuzzers are built on demand, from sources that the products have too
        if not object_path.exists():
            print(f"check-layers: note: {shown} is not compiled: {command['output']}", file=sys.stderr)
            continue
        yield Unit(shown, layer, "-ffreestanding" in command["command"], object_path)


def line_using(path, symbol):
    word = re.compile(rf"\b{re.escape(symbol)}\b")
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if word.search(line):
            return number
    return 1


def check_symbols(root, build):
    units = list(read_units(root, build))
    if not units:
        yield f"{build}/compile_commands.json:1: no object file of the project: nothing to check"
    homes = {}
    for unit in units:
        for name in unit.defined:
            homes.setdefault(name, set()).add(unit.layer)
    for unit in units:
        for name in sorted(unit.undefined):
            homes_of_name = homes.get(name)
            if homes_of_name is None:
                if unit.is_freestanding and name not in OUTSIDE:
                    yield (f"{unit.source}:{line_using(root / unit.source, name)}: "
                           f"{name} is defined nowhere in the project and is no leaf string function")
            elif not homes_of_name & USES[unit.layer]:
                home = min(homes_of_name)
                if ENTRIES.get(name) != (unit.layer, home):
                    yield (f"{unit.source}:{line_using(root / unit.source, name)}: "
                           f"{unit.layer} may not use {home}: {name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).parent.parent)
    parser.add_argument("--build", type=pathlib.Path, help="a build folder; without it only the sources are checked")
    options = parser.parse_args()
    root = options.root.resolve()
    build = options.build.resolve() if options.build else None
    violations = dict.fromkeys(check_text(root, build))
    if build:
        violations.update(dict.fromkeys(check_symbols(root, build)))
    for violation in violations:
        print(violation)
    if not violations:
        print("layers: every include and every symbol follows the arrows" if build else
              "layers: every include follows the arrows")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
