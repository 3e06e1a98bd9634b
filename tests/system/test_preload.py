"""Scenarios in a process of the system's linker, with libdl-relink.so preloaded and with an empty library of that name in its
place (for programs list their libraries and their environment): what they print must be the same."""

import re

import pytest

import difference
import linkers
import scenario

# A program that prints how many program headers each library has: an empty library has fewer.
OWN_HEADERS = re.compile(rb"libdl-relink\.so: \d+ headers")


def cases():
    for one in scenario.all_scenarios():
        for run in one.runs:
            if "interp" in run.modes and not run.keys.get("user") and not run.keys.get("setuid"):
                marks = [pytest.mark.scenario] + ([pytest.mark.long] if run.keys.get("long") else [])
                yield pytest.param(run, id=f"{run.identifier}-preload", marks=marks)


@pytest.mark.parametrize("run", cases())
def test_scenario(run, preload):
    if run.skip_reason():
        pytest.skip(run.skip_reason())
    with run.scenario.prepared():
        expected = run.outcome(linkers.ORIGINAL, "interp", linkers.empty_preload())
        actual = run.outcome(linkers.ORIGINAL, "interp", preload)
    for outcome in (expected, actual):
        outcome.stdout = OWN_HEADERS.sub(b"libdl-relink.so: some headers", outcome.stdout)
    text = difference.describe(expected, actual)
    if text:
        pytest.fail(text, pytrace=False)
