"""Files that are no programs."""
import os
import pathlib
import shutil
import struct
import sys

stage = pathlib.Path(sys.argv[1])
(stage / "text").write_text("hello, this is a text of some length, longer than a file header is, which has 64 bytes\n" * 9)
(stage / "script").write_text("#!/bin/sh\necho script\n")
(stage / "script").chmod(0o755)
(stage / "folder").mkdir()
(stage / "empty").write_bytes(b"")
(stage / "class32").write_bytes(b"\x7fELF\x01\x01\x01" + bytes(9) +
                                struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, 0, 52, 0, 0, 52, 32, 1, 40, 0, 0) + bytes(900))
shutil.copy(stage / "prog", stage / "plain")
(stage / "plain").chmod(0o644)
os.symlink("prog", stage / "link")
os.symlink(".", stage / "here")
