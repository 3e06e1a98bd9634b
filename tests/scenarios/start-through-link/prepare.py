"""A link to the program from another folder."""
import pathlib
import sys

(pathlib.Path(sys.argv[1]) / "facade" / "link").symlink_to("../real/prog")
