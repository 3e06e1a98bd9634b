"""Races show only now and then: the scenarios with threads, many times in a row."""

import pytest

import difference
import linkers
import scenario

pytestmark = [pytest.mark.scenario, pytest.mark.long]
TIMES = {"tls-threads-open": 100, "dlfcn-threads": 50, "lazy-threads": 100, "lazy-signal": 100, "fork-and-libraries": 100,
         "threads-and-processes": 50, "cxx-threads": 50}


@pytest.mark.parametrize("name", TIMES)
def test_many_times(name, linker):
    run = next(one for one in scenario.all_scenarios() if one.name == name).runs[0]
    with run.scenario.prepared():
        expected = run.outcome(linkers.ORIGINAL, "interp")
        for number in range(TIMES[name]):
            text = difference.describe(expected, run.outcome(linker, "interp"))
            if text:
                pytest.fail(f"run {number + 1} of {TIMES[name]}: {text}", pytrace=False)
