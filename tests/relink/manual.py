#!/usr/bin/python3
"""The header, the two libraries and the manual page name the same functions, and the header explains each.

manual.py LIBRARY ARCHIVE HEADER MANUAL GUIDE"""
import re
import subprocess
import sys


def exported(*command):
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return {line.split()[-1].split("@")[0] for line in lines if re.search(r" T relink_", line)}


def main():
    library, archive, header, manual, guide = sys.argv[1:]
    with open(header, encoding="utf-8") as file:
        text = file.read()
    with open(manual, encoding="utf-8") as file:
        page = set(re.findall(r"relink_[a-z0-9_]+", file.read()))
    with open(guide, encoding="utf-8") as file:
        page_or_guide = page | set(re.findall(r"relink_[a-z0-9_]+", file.read()))
    declared = set(re.findall(r"RELINK_API[^;]*?(relink_[a-z0-9_]+)\(", text))
    makers = set(re.findall(r"static inline \w+ (relink_[a-z0-9_]+)\(", text))
    problems = []
    for what, names in (("librelink.so exports", exported("nm", "-D", "--defined-only", library)),
                        ("librelink.a exports", exported("nm", "-g", "--defined-only", archive))):
        problems += [f"{what} {name}, which the header does not have" for name in sorted(names - declared)]
        problems += [f"the header has {name}, but not what {what}" for name in sorted(declared - names)]
    problems += [f"relink(3) lacks {name}" for name in sorted((declared | makers) - page)]
    types = set(re.findall(r"\b(relink_[a-z0-9_]+)\b", text))
    problems += [f"relink(3) or the guide has {name}, which the header does not know"
                 for name in sorted(page_or_guide - types) if not name.endswith("_")]
    # Something is said in front of each function, or of the group that it stands in.
    for block in re.split(r"\n\s*\n", text):
        if "RELINK_API" in block and "#define" not in block and "/*" not in block:
            problems.append("nothing is said about:\n" + block)
    print("\n".join(problems) or f"{len(declared)} functions")
    return 1 if problems else 0


sys.exit(main())
