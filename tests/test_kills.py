"""A small size of benchmarks/kills.py: kill -9 at random moments, and nothing torn, left, mistaken or stuck."""

import sys
from pathlib import Path

import pytest
from patience import LIMIT

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))

import kills

pytestmark = [pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="needs /proc to see the orphans")]


def test_a_killed_line_leaves_nothing_torn_and_the_same_line_ends_well() -> None:
    rows = kills.measure(10, 5, "preprocess|forget|rag|id-tag|corpus|download", patience=LIMIT)
    assert [told for row in rows.values() for told in row.told] == []
    assert set(rows) == {"preprocess", "forget", "rag", "id-tag", "corpus", "download"}
    assert sum(row.early for row in rows.values()) > 5


@pytest.mark.engine
def test_a_killed_training_takes_its_engine_along_and_goes_on() -> None:
    rows = kills.measure(1, 9, "train", patience=LIMIT)
    assert [told for row in rows.values() for told in row.told] == []
    assert rows["train"].kills == 1
