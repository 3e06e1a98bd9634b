"""Files that are not what their names say, and programs that need them."""

import os
import pathlib
import struct
import subprocess
import sys

stage = pathlib.Path(sys.argv[1])
whole = (stage / "libwhole.so").read_bytes()


def changed(name, offset, value):
    content = bytearray(whole)
    content[offset] = value
    (stage / name).write_bytes(content)


changed("libmachine.so", 18, 183 if whole[18] != 183 else 62)
changed("libcore.so", 16, 4)
changed("libversion.so", 6, 9)
changed("libosabi.so", 7, 9)
changed("libnoheaders.so", 56, 0)
for name, size in (("empty", 0), ("short", 40), ("head", 64), ("headers", 200)):
    (stage / f"lib{name}.so").write_bytes(whole[:size])
header = struct.pack("<4s12BHHIIIIIHHHHHH", b"\x7fELF", 1, 1, 1, *[0] * 9, 3, whole[18], 1, 0, 52, 0, 0, 52, 32, 1, 40, 0, 0)
(stage / "libclass.so").write_bytes(header + bytes(400))
(stage / "libtext.so").write_text("/* no library */ INPUT(x)\n" * 20)
(stage / "libfolder.so").mkdir()
os.symlink("loop.so", stage / "loop.so")
os.symlink("nothere", stage / "libdangling.so")
(stage / "libgone.so").unlink()
(stage / "half").write_bytes((stage / "plain").read_bytes()[:100])
os.symlink(os.environ["LINKER"], stage / "ldd")
for name in ("class", "machine", "core", "noheaders", "empty", "short", "text", "folder"):
    stub = stage / "stub" / f"lib{name}.so"
    stub.parent.mkdir(exist_ok=True)
    subprocess.run([*os.environ["CC"].split(), "-shared", f"-Wl,-soname,lib{name}.so", "-o", stub, "-xc", "/dev/null"], check=True)
    subprocess.run([*os.environ["CC"].split(), "-o", stage / f"needs-{name}", pathlib.Path(__file__).with_name("plain.c"),
                    "-Wl,--no-as-needed", stub, "-Wl,-rpath,$ORIGIN", "-Wl,--dynamic-linker=" + os.environ["LINKER"]],
                   check=True)
