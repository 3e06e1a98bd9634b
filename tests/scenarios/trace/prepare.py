#!/usr/bin/python3
"""One library is not there when the program is listed."""

import pathlib
import sys

(pathlib.Path(sys.argv[1]) / "libgone.so").unlink()
