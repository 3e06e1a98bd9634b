"""Damages the library in one way for each folder."""
import pathlib
import shutil
import struct
import sys

stage = pathlib.Path(sys.argv[1])
good = (stage / "libgood.so").read_bytes()
(stage / "libgood.so").unlink()
PT_LOAD, PT_DYNAMIC, PT_NULL = 1, 2, 0


def place(name, content):
    (stage / name).mkdir()
    (stage / name / "libgood.so").write_bytes(content)


def patched(offset, code, value):
    content = bytearray(good)
    struct.pack_into("<" + code, content, offset, value)
    return bytes(content)


def program_headers(change):
    content = bytearray(good)
    start, = struct.unpack_from("<Q", content, 32)
    count, = struct.unpack_from("<H", content, 56)
    for i in range(count):
        header = list(struct.unpack_from("<IIQQQQQQ", content, start + 56 * i))
        change(header)
        struct.pack_into("<IIQQQQQQ", content, start + 56 * i, *header)
    return bytes(content)


def hide(kind):
    def change(header):
        if header[0] == kind:
            header[0] = PT_NULL
    return change


def misalign(header):
    if header[0] == PT_LOAD:
        header[7] = 0x900


def shift(header):
    if header[0] == PT_LOAD and header[2]:
        header[2] += 0x10


place("good", good)
place("class32", b"\x7fELF\x01\x01\x01" + bytes(9) + struct.pack("<HHIIIIIHHHHHH", 3, 3, 1, 0, 52, 0, 0, 52, 32, 1, 40, 0, 0) + bytes(64))
place("machine", patched(18, "H", 43))
place("garbage", b"This is not an ELF file, it is a text of some length.\n" * 40)
place("empty", b"")
place("short", good[:30])
place("header", good[:64])
(stage / "folder" / "libgood.so").mkdir(parents=True)
place("endian", patched(5, "B", 2))
place("version", patched(6, "B", 2))
place("headerversion", patched(20, "I", 2))
place("osabi", patched(7, "B", 9))
place("abiversion", patched(8, "B", 200))
place("padding", patched(12, "B", 1))
place("relocatable", patched(16, "H", 1))
shutil.rmtree(stage / "executable", ignore_errors=True)
(stage / "executable").mkdir()
shutil.copy(stage / "prog", stage / "executable" / "libgood.so")
place("phentsize", patched(54, "H", 40))
place("noload", program_headers(hide(PT_LOAD)))
place("nodynamic", program_headers(hide(PT_DYNAMIC)))
place("alignment", program_headers(misalign))
place("offset", program_headers(shift))
