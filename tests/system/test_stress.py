"""Opening, using and closing 200 generated libraries from eight threads, with forks: tests/stress."""

import os
import pathlib
import subprocess
import sys

import pytest

import linkers

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "stress"))

import build  # noqa: E402

pytestmark = pytest.mark.scenario


@pytest.fixture(scope="module")
def workshop():
    folder = linkers.cache_folder() / "stress"
    build.build(folder)
    return folder


def run(workshop, linker, seconds, **environment):
    """The original fails this: a child it forks may inherit a half-opened library, and it loses static TLS by closing."""
    result = subprocess.run([linker, workshop / "stress", str(seconds)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            timeout=seconds * 2 + 60, env={**os.environ, "STRESS_VERBOSE": "1", **environment})
    assert result.returncode == 0 and result.stdout.endswith("ok\n"), result.stdout


def test_shortly(workshop, linker):
    run(workshop, linker, 10)


def test_shortly_preloaded(workshop, preload):
    # Four libraries have static TLS: they stay, with the two that each needs, once closing would cost the host too much.
    run(workshop, linkers.ORIGINAL, 10, LD_PRELOAD=str(preload), STRESS_KEPT=str(4 * 3 * 5))


@pytest.mark.long
def test_five_minutes(workshop, linker):
    run(workshop, linker, 300)


@pytest.mark.long
def test_five_minutes_preloaded(workshop, preload):
    run(workshop, linkers.ORIGINAL, 300, LD_PRELOAD=str(preload))


@pytest.fixture(scope="module")
def instrumented():
    """The stress program with the engine and libdl compiled into it, instrumented by the thread sanitizer."""
    target = "tests/stress/stress-threads"
    if not (linkers.BUILD / "build.ninja").exists():
        pytest.skip(f"{linkers.BUILD} is no build folder")
    known = subprocess.run(["ninja", "-C", linkers.BUILD, "-t", "query", target], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if known.returncode != 0:
        pytest.skip("this compiler has no thread sanitizer")
    subprocess.run(["ninja", "-C", linkers.BUILD, target], check=True, stdout=subprocess.DEVNULL)
    return linkers.BUILD / target


def run_instrumented(workshop, program, seconds):
    # A child of a fork may make threads: the sanitizer does not follow them well, but there are none here.
    environment = {**os.environ, "LD_LIBRARY_PATH": str(workshop), "STRESS_VERBOSE": "1",
                   "TSAN_OPTIONS": "die_after_fork=0 history_size=7 exitcode=66"}
    result = subprocess.run([program, str(seconds)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            timeout=seconds * 4 + 120, env=environment)
    assert result.returncode == 0 and result.stdout.endswith("ok\n") and "WARNING" not in result.stdout, result.stdout


def test_shortly_under_thread_sanitizer(workshop, instrumented):
    run_instrumented(workshop, instrumented, 10)


@pytest.mark.long
def test_five_minutes_under_thread_sanitizer(workshop, instrumented):
    run_instrumented(workshop, instrumented, 300)


def test_engine_under_thread_sanitizer(tmp_path):
    names = ("base/heap.c", "elf/image.c", "link/address.c", "link/readers.c", "link/scope.c", "link/unique.c")
    sources = [ROOT / "ldso" / name for name in names]
    program = tmp_path / "engine"
    # The sanitizer does not know fences: the address table, which needs them, has atomic words only.
    subprocess.run(["gcc", "-std=gnu17", "-O1", "-g", "-fsanitize=thread", "-Wno-tsan", "-pthread", ROOT / "tests/stress/engine.c",
                    *sources, "-o", program], check=True)
    result = subprocess.run([program, "5"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    assert result.returncode == 0 and result.stdout == "ok\n", result.stdout
