"""Which linker is under test, and which is the original."""

import os
import pathlib
import platform
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The CPU whose programs are run: this machine's, or one that with-cpu.py made run.
CPU = os.environ.get("RELINK_TEST_CPU", platform.machine())
IS_FOREIGN = CPU != platform.machine()
LOADERS = {"x86_64": "/lib64/ld-linux-x86-64.so.2", "aarch64": "/lib/ld-linux-aarch64.so.1",
           "riscv64": "/lib/ld-linux-riscv64-lp64d.so.1"}
ORIGINAL = pathlib.Path(LOADERS[CPU]).resolve()
# What programs of each libc are compared with, and the name under which both linkers are run: a musl loader goes by its name.
ORIGINALS = {"glibc": ORIGINAL, "musl": pathlib.Path(f"/lib/ld-musl-{CPU}.so.1").resolve()}
NAMES = {"glibc": "ld-relink.so", "musl": f"ld-musl-{CPU}.so.1"}
BUILD = ROOT / ("build-" + CPU if IS_FOREIGN else "build")


def under_test(libc="glibc"):
    """LINKER from the environment ("original" for a self-test of the tests), or what the build made."""
    choice = os.environ.get("LINKER", "")
    if choice == "original":
        return ORIGINALS[libc]
    return pathlib.Path(choice).resolve() if choice else BUILD / "ld-relink.so"


def preload_under_test():
    """libdl-relink.so: PRELOAD from the environment, or what the build made."""
    choice = os.environ.get("PRELOAD", "")
    return pathlib.Path(choice).resolve() if choice else BUILD / "libdl-relink.so"


def empty_preload():
    """A library without anything: what a process with one more preload looks like under the original."""
    path = cache_folder() / "empty" / "libdl-relink.so"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        subprocess.run([*compiler("gcc"), "-shared", "-nostdlib", "-Wl,-soname,libdl-relink.so", "-o", str(path), "-xc", "/dev/null"],
                       check=True)
    return path


# Thread-local variables through descriptors, and the CPU's other way if descriptors are the usual one.
# Debian 12's gcc knows none for riscv64, but a word must stand here.
TLSDESC = {"x86_64": "-mtls-dialect=gnu2", "aarch64": "-mtls-dialect=desc", "riscv64": "-ftls-model=global-dynamic"}
TRADITIONAL_TLS = {"aarch64": ["-mtls-dialect=trad"]}


def compiler(name, libc="glibc"):
    """The words that call a compiler driver for the CPU and libc."""
    if not IS_FOREIGN:
        return [name if libc == "glibc" else "musl-" + name]
    if libc == "glibc":
        return [f"{CPU}-linux-gnu-{name}"]
    # Debian has no wrapper for this, but its specs.  libgcc's outlined atomics are made for glibc.
    options = {"aarch64": ["-mno-outline-atomics"]}
    return [f"{CPU}-linux-gnu-{name}", "-specs", f"/usr/lib/{CPU}-linux-musl/musl-gcc.specs", *options.get(CPU, [])]


def place(linker, path):
    """Put a copy of a linker at a path in one step, so that both linkers can be run under the very same name."""
    fresh = path.with_name(path.name + ".fresh")
    shutil.copyfile(linker, fresh)
    fresh.chmod(0o755)
    fresh.rename(path)


def cache_folder():
    """Where built scenarios are kept between sessions. World-readable: set-user-id scenarios run as another user."""
    choice = os.environ.get("RELINK_TEST_CACHE")
    folder = pathlib.Path(choice) if choice else pathlib.Path(f"/tmp/relink-tests-{os.getuid()}")
    folder = folder / CPU if IS_FOREIGN else folder
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise SystemExit(f"{folder} belongs to somebody else")
    return folder
