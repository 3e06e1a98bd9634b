"""Every scenario, under the original and under the linker under test, as a command and as PT_INTERP."""

import pytest

import difference
import linkers
import scenario


def cases():
    for one in scenario.all_scenarios():
        for run in one.runs:
            for mode in run.modes:
                marks = [pytest.mark.scenario] + ([pytest.mark.long] if run.keys.get("long") else [])
                yield pytest.param(run, mode, id=f"{run.identifier}-{mode}", marks=marks)


@pytest.mark.parametrize("run, mode", cases())
def test_scenario(run, mode, linker, request):
    if run.skip_reason():
        pytest.skip(run.skip_reason())
    failure = ""
    try:
        with run.scenario.prepared():
            expected = run.outcome(run.scenario.original, mode)
            is_beyond_emulator = linkers.IS_FOREIGN and expected.status != run.keys.get("exit", 0)
            actual = None if is_beyond_emulator else run.outcome(linker, mode)
    except scenario.BuildFailure as exception:
        failure = str(exception)
    if failure:
        pytest.fail(failure, pytrace=False)

    # The original must do what the scenario is about; otherwise the comparison would say nothing.
    if is_beyond_emulator:
        pytest.skip(f"the emulator cannot: {expected.status_text()} under the original")
    if expected.status != run.keys.get("exit", 0):
        pytest.fail(f"under the original: {expected.status_text()}\n{expected.stdout.decode(errors='replace')}"
                    f"{expected.stderr.decode(errors='replace')}\n{expected.command_line()}", pytrace=False)
    assert expected.stdout or expected.stderr, "a scenario that prints nothing cannot fail"
    if "golden" in run.keys:
        compare_golden(run, mode, expected, request.config.getoption("--update-golden"))

    text = difference.describe(expected, actual)
    if text:
        pytest.fail(text, pytrace=False)


def compare_golden(run, mode, expected, update):
    """The recorded text of an error, so that a change of the original itself is noticed."""
    name = run.keys["golden"]
    name += "" if run.scenario.libc == "glibc" else "-" + run.scenario.libc
    path = linkers.ROOT / "tests" / "golden" / "errors" / f"{name}-{mode}.txt"
    text = f"{expected.status_text()}\n".encode() + (expected.stdout + expected.stderr)
    text = text.replace(str(run.scenario.stage).encode(), b"@STAGE@")
    if update:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    assert path.read_bytes() == text, f"the original's text is no longer that of {path}"
