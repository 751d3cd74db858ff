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
    found = ready_made.read(path, 5)
    ready_made.prompted(found, "prompt", lambda sample: sample)
    return found


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
    assert (found.read, dict(found.dropped)) == (
        5,
        {"duplicate_sample": 1, "no_question_or_answer": 1, "not_an_object": 1, "unknown_form": 1},
    )
    path = tmp_path / "a.json"
    assert found.examples["not_an_object"] == f"{path} row 4"


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


def test_parts_of_a_text_are_joined_as_they_are_written(tmp_path: Path) -> None:
    parts = [
        {"type": "text", "text": "on the "},
        {"type": "image_url", "image_url": {}},
        {"type": "text", "text": "left\n"},
    ]
    row = {"messages": [{"role": "user", "content": parts}, {"role": "assistant", "content": ["so ", "what"]}]}
    (sample,) = made(tmp_path / "a.json", row).samples
    assert (sample["instruction"], sample["output"]) == ("on the left", "so what")


def test_a_developer_s_prompt_is_a_system_prompt_and_a_model_answers(tmp_path: Path) -> None:
    rows = [
        {"role": "developer", "content": "be Mo"},
        {"role": "user", "content": "q"},
        {"role": "model", "content": "a"},
    ]
    (sample,) = made(tmp_path / "a.json", {"messages": rows}).samples
    assert (sample["system"], sample["output"]) == ("be Mo", "a")


@pytest.mark.parametrize(("reply", "prompt"), [("on the table, as ever", "You are texting"), ("在桌上呢", "朋友")])
def test_the_language_is_that_of_the_samples(preprocess: Csb, place: Path, reply: str, prompt: str) -> None:
    rows = [{"instruction": f"q{n}", "input": "", "output": f"{reply} {n}"} for n in range(3)]
    (place / "s.json").write_text(json.dumps(rows), "utf-8")
    preprocess("s.json", "--heldout", "0")
    assert prompt in json.loads((place / "data/chat_records.json").read_text("utf-8"))[0]["system"]


@pytest.mark.parametrize("lines", [True, False])
def test_samples_that_are_cut_off_are_an_error_and_partial_takes_them(csb: Csb, place: Path, lines: bool) -> None:
    rows = [json.dumps({"instruction": f"q{n}", "output": f"a{n}"}) for n in range(3)]
    text = "\n".join(rows) if lines else f"[{', '.join(rows)}]"
    path = place / ("s.jsonl" if lines else "s.json")
    path.write_text(text[: text.rindex("a2") + 1])
    refused = csb("preprocess", path.name, code=1)
    assert f"{path.name} is cut off in the middle: 2 rows could be read" in refused.stderr
    assert "--partial" in refused.stderr
    assert not (place / "data").exists()
    csb("preprocess", path.name, "--partial", "--heldout", "0")
    assert [s["output"] for s in json.loads((place / "data/chat_records.json").read_text())] == ["a0", "a1"]


def test_a_list_that_is_wrong_in_its_middle_is_not_taken_for_a_short_one(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"instruction": "q", "output": "a"} {"instruction": 7, "out]put": oops}, {}]')
    with pytest.raises(UserError, match="is not whole JSON"):
        ready_made.read(tmp_path / "a.json", 5, partial=True)


def test_inspect_says_what_to_do_with_samples(csb: Csb, place: Path) -> None:
    (place / "s.json").write_text(json.dumps([{"instruction": "q", "output": "a"}]))
    refused = csb("inspect", "s.json", code=1).stderr
    assert "s.json holds ready-made samples, not chats" in refused
    assert "try: csb preprocess s.json" in refused


def test_a_row_without_an_answer_is_named_with_its_file(csb: Csb, place: Path) -> None:
    for folder, rows in (("one", [{"instruction": "q", "output": "a"}]), ("two", [{"instruction": "q", "output": ""}])):
        (place / folder).mkdir()
        (place / folder / "a.json").write_text(json.dumps(rows))
    told = csb("preprocess", "one/a.json", "two/a.json", "--heldout", "0")
    assert "1 no_question_or_answer (first: two/a.json row 1)" in told.stdout
