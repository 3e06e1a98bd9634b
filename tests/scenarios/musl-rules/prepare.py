"""A file where a folder is looked for, a link to itself, other names of libraries, and a libc of another name."""

import os
import pathlib
import shutil
import sys

stage = pathlib.Path(sys.argv[1])
(stage / "file").write_text("no folder\n")
(stage / "loop").symlink_to("loop")
(stage / "b" / "libother.so").symlink_to("libwhere.so")
os.link(stage / "a" / "libwhere.so", stage / "a" / "libhard.so")
shutil.copy(os.environ["ORIGINAL"], stage / "b" / "libanother.so")
