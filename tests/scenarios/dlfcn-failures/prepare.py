"""Files that are no libraries."""

import os
import pathlib
import shutil
import sys

stage = pathlib.Path(sys.argv[1])
(stage / "libgone.so").unlink()
(stage / "libsecret.so").chmod(0)
(stage / "empty.so").write_bytes(b"")
(stage / "short.so").write_bytes((stage / "libgood.so").read_bytes()[:200])
(stage / "text.so").write_text("This is not an ELF file, it is a text of some length.\n" * 40)
(stage / "script.so").write_text("/* GNU ld script */\nGROUP ( /lib/libc.so.6 )\n")
shutil.rmtree(stage / "folder", ignore_errors=True)
(stage / "folder").mkdir()
for name in ("loop", "fifo"):
    (stage / name).unlink(missing_ok=True)
(stage / "loop").symlink_to("loop")
os.mkfifo(stage / "fifo")
