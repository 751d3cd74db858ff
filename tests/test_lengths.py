"""How long samples are, in tokens."""

import json
from pathlib import Path

import pytest

from chatstylebot.training import lengths
from chatstylebot.training.dataset_files import Dataset


def test_a_chinese_character_is_a_token_and_so_are_three_latin_letters() -> None:
    assert lengths.estimated(["你好", "abcdef", "好abc", ""]) == [2, 2, 2, 0]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"instruction": "hi", "input": "", "output": "yo", "system": "be", "history": [["a", "b"]]},
         ["hi", "yo", "be", "a", "b"]),
        ({"conversations": [{"from": "human", "value": "hi"}], "chosen": {"from": "gpt", "value": "long"},
          "rejected": {"from": "gpt", "value": "no"}}, ["hi", "long"]),
        ({"messages": [{"role": "user", "content": "hi"}], "label": True}, ["hi"]),
        ({"text": "all of it"}, ["all of it"]),
    ],
)  # fmt: skip
def test_all_that_is_said_in_a_row_is_found(row: object, said: list[str]) -> None:
    assert list(lengths.texts(row)) == said


def test_samples_are_looked_at_all_over_the_file(tmp_path: Path) -> None:
    rows = [{"text": "x" * (3 if number < 3000 else 300)} for number in range(6000)]
    path = tmp_path / "a.json"
    for text in ("[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n", json.dumps(rows)):
        path.write_text(text, "utf-8")
        found = lengths.of(Dataset("a", {}, path, 6000), tmp_path)
        assert (len(found), set(found[:1000]), set(found[1000:])) == (2000, {9}, {108})


def test_what_the_engine_fetches_is_not_known(tmp_path: Path) -> None:
    assert lengths.of(Dataset("a", {}, None, 0), tmp_path) == []
