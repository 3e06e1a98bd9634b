"""Random libraries and random requests (tests/random): what is printed is the same under the original and under ld-relink.so, and
with an empty library and with libdl-relink.so preloaded.

RELINK_RANDOM_COUNT sets the number of graphs of libraries for each test, RELINK_RANDOM_SEED the first one's seed.
"""

import os
import pathlib
import random
import shutil
import sys

import pytest

import difference
import linkers
import process

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "random"))

import graphs  # noqa: E402

COUNT = int(os.environ.get("RELINK_RANDOM_COUNT", "0"))
SEED = int(os.environ.get("RELINK_RANDOM_SEED", "1"))
REQUESTS = 5  # lists of requests for each graph

# With glibc's older way to sort objects, too.
OLDER_SORT = {"GLIBC_TUNABLES": "glibc.rtld.dynamic_sort=1"}
# Kind, libc, environment, and whether the preload is compared, too.
CASES = [("rings", "glibc", {}, True), ("rings", "glibc", OLDER_SORT, True), ("rings", "musl", {}, True),
         ("family", "glibc", {}, True), ("family", "musl", {}, False)]
NAMES = ["rings", "rings-older-sort", "rings-musl", "family", "family-musl"]

pytestmark = pytest.mark.scenario


def outcomes(folder, libc, requests, environment, linker=None, preload=None):
    """One linker, or a preload under the original, at the place where the driver expects it."""
    shared = folder.parent
    linkers.place(linker or linkers.ORIGINALS[libc], shared / linkers.NAMES[libc])
    if preload:
        linkers.place(preload, shared / "libdl-relink.so")
        environment = environment | {"LD_PRELOAD": str(shared / "libdl-relink.so")}
    return [process.run([shared / "driver", *words], cwd=folder, environment=environment) for words in requests]


def compare(folder, case, seed, linker, preload):
    """The differences, with the seed that leads there again."""
    kind, libc, environment, with_preload = case
    dice = random.Random(seed)
    libraries = graphs.KINDS[kind].libraries(dice)
    graphs.build(folder, libraries, libc)
    requests = [graphs.KINDS[kind].requests(dice, libraries) for _ in range(REQUESTS)]
    original = outcomes(folder, libc, requests, environment)
    assert all(one.stdout for one in original)
    pairs = [("linker", original, outcomes(folder, libc, requests, environment, linker=linker))]
    if with_preload:
        # A library that is opened with RTLD_DEEPBIND and needs libc has the host's functions (docs/preload.md).
        requests = [[graphs.without_deep_binding(word) for word in words] for words in requests]
        pairs.append(("preload", outcomes(folder, libc, requests, environment, preload=linkers.empty_preload()),
                      outcomes(folder, libc, requests, environment, preload=preload)))
    found = []
    for name, expected, actual in pairs:
        for one, other in zip(expected, actual):
            text = difference.describe(one, other)
            if text:
                found.append(f"RELINK_RANDOM_SEED={seed}, {name}:\n{text}")
    return found


def compare_all(case, tmp_path, linker, preload, count):
    libc = case[1]
    if linkers.IS_FOREIGN or not shutil.which(linkers.compiler("gcc", libc)[0]):
        pytest.skip("no compiler, or another CPU")
    graphs.build_driver(tmp_path, libc)
    found, left = [], []
    for seed in range(SEED, SEED + (COUNT or count)):
        folder = tmp_path / str(seed)
        folder.mkdir()
        texts = compare(folder, case, seed, linkers.under_test(libc), preload)
        found += texts
        if texts:
            left.append(folder)
        else:
            shutil.rmtree(folder)
    if found:
        pytest.fail(f"{len(found)} differences, in {len(left)} graphs; the libraries lie in {left[0]}\n" + "\n".join(found[:3]),
                    pytrace=False)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_shortly(case, tmp_path, linker, preload):
    compare_all(case, tmp_path, linker, preload, 6)


@pytest.mark.long
@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_long(case, tmp_path, linker, preload):
    compare_all(case, tmp_path, linker, preload, 200)
