#!/usr/bin/python3
"""LINKER=build/ld-relink.so tests/with-linker.py CMD [ARGS]

Runs CMD in a private mount namespace in which LINKER lies over the system's glibc interpreter, so that CMD and all its dynamically
linked descendants start with it, unmodified. Needs root or user namespaces; nothing outside the namespace changes.
"""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "system"))

import linkers  # noqa: E402
import namespaces  # noqa: E402


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    linker = linkers.under_test()
    if not linker.exists():
        sys.exit(f"there is no {linker}: build first, or set LINKER")
    os.environ.pop("LINKER", None)
    namespaces.enter()
    if linker != linkers.ORIGINAL:
        namespaces.bind(linker, linkers.ORIGINAL)
    os.execvp(sys.argv[1], sys.argv[1:])


main()
