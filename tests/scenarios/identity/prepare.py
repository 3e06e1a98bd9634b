"""Other names for the same files."""
import os
import pathlib
import sys

stage = pathlib.Path(sys.argv[1])
(stage / "linked").symlink_to(".")
(stage / "libsymlink.so").symlink_to("libreal.so")
os.link(stage / "libreal.so", stage / "libhardlink.so")
