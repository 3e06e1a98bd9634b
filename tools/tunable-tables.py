#!/usr/bin/python3
"""Make ldso/abi/glibc/tunable_tables.c from tunable-tables.txt, or look at a real ld.so.

    tunable-tables.py                  write the C file
    tunable-tables.py --check          exit 1 if the C file is not what would be written
    tunable-tables.py --compare LD.SO  exit 1 if no list has the tunables that this ld.so has, in its order

A number that libc.so.6 passes to __tunable_get_val means what the list of its own build says, so the lists are facts
about released builds: add one, never edit one.
"""

import argparse
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE / "tunable-tables.txt"
OUTPUT = HERE.parent / "ldso/abi/glibc/tunable_tables.c"

TYPES = {"int32": "RL_TUNABLE_INT32", "uint64": "RL_TUNABLE_UINT64", "size": "RL_TUNABLE_SIZE",
         "string": "RL_TUNABLE_STRING"}
MACHINES = {"x86_64": "EM_X86_64", "aarch64": "EM_AARCH64", "riscv64": "EM_RISCV"}
LEVELS = {"erase": "RL_TUNABLE_ERASE", "ignore": "RL_TUNABLE_IGNORE"}


class Row:
    """One tunable of one list."""

    def __init__(self, fields):
        self.name, self.type, value, low, high, self.level, alias = fields
        self.numbers = tuple(int(n) for n in (value, low, high))
        self.alias = "" if alias == "-" else alias
        self.key = tuple(fields)


def read_lists(path):
    """[(release, machine, count, label, [Row])] in the order of the file."""
    lists = []
    for line in path.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        head = re.fullmatch(r"\[2\.(\d+) (\w+)\] (\d+) (.*)", line)
        if head:
            lists.append((200 + int(head[1]), head[2], int(head[3]), head[4], []))
        else:
            lists[-1][-1].append(Row(line.split()))
    for release, _, count, label, rows in lists:
        if len(rows) != count:
            sys.exit(f"{path}: list {release} ({label}) has {len(rows)} lines instead of {count}")
    return lists


def number(value):
    """A C constant of type int64_t; the limits that are unsigned keep their bits."""
    value = value - 2**64 if value >= 2**63 else value
    return f"{value}" if -2**31 <= value < 2**31 else f"INT64_C({value})"


def generate(lists):
    """The text of the C file."""
    rows = {}
    for *_, members in lists:
        for row in members:
            rows.setdefault(row.key, row)
    order = {key: i for i, key in enumerate(rows)}
    out = [
        "/* Made by tools/tunable-tables.py from tools/tunable-tables.txt; change these, not this file.",
        " *",
        " * Each distinct tunable is stored once; a list of a release is a run of indices into them, by tunable id.",
        " */",
        '#include "tunables.h"',
        "",
        "#include <elf.h>",
        "",
        "const struct rl_tunable rl_tunable_rows[] = {",
    ]
    for row in rows.values():
        low, high = number(row.numbers[1]), number(row.numbers[2])
        line = (f'\t{{ "{row.name}", "{row.alias}", {TYPES[row.type]}, {LEVELS[row.level]}, '
                f"{number(row.numbers[0])}, {low}, {high} }},")
        if len(line) > 116:
            line = line.replace(f", {TYPES[row.type]}", f",\n\t  {TYPES[row.type]}", 1)
        out.append(line)
    out += ["};", "", "const uint8_t rl_tunable_ids[] = {"]
    first = 0
    tables = []
    for release, machine, count, label, members in lists:
        out.append(f"\t/* {release // 100}.{release % 100} {machine}: {label} */")
        indices = [str(order[row.key]) for row in members]
        for i in range(0, count, 24):
            out.append("\t" + ", ".join(indices[i:i + 24]) + ",")
        tables.append(f"\t{{ {release}, {MACHINES[machine]}, {count}, {first} }}, /* {label} */")
        first += count
    out += ["};", "", "const struct rl_tunable_list rl_tunable_lists[] = {", *tables, "};", "",
            "const size_t rl_tunable_lists_count = sizeof rl_tunable_lists / sizeof *rl_tunable_lists;", ""]
    return "\n".join(out)


def names_in(path):
    """The names in the tunable_list[] of an ld.so since 2.32, where they lie inline at one distance."""
    data = pathlib.Path(path).read_bytes()
    places = [m.start() for m in re.finditer(rb"glibc\.[a-z]+\.[a-z0-9_]+\0", data)]
    for start in places:
        for stride in range(96, 168, 8):
            run = [start]
            while run[-1] + stride in places:
                run.append(run[-1] + stride)
            if len(run) > 20:
                return [data[at:data.index(b"\0", at)].decode().removeprefix("glibc.") for at in run]
    sys.exit(f"{path}: no list of tunables found")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--compare", metavar="LD.SO")
    options = parser.parse_args()
    lists = read_lists(DATA)
    if options.compare:
        names = names_in(options.compare)
        found = [f"{r // 100}.{r % 100} {machine} ({label})" for r, machine, _, label, rows in lists
                 if [x.name for x in rows] == names]
        print(f"{options.compare}: {len(names)} tunables as in {', '.join(found) or 'no list'}")
        return 0 if found else 1
    text = generate(lists)
    if options.check:
        return 0 if OUTPUT.exists() and OUTPUT.read_text() == text else 1
    OUTPUT.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
