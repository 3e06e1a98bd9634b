#!/usr/bin/python3
"""MUSL=/some/libc.so tests/with-musl.py CMD [ARGS]

Runs CMD in a private mount namespace in which another musl, say a later release, lies over the system's libc.so: the tests then compare
with it and use it.  Give them a cache of their own.  Needs root or user namespaces; nothing outside the namespace changes.
"""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "system"))

import linkers  # noqa: E402
import namespaces  # noqa: E402


def main():
    libc = pathlib.Path(os.environ.get("MUSL", "")).resolve()
    if len(sys.argv) < 2 or not libc.is_file():
        sys.exit(__doc__)
    namespaces.enter()
    namespaces.bind(libc, linkers.ORIGINALS["musl"])
    os.execvp(sys.argv[1], sys.argv[1:])


main()
