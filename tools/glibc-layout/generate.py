#!/usr/bin/python3
"""Make ldso/abi/glibc/layout_tables.c from data/layouts.json.

usage: generate.py [--check]

Without an option the file is written; --check only compares and fails if it is out of date.
"""

import argparse
import os
import sys

import extract
import fields

OUTPUT = os.path.join(extract.HERE, '..', '..', 'ldso', 'abi', 'glibc', 'layout_tables.c')
MACHINES = {'x86_64': 'EM_X86_64', 'aarch64': 'EM_AARCH64', 'riscv64': 'EM_RISCV'}
# DT_NUM of <elf.h> by the first release that has it: l_info starts with so many elements.
DT_NUM = ((236, 38), (0, 35))
# Elements of l_info behind these and the processor's: 16 versions, 3 extra, 12 values, 11 addresses.
INFO_TAIL = 16 + 3 + 12 + 11
THISPROC = {'x86_64': (0, 4), 'aarch64': (6,), 'riscv64': (0,)}

HEAD = """\
/* Made by tools/glibc-layout/generate.py from tools/glibc-layout/data/layouts.json; change these, not this file.
 *
 * One row per family of glibc builds, see layout.h.  The comment before a row names the builds and the states of stable
 * branches that have this layout; "taken for it" are states that a branch had for some days and that cannot be told
 * from the row's by looking at libc.so.6.
 */
#include <elf.h>

#include "layout.h"

"""


def label_of(row):
    """The best known build of a row: a distribution's, else the release, else a state of the stable branch."""
    return sorted(row['labels'], key=lambda label: (' branch ' in label, not label[0].isalpha(), label))[0]


def order(row):
    return row['machine'], row['release'], row.get('transient', False), label_of(row)


def keys(row):
    """What fingerprint.c can see of a row; no two rows of the table may agree in it."""
    described = row['release'] >= 234
    return (row['machine'], row['release'], described and row['pthread']['size'],
        described and row['global']['dl_stack_user'], described and row['link_map']['l_tls_modid'],
        row['global_ro'].get('dl_hwcap2'), row['global_ro'].get('dl_find_object'))


def distinct(rows):
    """The rows in the table's order, each with the passing states that hide behind it; clashes are an error."""
    chosen = {}
    for row in sorted(rows, key=order):
        first = chosen.setdefault(keys(row), {**row, 'hidden': []})
        if first['labels'] == row['labels']:
            continue
        if not row.get('transient'):
            raise SystemExit('%s and %s cannot be told apart: mark one as transient, or read another field in '
                             'fingerprint.c' % (label_of(first), label_of(row)))
        first['hidden'] += row['labels']
    return list(chosen.values())


def processor_tags(row):
    number = next(count for release, count in DT_NUM if row['release'] >= release)
    count = row['link_map']['l_info_count'] - number - INFO_TAIL
    if count not in THISPROC[row['machine']]:
        raise SystemExit('%s: %d processor-specific tags in l_info: is DT_NUM right?' % (label_of(row), count))
    return count


def meanings(row):
    """What follows from the release, or from which fields there are; layout.h explains each."""
    release, thread = row['release'], row['pthread']

    def flag(condition):
        return 'true' if condition else 'false'

    rseq = 'PTHREAD' if 'rseq_area' in thread else 'EXTRA_TLS' if release >= 241 else 'NONE'
    return [
        ('exception_owner', 'RL_GLIBC_EXCEPTIONS_IN_' + ('LINKER' if 'rtld_catch' in thread else 'LIBC')),
        ('stack_flags_kind', 'RL_GLIBC_STACK_FLAGS_' + ('PROT' if release >= 243 else 'PF')),
        ('clear_tid', 'RL_GLIBC_CLEAR_' + ('JOINSTATE' if 'joinstate' in thread else 'TID')),
        ('rseq_place', 'RL_GLIBC_RSEQ_' + rseq),
        ('thread_setup', 'RL_GLIBC_THREADS_BY_' + ('LINKER' if release >= 234 else 'LIBPTHREAD')),
        ('preferred_kind', 'RL_GLIBC_PREFERRED_' + preferred(row)),
        ('main_stack_mode', '2' if 'stack_mode' in thread else '1'),
        ('has_dlfcn_hook', flag('dl_dlfcn_hook' in row['global_ro'])),
        ('dlfcn_hook_needs_null_dirs', flag(release in (234, 235))),
        ('vdso_by_lookup', flag(release <= 240)),
        ('strings_have_length', flag(release >= 239)),
    ]


def preferred(row):
    release = row['release']
    # 2.33's stable branch got the later numbering together with this field.
    if release < 233 or release == 233 and 'level1_icache_linesize' not in row['cpu_features']:
        return 'NONE'
    return 'PLAIN' if 235 <= release <= 237 else 'MAP32'


def value(name, is_bit, found):
    if is_bit:
        return '{%d, %d}' % tuple(found[name]) if name in found else '{RL_ABSENT, 0}'
    return str(found[name]) if name in found else 'RL_ABSENT'


def initialiser(name, items, indent):
    """'.name = {items},' with the items packed into lines."""
    lines, line = ['%s.%s = {' % (indent, name)], ''
    for item in items:
        if line and len(line) + len(item) > 95:
            lines.append(indent + '\t' + line.rstrip())
            line = ''
        line += item + ' '
    return lines + [indent + '\t' + line.rstrip(), indent + '},']


EXTRA = {'global': ('ns_size', 'ns_count'), 'link_map': ('l_info_count',), 'cpu_features': ('features_count',)}


def section_lines(row, section, names):
    found = row[section]
    items = ['.size = %d,' % found['size']]
    items += ['.%s = %s,' % (name, value(name, is_bit, found)) for name, is_bit, _ in names]
    items += ['.%s = %d,' % (name, found.get(name, 0)) for name in EXTRA.get(section, ())]
    if section == 'link_map':
        items.append('.l_info_thisproc = %d,' % processor_tags(row))
    return initialiser(section, items, '\t\t')


def text_of(rows):
    out = [HEAD + 'const struct rl_glibc_layout rl_glibc_layouts[] = {']
    for row in distinct(rows):
        label = label_of(row)
        hidden = '.\n\t * Taken for it: ' + ', '.join(sorted(row['hidden'])) if row['hidden'] else ''
        out.append('\t/* %s%s. */' % (', '.join(sorted(row['labels'])), hidden))
        out.append('\t{')
        out.append('\t\t.release = %d, .machine = %s, .label = "%s",'
                   % (row['release'], MACHINES[row['machine']], label))
        out += ['\t\t.%s = %s,' % item for item in meanings(row)]
        for section, _, names in fields.sections():
            out += section_lines(row, section, names)
        out.append('\t},')
    out.append('};')
    out.append('')
    out.append('const size_t rl_glibc_layouts_count = sizeof(rl_glibc_layouts) / sizeof(rl_glibc_layouts[0]);')
    return '\n'.join(out) + '\n'


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('--check', action='store_true', help='fail if the file is out of date')
    options, text = parser.parse_args(), text_of(extract.load())
    if options.check:
        with open(OUTPUT, encoding='utf-8') as file:
            return 0 if file.read() == text else 1
    with open(OUTPUT, 'w', encoding='utf-8') as file:
        file.write(text)
    return 0


if __name__ == '__main__':
    sys.exit(main())
