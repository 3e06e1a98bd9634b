"""At least 99 of 100 programs of this machine answer the same under the linker under test."""

import json
import os
import pathlib

import pytest

import linkers
import programs

SHARE_MIN = 0.99
pytestmark = pytest.mark.programs


@pytest.fixture(scope="module")
def report(linker, request):
    try:
        result = programs.run_all(linker)
    except (OSError, EOFError) as error:
        pytest.fail(f"cannot make the worlds the programs run in: {error}")
    path = pathlib.Path(os.environ.get("PROGRAMS_REPORT", linkers.ROOT / "build" / "programs.json"))
    if path.parent.is_dir():
        path.write_text(json.dumps(result, indent="\t") + "\n")
    request.config.report_lines.append(programs.summary(result))
    for entry in result["different"]:
        modes = ", ".join(mode for mode in ("command", "mounted") if entry[mode])
        request.config.report_lines.append(f"  different: {entry['program']} {entry['question']} ({modes})")
    return result


@pytest.mark.parametrize("mode", ["command", "mounted"])
def test_programs(report, mode):
    different = [r for r in report["different"] if r[mode]]
    text = "\n".join(f"{r['program']} {r['question']}: {r[mode]}" for r in different)
    assert report["compared"] > 100, "too few programs to say anything"
    if report["counts"][mode]["same"] < SHARE_MIN * report["compared"]:
        pytest.fail(programs.summary(report) + "\n" + text, pytrace=False)
