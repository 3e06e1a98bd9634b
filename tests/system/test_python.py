"""Test modules of Python's own that load, thread and call into libraries: the same outcome of every test with the system's linker,
with ld-relink.so lying over it, and under the preload."""

import glob
import os
import pathlib
import re
import subprocess
import xml.etree.ElementTree

import pytest

import linkers

pytestmark = [pytest.mark.commands, pytest.mark.long]

# Seconds that a run may take, with the original and with ours.
MODULES = {"test_ctypes": 240, "test_importlib": 480, "test_ssl": 480, "test_sqlite3": 240, "test_threading": 900}


def interpreters():
    """Of the system first; of pyenv those that are newest."""
    versions = glob.glob(os.path.expanduser("~/.pyenv/versions/*/bin/python3"))
    newest = sorted(versions, key=lambda path: [int(part) for part in re.findall(r"\d+", path)], reverse=True)
    return [path for path in ["/usr/bin/python3", *newest] if os.access(path, os.X_OK)]


def interpreter_with(module):
    for python in interpreters():
        found = subprocess.run([python, "-c", f"import test.{module}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env={"PATH": "/usr/bin:/bin"})
        if found.returncode == 0:
            return python
    return None


def run(python, module, linker, folder, preload=None):
    """The exit status, and how each test ended."""
    folder.mkdir(exist_ok=True)
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(folder), "TMPDIR": str(folder), "LINKER": str(linker)}
    command = [python, "-m", "test", "-u", "none", "--junit-xml", str(folder / "report.xml"), module]
    if preload is not None:
        command = ["/usr/bin/env", f"LD_PRELOAD={preload}", *command]
    tool = linkers.ROOT / "tests" / "with-linker.py"
    result = subprocess.run(["/usr/bin/python3", tool, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, errors="replace", cwd=folder, env=environment, timeout=MODULES[module])
    if "unshare" in result.stdout:
        pytest.skip("no mount namespaces here")
    assert (folder / "report.xml").exists(), result.stdout[-3000:]
    return result.returncode, outcomes_read(folder / "report.xml")


def outcomes_read(path):
    """How each test ended: an element says what went wrong, or that it was skipped."""
    outcomes = {}
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        ended = [child.tag for child in case if child.tag not in ("system-out", "system-err")]
        outcomes.setdefault(case.get("name"), []).append((case.get("result"), *ended))
    return {name: sorted(ends) for name, ends in outcomes.items()}


def differences(expected, actual):
    names = sorted(set(expected[1]) | set(actual[1]))
    lines = [f"{name}: {expected[1].get(name)} / {actual[1].get(name)}" for name in names if expected[1].get(name) != actual[1].get(name)]
    if expected[0] != actual[0]:
        lines.append(f"exit status: {expected[0]} / {actual[0]}")
    return lines


@pytest.mark.parametrize("way", ["linker", "preload"])
@pytest.mark.parametrize("module", MODULES)
def test_module(module, way, linker, preload, tmp_path, expectations, request):
    python = interpreter_with(module)
    if python is None:
        pytest.skip(f"no Python here has {module} (Debian: libpython3-testsuite)")
    for attempt in range(2):  # some tests race with the clock: a difference counts if it shows twice
        if module not in expectations or attempt > 0:
            expectations[module] = run(python, module, "original", tmp_path / f"original-{attempt}")
        actual = run(python, module, linker if way == "linker" else "original", tmp_path / f"ours-{attempt}", preload if way == "preload" else None)
        lines = differences(expectations[module], actual)
        if not lines:
            count = sum(map(len, actual[1].values()))
            request.config.report_lines.append(f"{module}, {way}: {count} tests, exit {actual[0]}, {pathlib.Path(python).resolve().name}")
            return
    pytest.fail("original / ours:\n" + "\n".join(lines), pytrace=False)


@pytest.fixture(scope="module")
def expectations():
    return {}
