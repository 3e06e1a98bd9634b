"""The scenarios with a later musl than this machine's: Debian 13's, unpacked into the cache.  Elsewhere: tests/with-musl.py."""

import os
import subprocess
import sys

import pytest

import debian
import linkers

pytestmark = [pytest.mark.scenario, pytest.mark.skipif(linkers.IS_FOREIGN, reason="only for this machine's own CPU")]
SUITE, SECONDS = "trixie", 900


def test_later_musl():
    if "MUSL" in os.environ:
        pytest.skip("this is a later musl")
    if not linkers.ORIGINALS["musl"].exists():
        pytest.skip("not installed: musl")
    try:
        folder = debian.Archive(SUITE).package("musl")
    except debian.Unavailable as error:
        pytest.skip(f"cannot be had here: {error}")
    libraries = [path for path in folder.rglob("libc.so") if path.is_file() and not path.is_symlink()]
    assert len(libraries) == 1, libraries
    cache = linkers.cache_folder() / "later-musl"
    cache.mkdir(exist_ok=True)
    result = subprocess.run(
        [linkers.ROOT / "tests" / "with-musl.py", sys.executable, "-m", "pytest", "-q", "system/test_scenarios.py",
         "system/test_fdlopen.py", "-m", "scenario and not long", "-k", "musl"], cwd=linkers.ROOT / "tests", capture_output=True,
        text=True, timeout=SECONDS, env=os.environ | {"MUSL": str(libraries[0]), "RELINK_TEST_CACHE": str(cache)})
    assert result.returncode == 0 and " passed" in result.stdout, result.stdout[-8000:] + result.stderr[-2000:]
