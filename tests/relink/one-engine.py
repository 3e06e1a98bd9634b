#!/usr/bin/python3
"""The three products are made of the same engine: the same sources, each once, and no function of it twice in a product.
None of them needs libc or anything else: system calls are the engine's own.

Usage: one-engine.py BUILD.  What a product adds or leaves out is listed here: start-up and threads of its own for the
linker, another linker's threads for the libraries, relocatable files and memory of the caller's for
librelink.
"""

import json
import pathlib
import re
import subprocess
import sys

LAYERS = ("ldso/base/", "ldso/elf/", "ldso/link/")
PRODUCTS = {"ld-relink.so": "ld-relink.so", "libdl-relink.so": "libdl-relink.so", "librelink.so.0.1.0": "librelink.so"}
RELOCATABLE = {"ldso/elf/archive.c", "ldso/elf/relocatable.c", "ldso/link/arrange.c", "ldso/link/assemble.c", "ldso/link/combine.c",
               "ldso/link/compose.c", "ldso/link/meaning.c", "ldso/link/section.c"}
OWN = {
    "ld-relink.so": {"ldso/link/roster.c", "ldso/link/thread.c", "ldso/link/tls.c"},
    "libdl-relink.so": {"ldso/link/guest.c"},
    "librelink.so.0.1.0": {"ldso/link/guest.c", "ldso/link/place.c"} | RELOCATABLE,
}
SHARED_MINIMUM = 30
# What a host process may have, or may not.
WEAK = {"getauxval", "__libc_single_threaded", "__libc_stack_end", "_dl_debug_addr", "_r_debug", "__register_frame",
        "__deregister_frame"}


def engine_sources(build, product):
    """Sources of the engine's layers that PRODUCT is made of, in the order of their compilation."""
    commands = json.loads((build / "compile_commands.json").read_text())
    found = []
    for command in commands:
        if command["output"].split("/")[0] == product + ".p":
            path = re.sub(r"^(\.\./)+", "", command["file"])
            if path.startswith(LAYERS):
                found.append(path)
    return found


def functions(library):
    """Names of the engine's functions in LIBRARY, those that the compiler specialised with a suffix."""
    lines = subprocess.run(["nm", library], check=True, capture_output=True, text=True).stdout.splitlines()
    names = [line.split()[2] for line in lines if len(line.split()) == 3 and line.split()[1] in "tT"]
    return [name for name in names if name.startswith("rl_")]


def outside(library):
    """Names that LIBRARY wants from others, but for the weak ones that it can do without."""
    lines = subprocess.run(["nm", "-D", "--undefined-only", library], check=True, capture_output=True, text=True).stdout
    return {line.split()[-1] for line in lines.splitlines() if line.split()[0] != "w" or line.split()[-1] not in WEAK}


def main():
    build = pathlib.Path(sys.argv[1])
    failures = []
    shared = None
    for product, file in PRODUCTS.items():
        sources = engine_sources(build, product)
        if len(sources) != len(set(sources)):
            failures.append(f"{product}: a source twice")
        missing = OWN[product] - set(sources)
        if missing:
            failures.append(f"{product}: without {sorted(missing)}")
        rest = set(sources) - OWN[product]
        if shared is not None and rest != shared:
            failures.append(f"{product}: its engine differs in {sorted(rest ^ shared)}")
        shared = rest
        names = functions(build / file)
        plain = [name for name in names if "." not in name]
        twice = {name for name in plain if plain.count(name) > 1}
        if twice:
            failures.append(f"{product}: two copies of {sorted(twice)}")
        wanted = outside(build / file)
        if wanted:
            failures.append(f"{product}: wants {sorted(wanted)} from others")
        if not {"rl_lookup_reference", "rl_heap_take"} <= {name.split(".")[0] for name in names}:
            failures.append(f"{product}: no engine to be seen in it")
    if len(shared) < SHARED_MINIMUM:
        failures.append(f"only {len(shared)} sources are shared")
    print("\n".join(failures) or f"{len(shared)} sources in common")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
