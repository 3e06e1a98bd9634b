"""Options, the linker under test, and building scenarios ahead on both cores."""

import concurrent.futures
import os

import pytest

import linkers
import scenario


def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true", help="record the original's error texts anew")


def pytest_configure(config):
    config.report_lines = []


def pytest_report_header(config):
    return f"linker under test: {linkers.under_test()}"


def pytest_terminal_summary(terminalreporter, config):
    for line in config.report_lines:
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def linker():
    path = linkers.under_test()
    if not path.exists():
        pytest.fail(f"there is no {path}: build first, or set LINKER", pytrace=False)
    return path


@pytest.fixture(scope="session")
def preload():
    path = linkers.preload_under_test()
    if not path.exists():
        pytest.fail(f"there is no {path}: build first, or set PRELOAD", pytrace=False)
    return path


def pytest_collection_finish(session):
    if session.config.option.collectonly:
        return
    wanted = {item.callspec.params["run"].scenario.name: item.callspec.params["run"] for item in session.items
              if "run" in getattr(getattr(item, "callspec", None), "params", {})}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for run in wanted.values():
            if not run.skip_reason():
                pool.submit(build, run.scenario)


def build(one):
    """Build ahead; what fails is told by the test."""
    with one.prepared():
        pass


def pytest_collection_modifyitems(config, items):
    """What is marked long runs only when asked for: -m long, or RELINK_TEST_ALL=1."""
    if os.environ.get("RELINK_TEST_ALL") or "long" in (config.option.markexpr or ""):
        return
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.skip(reason="long: RELINK_TEST_ALL=1 runs it"))
