"""Damaged libraries: whatever the bytes say, the linker refuses them or loads them, in bounded time.

A library of a small program (and the program itself) is damaged in hundreds of ways, always the same ones, and the program is run by
the linker as a command. A second library, which the first one needs and which is whole, speaks in its constructor: from then on the
damaged file's own code may run, and what it does is its affair. A signal raised by an instruction of the linker before that is a
failure, and so is no end at all unless the damaged code was entered. The report gives the bytes that differ.

RELINK_HOSTILE_COUNT sets the number of mutations of each library, RELINK_HOSTILE_SEED another sequence.
"""

import os
import random
import re
import struct
import subprocess

import pytest

import linkers

FOLDER = linkers.ROOT / "tests" / "hostile"
SECONDS = 10
COUNT = int(os.environ.get("RELINK_HOSTILE_COUNT", "100"))
SEED = int(os.environ.get("RELINK_HOSTILE_SEED", "1"))

# How the library is linked: the shapes of files that loaders read differently.
KINDS = {
    "gnu": "-Wl,--hash-style=gnu",
    "sysv": "-Wl,--hash-style=sysv -Wl,-z,norelro",
    "relr": "-Wl,-z,pack-relative-relocs -Wl,-z,now",
    "together": "-Wl,-z,noseparate-code -Wl,--hash-style=both -mtls-dialect=gnu2",
}
EVIL = [0, 1, 7, 8, 0xfff, 0x1000, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x3fffffffffffffff, 0x7fffffffffffffff,
        0x8000000000000000, 0xfffffffffffff000, 0xffffffffffffffff]


def compile_c(*words):
    subprocess.run(["gcc", "-O1", *words], check=True, capture_output=True, cwd=FOLDER)


@pytest.fixture(scope="module")
def watch(tmp_path_factory):
    path = tmp_path_factory.mktemp("watch") / "watch"
    compile_c("-o", str(path), "watch.c")
    return path


def regions(data):
    """The parts of a file that a loader reads, (start, size), with those that say most counted more often."""
    headers = struct.unpack_from("<HHIQQQIHHHHHH", data, 16)
    offset, count = headers[4], headers[9]
    found = [(0, 64)] + [(offset, count * 56)] * 4
    for i in range(count):
        kind, _, start, _, _, size = struct.unpack_from("<IIQQQQ", data, offset + 56 * i)
        if kind == 2:
            found += [(start, size)] * 6
        elif kind == 7:
            found.append((start, size))
    section_offset, section_count = headers[5], headers[11]
    for i in range(section_count):
        kind, _, _, start, size = struct.unpack_from("<IQQQQ", data, section_offset + 64 * i + 4)
        if kind in (4, 5, 11, 19, 0x6ffffff6, 0x6ffffffd, 0x6ffffffe, 0x6fffffff) and size:
            found += [(start, size)] * (2 if kind == 4 else 1)
        elif kind in (3, 14, 15) and size:
            found.append((start, size))
    return found


def damage(data, places, chance):
    """One mutation; returns the new bytes and what was changed, (offset, bytes) each."""
    new, changes = bytearray(data), []
    if chance.random() < 0.05:
        return new[:chance.randrange(len(new))], [("cut", len(new))]
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        start, size = chance.choice(places)
        width = min(chance.choice((1, 1, 2, 4, 8, 8, 8)), size)
        offset = start + chance.randrange(size // width) * width
        old = int.from_bytes(new[offset:offset + width], "little")
        value = chance.choice((chance.choice(EVIL), old ^ (1 << chance.randrange(8 * width)), old + chance.choice(EVIL),
                               chance.getrandbits(8 * width), old + chance.randrange(-64, 65), chance.randrange(len(new))))
        piece = (value & ((1 << 8 * width) - 1)).to_bytes(width, "little")
        new[offset:offset + width] = piece
        changes.append((hex(offset), piece.hex()))
    return new, changes


def run(watch, linker, folder):
    words = [str(watch), str(SECONDS), str(linker), "--library-path", str(folder), str(folder / "prog")]
    done = subprocess.run(words, capture_output=True, cwd=folder, env={"LC_ALL": "C"}, timeout=3 * SECONDS, check=False)
    verdict = done.stderr.decode("utf-8", "replace").rstrip().rsplit("\n", 1)[-1]
    return done.stdout, verdict


def judge(linker, stdout, verdict):
    """Why this end is a failure, or None."""
    if "out of time" in verdict:
        return None if b"relocated" in stdout else verdict
    died = re.match(r"watch: signal (\d+) at (.*)\+", verdict)
    if died and died[2] == str(linker) and b"relocated" not in stdout:
        return verdict
    if not died and not verdict.startswith("watch: exit"):
        return "no verdict: " + verdict
    return None


@pytest.mark.scenario
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("target", ["libvictim.so", "prog"])
def test_damaged(kind, target, linker, watch, tmp_path):
    if linker == linkers.ORIGINAL:
        pytest.skip("the original does not claim this")
    library, program, witness = tmp_path / "libvictim.so", tmp_path / "prog", tmp_path / "libwitness.so"
    flags = KINDS[kind].split()
    compile_c("-shared", "-fPIC", "-Wl,-soname,libwitness.so", "-o", str(witness), "witness.c")
    compile_c("-shared", "-fPIC", "-Wl,-soname,libvictim.so", "-o", str(library), "victim.c", str(witness),
              "-Wl,--version-script=victim.map", *flags)
    compile_c("-o", str(program), "prog.c", str(library), str(witness), *flags)
    stdout, verdict = run(watch, linker, tmp_path)
    assert stdout.startswith(b"relocated\nconstructed\n") and verdict == "watch: exit 0", (stdout, verdict)

    victim = tmp_path / target
    data = victim.read_bytes()
    places = regions(data)
    chance = random.Random(f"{SEED} {kind} {target}")
    failures, loaded = [], 0
    for number in range(COUNT if target != "prog" else COUNT // 4):
        new, changes = damage(data, places, chance)
        victim.unlink()
        victim.write_bytes(new)
        victim.chmod(0o755)
        stdout, verdict = run(watch, linker, tmp_path)
        loaded += b"constructed" in stdout
        reason = judge(linker, stdout, verdict)
        if reason:
            failures.append(f"mutation {number}: {reason}: {changes}")
    assert loaded, "no mutation was loaded: the test tests nothing"
    assert not failures, f"{len(failures)} of {COUNT}, {kind} {target}:\n" + "\n".join(failures)
