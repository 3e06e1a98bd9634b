#!/usr/bin/python3
"""tests/with-cpu.py CPU ROOT COMMAND [ARGS]

Runs COMMAND in private namespaces in which programs of another CPU start like any other: the kernel hands them to qemu, and the
libraries unpacked in ROOT (of Debian's packages for that CPU) lie under /usr/lib and /usr/include beside the machine's own.
COMMAND finds RELINK_TEST_CPU set. Nothing outside the namespaces changes. Exits with 77 and a reason where that cannot be had.
"""

import os
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "system"))

import namespaces  # noqa: E402

UNSUPPORTED = 77
MACHINES = {"aarch64": 183, "riscv64": 243}  # e_machine
BINFMT = pathlib.Path("/proc/sys/fs/binfmt_misc")


def rule(cpu, interpreter):
    """For binfmt_misc: the start of an ELF file of 64 bits, little-endian, a program or shared object of this machine."""
    magic = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00" + MACHINES[cpu].to_bytes(2, "little")
    mask = b"\xff" * 7 + b"\x00" + b"\xff" * 8 + b"\xfe\xff\xff\xff"
    def text(data): return "".join(f"\\x{byte:02x}" for byte in data)  # noqa: E704
    return f":qemu-{cpu}:M::{text(magic)}:{text(mask)}:{interpreter}:POC"


def spread(root):
    """Lay the root's folders beside the machine's own; what both have is the machine's."""
    for target, sources in (("/usr/lib", ("usr/lib", "lib")), ("/usr/include", ("usr/include",)), ("/etc", ("etc",))):
        lower = [target] + [str(root / source) for source in sources if (root / source).is_dir()]
        namespaces.overlay(lower, target)
    cache = root / "etc/ld.so.cache"
    if cache.exists():
        namespaces.bind(cache, "/etc/ld.so.cache")


def main():
    if len(sys.argv) < 4 or sys.argv[1] not in MACHINES:
        sys.exit(__doc__)
    cpu, root = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    # The static one first: the variables for a dynamic linker are meant for the program alone.
    qemu = next((str(path) for path in (root / f"usr/bin/qemu-{cpu}-static",) if path.exists()), shutil.which(f"qemu-{cpu}"))
    if qemu is None:
        print(f"with-cpu: there is no qemu-{cpu}", file=sys.stderr)
        return UNSUPPORTED
    try:
        namespaces.enter_as_root()
        namespaces.mount("binfmt_misc", BINFMT)
        (BINFMT / "register").write_text(rule(cpu, qemu))
        spread(root)
    except OSError as error:
        print(f"with-cpu: this kernel does not let us run programs of another CPU: {error}", file=sys.stderr)
        return UNSUPPORTED
    os.environ["RELINK_TEST_CPU"] = cpu
    os.execvp(sys.argv[3], sys.argv[3:])


sys.exit(main())
