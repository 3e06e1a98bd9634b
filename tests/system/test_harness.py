"""A harness that cannot fail is worth nothing: broken linkers must be noticed by every tier."""

import shutil

import pytest

import difference
import linkers
import programs
import scenario

pytestmark = pytest.mark.harness
SAMPLE = ("hello", "kernel-arguments", "tls-models", "errors-missing", "init-order", "versions")


@pytest.fixture(scope="module")
def broken_linkers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("broken")
    shutil.copy("/bin/true", folder / "does-nothing.so")
    shutil.copy("/bin/echo", folder / "echoes.so")
    content = linkers.ORIGINAL.read_bytes()
    (folder / "truncated.so").write_bytes(content[:len(content) // 2])
    (folder / "truncated.so").chmod(0o755)
    return sorted(folder.iterdir())


def sample_runs():
    return [run for one in scenario.all_scenarios() if one.name in SAMPLE for run in one.runs]


def test_every_scenario_notices(broken_linkers):
    unnoticed = []
    for run in sample_runs():
        if run.skip_reason():
            continue
        with run.scenario.prepared():
            for mode in run.modes:
                expected = run.outcome(linkers.ORIGINAL, mode)
                unnoticed += [(linker.name, run.identifier, mode) for linker in broken_linkers
                              if not difference.describe(expected, run.outcome(linker, mode))]
    assert not unnoticed


def test_the_original_passes():
    for run in sample_runs()[:6]:
        with run.scenario.prepared():
            for mode in run.modes:
                assert not difference.describe(run.outcome(linkers.ORIGINAL, mode),
                                               run.outcome(linkers.ORIGINAL, mode))


def test_programs_notice(broken_linkers):
    for linker in broken_linkers:
        report = programs.run_all(linker, names=("ls", "bash", "cat", "sed"), jobs=1)
        assert report["compared"] == 4
        assert [report["counts"][mode]["different"] for mode in ("command", "mounted")] == [4, 4], linker.name
