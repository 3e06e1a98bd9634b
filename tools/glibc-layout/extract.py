#!/usr/bin/python3
"""Read the layout of glibc's private structures out of a build's debug information.

usage: extract.py [--add] --label LABEL PATH...

PATH is a directory into which the libc6 and libc6-dbg packages of a distribution were unpacked ("/" is the running
system), or several ELF files with DWARF that have the structures between them, such as elf/rtld.os and
nptl/pthread_create.os of a build tree; then LABEL has to name the release, as in "2.44".
Prints the row as JSON.  With --add it is merged into data/layouts.json, from which generate.py makes the tables.
"""

import argparse
import glob
import json
import os
import re
import sys

import fields

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, 'data', 'layouts.json')
MACHINES = {'EM_X86_64': 'x86_64', 'EM_AARCH64': 'aarch64', 'EM_RISCV': 'riscv64'}
# Structures that some CPUs lack.
OPTIONAL = {'cpu_features'}
TRANSPARENT = {'DW_TAG_typedef', 'DW_TAG_const_type', 'DW_TAG_volatile_type', 'DW_TAG_atomic_type'}
AGGREGATE = {'DW_TAG_structure_type', 'DW_TAG_union_type'}


class Missing(Exception):
    """A structure that every row needs was not found."""


# ---- DWARF ----------------------------------------------------------------------------------------------------------

def target(die):
    """The type of a member, through typedefs and qualifiers."""
    while die is not None and 'DW_AT_type' in die.attributes:
        die = die.get_DIE_from_attribute('DW_AT_type')
        if die.tag not in TRANSPARENT:
            return die
    return None


def counts(array):
    for child in array.iter_children():
        if child.tag == 'DW_TAG_subrange_type':
            bound = child.attributes.get('DW_AT_upper_bound')
            count = child.attributes.get('DW_AT_count')
            yield bound.value + 1 if bound and isinstance(bound.value, int) else count.value if count else 0


def size_of(die):
    if die is None:
        return 0
    if 'DW_AT_byte_size' in die.attributes:
        return die.attributes['DW_AT_byte_size'].value
    if die.tag == 'DW_TAG_pointer_type':
        return 8
    if die.tag == 'DW_TAG_array_type':
        total = size_of(target(die))
        for count in counts(die):
            total *= count
        return total
    return 0


def place(member, kind):
    """(byte offset, bit or None) of a member within its structure; bit 0 is the least significant."""
    attributes = member.attributes
    if 'DW_AT_data_bit_offset' in attributes:
        return divmod(attributes['DW_AT_data_bit_offset'].value, 8)
    location = attributes.get('DW_AT_data_member_location')
    offset = location.value if location and isinstance(location.value, int) else 0
    if 'DW_AT_bit_offset' not in attributes:
        return offset, None
    # DWARF 2 counts from the most significant bit of the storage unit.
    unit = attributes['DW_AT_byte_size'].value if 'DW_AT_byte_size' in attributes else size_of(kind)
    byte, bit = divmod(unit * 8 - attributes['DW_AT_bit_offset'].value - attributes['DW_AT_bit_size'].value, 8)
    return offset + byte, bit


def members(die, prefix='', base=0, depth=0, result=None):
    """Dotted member name -> [byte offset, size, bit or None]; arrays get name[0], name[1] and name.# (the count)."""
    result = {} if result is None else result
    for member in die.iter_children():
        if member.tag != 'DW_TAG_member':
            continue
        kind = target(member)
        offset, bit = place(member, kind)
        if 'DW_AT_name' not in member.attributes:
            members(kind, prefix, base + offset, depth, result)
            continue
        name = prefix + member.attributes['DW_AT_name'].value.decode()
        result[name] = [base + offset, size_of(kind), bit]
        if kind is None or depth == 3:
            continue
        if kind.tag in AGGREGATE:
            members(kind, name + '.', base + offset, depth + 1, result)
        elif kind.tag == 'DW_TAG_array_type':
            element, total = target(kind), 1
            for count in counts(kind):
                total *= count
            result[name + '.#'] = [total, size_of(element), None]
            for index in range(min(total, 2)):
                start = base + offset + index * size_of(element)
                result['%s[%d]' % (name, index)] = [start, size_of(element), None]
                if element is not None and element.tag in AGGREGATE:
                    members(element, '%s[%d].' % (name, index), start, depth + 1, result)
    return result


# RISC-V's relocations of debug information, which pyelftools does not know: the sign of what is added, and bytes.
RISCV_RELOCATIONS = {1: (0, 4), 2: (0, 8), 33: (1, 1), 34: (1, 2), 35: (1, 4), 36: (1, 8), 37: (-1, 1), 38: (-1, 2),
                     39: (-1, 4), 40: (-1, 8), 54: (0, 1), 55: (0, 2), 56: (0, 4)}


def teach_riscv():
    """Object files of a build tree are not linked yet, so pyelftools must relocate what it reads."""
    from elftools.elf.relocation import RelocationHandler
    known = RelocationHandler._do_apply_relocation

    def apply(self, stream, relocation, symbols):
        if self.elffile['e_machine'] != 'EM_RISCV':
            return known(self, stream, relocation, symbols)
        sign, size = RISCV_RELOCATIONS.get(relocation['r_info_type'], (0, 0))
        value = symbols.get_symbol(relocation['r_info_sym'])['st_value'] + relocation['r_addend']
        stream.seek(relocation['r_offset'])
        if sign:
            value = int.from_bytes(stream.read(size), 'little') + sign * value
        stream.seek(relocation['r_offset'])
        stream.write((value % 2 ** (8 * size)).to_bytes(size, 'little'))

    if known.__name__ != apply.__name__:
        RelocationHandler._do_apply_relocation = apply


def structures(path, found):
    """Add to found, glibc structure name -> its members, from the first complete definition of each."""
    from elftools.elf.elffile import ELFFile
    teach_riscv()
    wanted = {structure for _, structure, _ in fields.sections()} - set(found)
    with open(path, 'rb') as file:
        for unit in ELFFile(file).get_dwarf_info().iter_CUs():
            for die in unit.get_top_DIE().iter_children():
                name = die.attributes.get('DW_AT_name')
                if die.tag != 'DW_TAG_structure_type' or name is None or 'DW_AT_declaration' in die.attributes:
                    continue
                name = name.value.decode()
                if name in wanted:
                    wanted.discard(name)
                    found[name] = members(die)
                    found[name]['sizeof'] = [size_of(die), size_of(die), None]
            if not wanted:
                break
    return found


# ---- Finding the files ----------------------------------------------------------------------------------------------

def build_id(elf):
    for segment in elf.iter_segments('PT_NOTE'):
        for note in segment.iter_notes():
            if note['n_type'] == 'NT_GNU_BUILD_ID':
                return note['n_desc']
    return None


def linker_under(root):
    for pattern in ('lib/*-linux-gnu*/ld-linux*.so.?', 'usr/lib/*-linux-gnu*/ld-linux*.so.?', 'lib*/ld-linux*.so.?'):
        for path in sorted(glob.glob(os.path.join(root, pattern))):
            return path
    raise SystemExit('%s: no dynamic linker in it' % root)


def debug_file(root, linker):
    from elftools.elf.elffile import ELFFile
    with open(linker, 'rb') as file:
        identity = build_id(ELFFile(file))
    candidates = glob.glob(os.path.join(root, 'usr/lib/debug/lib/*/ld-2*.so')) + [linker]
    if identity:
        candidates.insert(0, os.path.join(root, 'usr/lib/debug/.build-id', identity[:2], identity[2:] + '.debug'))
    for path in candidates:
        if os.path.exists(path):
            with open(path, 'rb') as file:
                if ELFFile(file).has_dwarf_info():
                    return path
    raise SystemExit('%s: no debug information for it (build id %s)' % (linker, identity))


def libc_release(linker):
    with open(os.path.join(os.path.dirname(os.path.realpath(linker)), 'libc.so.6'), 'rb') as file:
        match = re.search(rb'release version (\d+)\.(\d+)', file.read())
    if not match:
        raise SystemExit('%s: the libc.so.6 beside it does not name its release' % linker)
    return int(match[1]) * 100 + int(match[2])


# ---- Rows -----------------------------------------------------------------------------------------------------------

def reduce(found, release, machine):
    """The row of one build: only the fields of fields.py, absent ones left out."""
    row = {'release': release, 'machine': machine}
    for section, structure, names in fields.sections():
        if structure not in found and structure not in OPTIONAL:
            raise Missing('no struct %s' % structure)
        source = found.get(structure, {'sizeof': [0, 0, None]})
        values = {'size': source['sizeof'][0]}
        for name, is_bit, originals in names:
            for original in originals:
                if original in source:
                    offset, _, bit = source[original][:3]
                    values[name] = [offset, bit] if is_bit else offset
                    break
        row[section] = values
    namespaces, info = found['rtld_global']['_dl_ns.#'], found['link_map']['l_info.#']
    row['global'].update(ns_size=namespaces[1], ns_count=namespaces[0])
    row['link_map'].update(l_info_count=info[0])
    leaves = found.get('cpu_features', {}).get('features.#')
    if leaves:
        row['cpu_features'].update(features_count=leaves[0])
    return row


def read(paths, label):
    """The row of the one build that these paths belong to."""
    from elftools.elf.elffile import ELFFile
    if os.path.isdir(paths[0]):
        linker = linker_under(paths[0])
        release, sources = libc_release(linker), [debug_file(paths[0], linker)]
    else:
        match = re.search(r'(\d+)\.(\d+)', label)
        if not match:
            raise SystemExit('the label has to name the release, as in "2.44"')
        release, sources = int(match[1]) * 100 + int(match[2]), paths
    with open(sources[0], 'rb') as file:
        machine = MACHINES[ELFFile(file)['e_machine']]
    found = {}
    for source in sources:
        structures(source, found)
    return reduce(found, release, machine)


def merge(rows, label, row):
    """Add a state to the list of rows, which stays sorted; a state equal to a known row only adds its label there."""
    for known in rows:
        if known['machine'] == row['machine']:
            known['labels'] = [name for name in known['labels'] if name != label]
    for known in rows:
        if {key: value for key, value in known.items() if key not in ('labels', 'transient')} == row:
            known['labels'].append(label)
            break
    else:
        rows.append({'labels': [label], **row})
    rows[:] = [known for known in rows if known['labels']]
    rows.sort(key=lambda known: (known['machine'], known['release'], known['labels']))


def wrapped(values):
    """The members of a flat object, packed into lines."""
    lines, line = [], ''
    for key, value in values.items():
        item = '%s: %s' % (json.dumps(key), json.dumps(value))
        if line and len(line) + len(item) + 2 > 104:
            lines.append(line + ',')
            line = ''
        line += (', ' if line else '') + item
    return lines + [line]


def text_of(rows):
    """The data file: JSON, one structure a paragraph, so that a change of layout shows in few lines."""
    out = ['[']
    for number, row in enumerate(rows):
        out.append('\t{')
        simple = {key: value for key, value in row.items() if not isinstance(value, dict)}
        parts = ['\t\t%s: %s' % (json.dumps(key), json.dumps(value)) for key, value in simple.items()]
        for key, value in row.items():
            if isinstance(value, dict):
                body = '\n'.join('\t\t\t' + line for line in wrapped(value))
                parts.append('\t\t%s: {\n%s\n\t\t}' % (json.dumps(key), body))
        out.append(',\n'.join(parts))
        out.append('\t}' + (',' if number + 1 < len(rows) else ''))
    return '\n'.join(out + [']']) + '\n'


def load():
    if not os.path.exists(DATA):
        return []
    with open(DATA, encoding='utf-8') as file:
        return json.load(file)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('paths', nargs='+', metavar='PATH')
    parser.add_argument('--label', required=True, help='what to call the build, for example "Debian 2.36"')
    parser.add_argument('--add', action='store_true', help='merge the row into data/layouts.json')
    options = parser.parse_args()
    rows = load() if options.add else []
    try:
        merge(rows, options.label, read(options.paths, options.label))
    except Missing as missing:
        raise SystemExit('%s: %s in the debug information' % (options.paths[0], missing)) from None
    if options.add:
        with open(DATA, 'w', encoding='utf-8') as file:
            file.write(text_of(rows))
    else:
        sys.stdout.write(text_of(rows))


if __name__ == '__main__':
    main()
