"""Take a library away that another one needs."""

import pathlib
import sys

(pathlib.Path(sys.argv[1]) / "libgone.so").unlink()
