"""A file that is no program."""

import pathlib
import sys

(pathlib.Path(sys.argv[1]) / "main.txt").write_text("no program\n" * 20)
