"""Takes away the library everything was linked against."""
import pathlib
import sys

(pathlib.Path(sys.argv[1]) / "libgone.so").unlink()
