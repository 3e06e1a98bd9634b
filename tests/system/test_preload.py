"""Scenarios in a process of the system's linker, with libdl-relink.so preloaded and with an empty library of that name in its
place (for programs list their libraries and their environment): what they print must be the same."""

import pytest

import difference
import linkers
import scenario

# Where the two may differ, and why.
DIFFERENCES = {
}


def cases():
    for one in scenario.all_scenarios():
        for run in one.runs:
            if "interp" in run.modes and not run.keys.get("user") and not run.keys.get("setuid"):
                marks = [pytest.mark.scenario] + ([pytest.mark.long] if run.keys.get("long") else [])
                yield pytest.param(run, id=f"{run.identifier}-preload", marks=marks)


@pytest.mark.parametrize("run", cases())
def test_scenario(run, preload):
    reason = run.skip_reason() or DIFFERENCES.get(run.identifier) or DIFFERENCES.get(run.scenario.name)
    if reason:
        pytest.skip(reason)
    with run.scenario.prepared():
        expected = run.outcome(linkers.ORIGINAL, "interp", linkers.empty_preload())
        actual = run.outcome(linkers.ORIGINAL, "interp", preload)
    text = difference.describe(expected, actual)
    if text:
        pytest.fail(text, pytrace=False)
