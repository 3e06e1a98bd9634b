#!/usr/bin/python3
"""A scan says of every library of the system what readelf says: every field of the header, the segments, the sections and
the dynamic section, and the strings.

scan-all.py SCAN_DUMP"""
import collections
import glob
import os
import re
import subprocess
import sys

SEGMENTS = {1: "LOAD", 2: "DYNAMIC", 3: "INTERP", 4: "NOTE", 6: "PHDR", 7: "TLS", 0x6474e550: "GNU_EH_FRAME",
            0x6474e551: "GNU_STACK", 0x6474e552: "GNU_RELRO", 0x6474e553: "GNU_PROPERTY"}
SECTIONS = {0: "NULL", 1: "PROGBITS", 2: "SYMTAB", 3: "STRTAB", 4: "RELA", 5: "HASH", 6: "DYNAMIC", 7: "NOTE", 8: "NOBITS", 9: "REL",
            11: "DYNSYM", 14: "INIT_ARRAY", 15: "FINI_ARRAY", 16: "PREINIT_ARRAY", 17: "GROUP", 19: "RELR", 0x6ffffff6: "GNU_HASH",
            0x6ffffffd: "VERDEF", 0x6ffffffe: "VERNEED", 0x6fffffff: "VERSYM", 0x6ffffff5: "GNU_ATTRIBUTES",
            0x70000001: "X86_64_UNWIND"}
LETTERS = ((1, "W"), (2, "A"), (4, "X"), (0x10, "M"), (0x20, "S"), (0x40, "I"), (0x80, "L"), (0x100, "O"), (0x200, "G"), (0x400, "T"),
           (0x800, "C"), (0x200000, "R"), (0x10000000, "l"), (0x80000000, "E"))
TYPES = {"NONE": 0, "REL": 1, "EXEC": 2, "DYN": 3, "CORE": 4}
HEADER = (("Entry point address", 16), ("Start of program headers", 10), ("Start of section headers", 10), ("Flags", 16),
          ("Size of this header", 10), ("Size of program headers", 10), ("Number of program headers", 10),
          ("Size of section headers", 10), ("Number of section headers", 10), ("Section header string table index", 10))


class File:
    def __init__(self):
        self.header, self.segments, self.sections, self.dynamic, self.needed = {}, [], [], [], []
        self.names = {"interp": "-", "SONAME": "-", "RPATH": "-", "RUNPATH": "-"}
        self.words, self.error, self.flags = set(), None, None


def from_readelf(paths):
    environment = dict(os.environ, LC_ALL="C")
    output = subprocess.run(["readelf", "-W", "-h", "-l", "-S", "-d", *paths], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                            env=environment).stdout.decode(errors="surrogateescape")
    files, file = collections.OrderedDict(), None
    for line in output.split("\n"):
        if line.startswith("File: "):
            file = files[line[6:]] = File()
        elif match := re.match(r"  (\w[\w ]+): +(.*)", line):
            file.header[match[1]] = match[2]
        elif match := re.match(r"      \[Requesting program interpreter: (.*)\]", line):
            file.names["interp"] = match[1]
        elif match := re.match(r"  ([A-Z_]+) +0x([0-9a-f]+) 0x([0-9a-f]+) 0x[0-9a-f]+ 0x([0-9a-f]+) 0x([0-9a-f]+) (...) (\S+)", line):
            flags = sum(bit for bit, letter in ((4, "R"), (2, "W"), (1, "E")) if letter in match[6])
            file.segments.append((match[1], *(int(match[i], 16) for i in (2, 3, 4, 5)), flags, int(match[7], 16)))
        elif match := re.match(r"  \[ *(\d+)\] (\S*) +(\S+) +([0-9a-f]{16}) ([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+) +([A-Za-z]*) +"
                               r"(\d+) +(\d+) +(\d+)$", line):
            if match[1] != "0":
                file.sections.append((int(match[1]), match[2], match[3], *(int(match[i], 16) for i in (4, 5, 6, 7)),
                                      "".join(sorted(match[8].replace("o", "R"))), *(int(match[i]) for i in (9, 10, 11))))
        elif match := re.match(r" 0x([0-9a-f]{16}) \((\w+)\) +(.*)", line):
            file.dynamic.append((int(match[1], 16), match[3]))
            if string := re.search(r"\[(.*)\]", match[3]):
                if match[2] == "NEEDED":
                    file.needed.append(string[1])
                elif match[2] in file.names:
                    file.names[match[2]] = string[1]
            if match[2] in ("FLAGS", "FLAGS_1"):
                file.words |= {match[2] + " " + word for word in match[3].replace("Flags: ", "").split()}
            file.words.add(match[2])
    return files


def from_dump(program, paths):
    output = subprocess.run([program, *paths], stdout=subprocess.PIPE, check=True).stdout.decode(errors="surrogateescape")
    files, file = collections.OrderedDict(), None
    for line in output.split("\n"):
        key, _, rest = line.partition(" ")
        words = rest.split(" ")
        if key == "file":
            file = files[rest] = File()
        elif key == "error":
            file.error = rest
        elif key == "header":
            file.header = words
        elif key == "segment":
            numbers = [int(word, 16) for word in words]
            file.segments.append((SEGMENTS.get(numbers[0], hex(numbers[0])), *numbers[1:]))
        elif key == "section":
            numbers = [int(word, 16) for word in words[2:8]]
            letters = "".join(sorted(letter for bit, letter in LETTERS if numbers[5] & bit))
            file.sections.append((int(words[0]), words[1], SECTIONS.get(numbers[0], f"LOOS+{numbers[0] - 0x60000000:#x}"), *numbers[1:5], letters,
                                  *(int(word) for word in words[8:11])))
        elif key == "dynamic":
            file.dynamic.append((int(words[0], 16), int(words[1], 16)))
        elif key == "needed":
            file.needed.append(rest)
        elif key == "names":
            file.names = dict(zip(("interp", "SONAME", "RPATH", "RUNPATH"), words))
        elif key == "flags":
            file.flags = [int(word, 16) for word in words]
    return files


def header_differences(theirs, ours):
    expected = [TYPES[theirs["Type"].split()[0]]] + [int(re.match(r"(0x)?[0-9a-f]+", theirs[name])[0], base) for name, base in HEADER]
    found = [int(ours[0])] + [int(word, 16 if name in ("Entry point address", "Flags") else 10)
                              for word, (name, _) in zip(ours[2:], HEADER)]
    return [] if expected == found else [("header", expected, found)]


def dynamic_differences(theirs, ours):
    """The tags in order, and all values that readelf prints as numbers."""
    theirs = [entry for entry in theirs if entry[0] != 0]
    if [entry[0] for entry in theirs] != [entry[0] for entry in ours]:
        return [("dynamic tags", theirs, ours)]
    wrong = []
    for (tag, text), (_, value) in zip(theirs, ours):
        number = re.match(r"(0x[0-9a-f]+)$|(\d+)( \(bytes\))?$", text)
        if number and int(number[1] or number[2], 16 if number[1] else 10) != value:
            wrong.append(("dynamic value", hex(tag), text, hex(value)))
    return wrong


def differences(theirs, ours):
    if ours.error:
        return [("error", ours.error)]
    found = header_differences(theirs.header, ours.header) + dynamic_differences(theirs.dynamic, ours.dynamic)
    for name in ("segments", "needed", "names"):
        if getattr(theirs, name) != getattr(ours, name):
            found.append((name, getattr(theirs, name), getattr(ours, name)))
    known = [(a, b) for a, b in zip(theirs.sections, ours.sections)]
    found += [("section", a, b) for a, b in known if a != b]
    if len(theirs.sections) != len(ours.sections):
        found.append(("sections", len(theirs.sections), len(ours.sections)))
    binds_now = bool(theirs.words & {"BIND_NOW", "FLAGS BIND_NOW", "FLAGS_1 NOW"})
    kept = any(kind == "RELA" and "A" not in flags and link and info for _, _, kind, _, _, _, _, flags, link, info, _ in theirs.sections)
    is_program = not theirs.dynamic or "FLAGS_1 PIE" in theirs.words
    if ours.flags[2:] != [binds_now, "FLAGS STATIC_TLS" in theirs.words, kept, is_program]:
        found.append(("flags", sorted(theirs.words), ours.flags))
    return found


def main():
    paths = sorted(path for path in glob.glob("/usr/lib/*-linux-gnu/*.so*") + glob.glob("/usr/lib/*-linux-gnu/*/*.so*")
                   if os.path.isfile(path))
    theirs, ours = from_readelf(paths), from_dump(sys.argv[1], paths)
    compared = failed = 0
    for path, expected in theirs.items():
        if expected.header.get("Class") != "ELF64" or "Machine" not in expected.header:
            continue
        compared += 1
        found = differences(expected, ours[path])
        if found:
            failed += 1
            if failed <= 10:
                print(path, *found[:3], sep="\n  ")
    print(f"{compared} files compared, {failed} differ")
    return 1 if failed or compared < 20 else 0


sys.exit(main())
