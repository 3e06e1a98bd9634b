"""Threads against the placing of TLS: tests/threads.  What the original fails at is asked of ours alone: there, a thread that is
being made misses the library's initial values, and a variable that is touched while it is placed is in two places."""

import subprocess

import pytest

import linkers
import process

pytestmark = pytest.mark.scenario

SOURCES = linkers.ROOT / "tests" / "threads"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls-threads")
    for name in ("fixed", "dynamic", "user"):
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", SOURCES / f"{name}.c", "-o", folder / f"lib{name}.so"], check=True)
    for name in ("birth", "race", "later"):
        subprocess.run(["gcc", "-O1", "-pthread", "-rdynamic", SOURCES / f"{name}.c", "-o", folder / name], check=True)
    return folder


def run(linker, folder, *arguments):
    if linker == linkers.ORIGINAL:
        pytest.skip("the original fails")
    return process.run([linker, *arguments], cwd=folder, seconds=120, address_space=0)


def test_static_later(folder, linker):
    """A library wants in static TLS what another one has, that was opened before and not touched yet."""
    expected = process.run([linkers.ORIGINAL, "./later"], cwd=folder)
    actual = process.run([linker, "./later"], cwd=folder)
    assert expected.status == 0 and b"initial" in expected.stdout
    assert (actual.stdout, actual.stderr, actual.status) == (expected.stdout, expected.stderr, expected.status)


def test_thread_being_made(folder, linker):
    result = run(linker, folder, "./birth")
    assert (result.stdout, result.status) == (b"opener: 7\nthread: 7\n", 0), result


def test_first_touch(folder, linker):
    result = run(linker, folder, "./race", "2000")
    assert (result.stdout, result.status) == (b"ok\n", 0), result
