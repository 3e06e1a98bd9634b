"""One of the two dependencies goes missing."""
import pathlib
import sys

(pathlib.Path(sys.argv[1]) / "libgone.so").unlink()
