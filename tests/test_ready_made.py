"""Samples of other tools."""

import json
from pathlib import Path

import pytest
from conftest import Csb
from make import export, talk

from chatstylebot.corpus import ready_made
from chatstylebot.errors import UserError

ALPACA = {"instruction": "q", "input": "more", "output": "a", "history": [["x", "y"]]}
SHAREGPT = {
    "conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}, {"from": "gpt", "value": "b"}]
}
OPENAI = {
    "messages": [
        {"role": "system", "content": "s"},
        {"role": "user", "content": [{"type": "text", "text": "q"}]},
        {"role": "assistant", "content": "a"},
        {"role": "user", "content": "r"},
        {"role": "assistant", "content": "b"},
    ]
}


def made(path: Path, *rows: object, lines: bool = False) -> ready_made.ReadyMade:
    text = "\n".join(map(json.dumps, rows)) if lines else json.dumps(rows)
    path.write_text(text)
    return ready_made.read(path, 5, "prompt")


@pytest.mark.parametrize("lines", [False, True])
def test_three_formats_become_one(lines: bool, tmp_path: Path) -> None:
    path = tmp_path / ("a.jsonl" if lines else "a.json")
    assert made(path, ALPACA, lines=lines).samples == [
        {"instruction": "q\nmore", "input": "", "output": "a", "system": "prompt", "history": [["x", "y"]]}
    ]
    assert ready_made.detect(path) == "alpaca"
    assert [s["output"] for s in made(path, SHAREGPT, lines=lines).samples] == ["a\nb"]
    assert ready_made.detect(path) == "sharegpt"
    first, second = made(path, OPENAI, lines=lines).samples
    assert (first["system"], first["instruction"], second["history"]) == ("s", "q", [["q", "a"]])
    assert ready_made.detect(path) == "openai"


def test_what_is_no_sample_is_counted(tmp_path: Path) -> None:
    found = made(tmp_path / "a.json", ALPACA, ALPACA, {"instruction": "q", "output": ""}, 7, {"messages": []})
    assert len(found.samples) == 1
    assert (found.read, dict(found.dropped)) == (5, {"duplicate_sample": 1, "no_sample": 3})


def test_preferences_are_refused_with_the_right_command(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([{"conversations": [], "chosen": {}, "rejected": {}}]))
    with pytest.raises(UserError) as caught:
        ready_made.detect(tmp_path / "a.json")
    assert "csb train dpo" in caught.value.remedy


def test_a_chat_export_is_not_taken_for_samples(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"name": "A", "messages": [{"id": 1, "type": "message"}]}))
    assert ready_made.detect(path) is None
    assert ready_made.detect(export(tmp_path / "a.csv", talk("A: a", "me: b"))) is None


def test_they_are_redacted_split_and_registered(csb: Csb, place: Path) -> None:
    rows = [
        {"instruction": f"call 1381234567{n}", "output": f"ok {n}", "history": [[f"1391234567{n}", "y"]]}
        for n in range(10)
    ]
    (place / "mine.json").write_text(json.dumps(rows))
    done = csb("preprocess", "mine.json", "--report", "r.json")
    train, dev = (json.loads((place / "data" / f"chat_records{x}.json").read_text()) for x in ("", "_dev"))
    assert (len(train), len(dev)) == (9, 1)
    assert "138123" not in json.dumps(train + dev)
    assert "139123" not in json.dumps(train + dev)
    assert "chat_records" in json.loads((place / "data" / "dataset_info.json").read_text())
    assert "10 rows → 10 samples (9 train, 1 dev)" in done.stdout
    assert json.loads((place / "r.json").read_text())["samples_in"] == 10


def test_samples_and_chats_are_not_mixed(csb: Csb, place: Path) -> None:
    (place / "s.json").write_text(json.dumps([ALPACA]))
    export(place / "m.csv", talk("A: a", "me: b"))
    assert "one by one" in csb("preprocess", "s.json", "m.csv", code=1).stderr


def test_the_user_s_words_and_the_prompt_are_hidden_and_dropped_samples_are_counted(csb: Csb, place: Path) -> None:
    rows = [
        {"instruction": "项目凤凰如何", "output": "好", "system": "你是小满，电话13812345678"},
        {"instruction": "吃了吗", "output": "没", "system": "s"},
    ]
    (place / "mine.json").write_text(json.dumps(rows))
    (place / "words.txt").write_text("凤凰\n", "utf-8")
    csb("preprocess", "mine.json", "--block", "words.txt", "--heldout", "0")
    [first, _] = json.loads((place / "data/chat_records.json").read_text("utf-8"))
    assert (first["instruction"], first["system"]) == ("项目[屏蔽1]如何", "你是小满，电话[电话1]")
    csb("preprocess", "mine.json", "--privacy", "drop", "--heldout", "0", "--report", "r.json")
    told = json.loads((place / "r.json").read_text())
    assert (told["samples_in"], told["samples"], told["dropped"]) == (2, 1, {"private": 1})


def test_an_option_that_needs_chats_is_refused(csb: Csb, place: Path) -> None:
    (place / "s.json").write_text(json.dumps([ALPACA]))
    done = csb("preprocess", "s.json", "--exclude", "Ann", "--since", "2023", code=1)
    assert "--exclude, --since can do nothing" in done.stderr
