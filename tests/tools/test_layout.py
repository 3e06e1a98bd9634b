"""The glibc layout tables: extraction from debug information, the data, and the generated C file."""

import copy
import importlib
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "glibc-layout"))
extract = importlib.import_module("extract")
generate = importlib.import_module("generate")

# Bit-fields that begin a word, cross a byte and follow a plain member; members of anonymous unions; arrays of structs.
SAMPLE = """
struct inner { long first; int second; };
struct sample {
	int before;
	unsigned one:2, two:1, three:6;
	union { void *left; struct { char right; short farther; }; };
	struct inner array[3];
	unsigned char last:1, after:3;
} sample;
"""
PLACES = {
    "before": [0, 4, None], "one": [4, 4, 0], "two": [4, 4, 2], "three": [4, 4, 3], "left": [8, 8, None],
    "right": [8, 1, None], "farther": [10, 2, None], "array": [16, 48, None], "array.#": [3, 16, None],
    "array[1].second": [40, 4, None], "last": [64, 1, 0], "after": [64, 1, 1],
}


def content(row):
    return {key: value for key, value in row.items() if key not in ("labels", "transient")}


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("dwarf", ["-gdwarf-3", "-gdwarf-4", "-gdwarf-5"])
def test_members(tmp_path, monkeypatch, compiler, dwarf):
    if not shutil.which(compiler):
        pytest.skip(f"no {compiler}")
    (tmp_path / "sample.c").write_text(SAMPLE)
    subprocess.run([compiler, dwarf, "-c", "sample.c", "-o", "sample.o"], cwd=tmp_path, check=True)
    monkeypatch.setattr(extract.fields, "sections", lambda: [("sample", "sample", [])])
    found = extract.structures(str(tmp_path / "sample.o"), {})["sample"]
    assert {name: found[name] for name in PLACES} == PLACES
    assert found["sizeof"][0] == 72


def test_data_is_in_its_own_form():
    rows = extract.load()
    with open(extract.DATA, encoding="utf-8") as file:
        assert file.read() == extract.text_of(rows)
    labels = [(row["machine"], label) for row in rows for label in row["labels"]]
    assert len(labels) == len(set(labels))


def test_table_is_up_to_date():
    with open(generate.OUTPUT, encoding="utf-8") as file:
        assert file.read() == generate.text_of(extract.load())


def test_this_machine():
    """The debug information of the installed libc, if it is there, gives a row of the data."""
    try:
        row = extract.read(["/"], "this machine")
    except SystemExit as reason:
        pytest.skip(str(reason))
    known = [other for other in extract.load() if content(other) == row]
    assert known, extract.text_of([{"labels": ["this machine"], **row}])
    version = pathlib.Path("/etc/debian_version")
    if version.exists() and version.read_text().startswith("12."):
        assert "Debian 2.36" in known[0]["labels"]


def test_equal_state_only_adds_its_label():
    rows = extract.load()
    count, row = len(rows), content(copy.deepcopy(rows[-1]))
    extract.merge(rows, "9.99 other", row)
    assert len(rows) == count and "9.99 other" in rows[-1]["labels"]
    row["link_map"]["l_scope"] += 8
    extract.merge(rows, "9.99 other", row)
    assert len(rows) == count + 1
    assert [other["labels"] for other in rows if "9.99 other" in other["labels"]] == [["9.99 other"]]


def test_rows_that_cannot_be_told_apart_are_refused():
    rows = extract.load()
    row = copy.deepcopy(rows[-1])
    row["labels"] = ["9.99 other"]
    row["link_map"]["l_scope"] += 8
    with pytest.raises(SystemExit, match="told apart"):
        generate.text_of(rows + [row])
    row["transient"] = True
    assert "Taken for it: 9.99 other" in generate.text_of(rows + [row])
