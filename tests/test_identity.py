"""Identity samples: tags filled, the template kept, the served prompt in every row."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from chatstylebot.errors import UserError
from chatstylebot.training import datasets, identity

ROWS = [
    {"instruction": "你是谁", "input": "", "output": "我是{{name}}，{{author}}做的"},
    {"instruction": "who are you", "input": "", "output": "{{ name }}, who else"},
    {"instruction": "hi", "input": "", "output": "hey"},
]


def fill(rows: list[dict[str, str]], name: str = "Mia", author: str = "Lin") -> identity.Filled:
    return identity.fill(rows, name, author, lambda row: f"system {identity.language(row)}")


def csb(folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """`csb id-tag` as a user types it."""
    line = [sys.executable, "-m", "chatstylebot", "id-tag", *argv]
    return subprocess.run(line, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)


def read(path: Path) -> list[dict[str, str]]:
    return json.loads(path.read_text("utf-8"))


def test_tags_are_filled_and_counted() -> None:
    done = fill(ROWS)
    assert [row["output"] for row in done.rows] == ["我是Mia，Lin做的", "Mia, who else", "hey"]
    assert (done.tags, done.touched) == ({"name": 2, "author": 1}, 2)
    assert [row["system"] for row in done.rows] == ["system zh", "system en", "system en"]


def test_the_template_is_not_changed_REC_12() -> None:
    before = json.dumps(ROWS)
    fill(ROWS)
    assert json.dumps(ROWS) == before


def test_a_system_text_of_the_row_s_own_stays() -> None:
    assert fill([{**ROWS[0], "system": "be {{name}}"}]).rows[0]["system"] == "be Mia"


def test_unknown_tags_are_an_error_that_names_them() -> None:
    with pytest.raises(UserError, match=r"\{\{nmae\}\}, \{\{you\}\}"):
        fill([{"instruction": "{{you}}", "output": "{{nmae}} {{name}}"}])


@pytest.mark.parametrize("rows", [[], [{"instruction": "hi", "output": "hey"}], [{"text": "{{name}}"}]])
def test_a_template_without_tags_or_samples_is_an_error(rows: list[dict[str, str]]) -> None:
    with pytest.raises(UserError):
        fill(rows)


@pytest.mark.parametrize("name", ['O"Brien', "back\\slash", "two\nlines", "{one}", "\\g<1> \\1", "阿明 😀"])
def test_any_name_goes_in_letter_by_letter(name: str, tmp_path: Path) -> None:
    done = csb(tmp_path, "--name", name, "--author", name)
    assert done.returncode == 0, done.stderr
    assert any(name in row["output"] for row in read(tmp_path / "data" / "identity.json"))


@pytest.mark.parametrize("name", ["a{{b", "{{name}}", "b}}", " "])
def test_a_name_that_reads_as_a_tag_is_refused(name: str) -> None:
    with pytest.raises(UserError):
        fill(ROWS, name=name)


def test_a_second_run_with_other_names_works(tmp_path: Path) -> None:
    first = csb(tmp_path, "--name", "Mia", "--author", "Lin")
    assert "tags filled" in first.stdout
    template = (tmp_path / "data" / "identity.template.json").read_bytes()
    second = csb(tmp_path, "--name", "Otto", "--author", "Ben")
    assert second.returncode == 0
    text = (tmp_path / "data" / "identity.json").read_text("utf-8")
    assert "Otto" in text
    assert "Mia" not in text
    assert "{{" not in text
    assert (tmp_path / "data" / "identity.template.json").read_bytes() == template


def test_an_output_that_holds_tags_is_the_template_and_is_kept_beside(tmp_path: Path) -> None:
    output = tmp_path / "mine.json"
    output.write_text(json.dumps(ROWS), "utf-8")
    done = csb(tmp_path, "--name", "Mia", "--author", "Lin", "--file_path", "mine.json")
    assert "3 tags filled ({{name}} 2, {{author}} 1) in 2 of 3 rows" in done.stdout
    assert read(tmp_path / "mine.template.json") == ROWS
    again = csb(tmp_path, "--name", "Otto", "--author", "Ben", "--file-path", "mine.json")
    assert again.returncode == 0
    assert read(output)[1]["output"] == "Otto, who else"
    assert read(tmp_path / "mine.template.json") == ROWS


def test_two_templates_that_differ_and_a_hand_written_file_are_left_alone(tmp_path: Path) -> None:
    output = tmp_path / "data" / "identity.json"
    output.parent.mkdir()
    output.write_text('[{"instruction": "who", "output": "me, by hand"}]')
    done = csb(tmp_path, "--name", "Mia", "--author", "Lin")
    assert (done.returncode, "move it away" in done.stderr) == (1, True)
    output.write_text(json.dumps(ROWS), "utf-8")
    (tmp_path / "data" / "identity.template.json").write_text(json.dumps(ROWS[:1]), "utf-8")
    done = csb(tmp_path, "--name", "Mia", "--author", "Lin")
    assert (done.returncode, "differ" in done.stderr) == (1, True)
    assert read(output) == ROWS


def test_the_card_gives_names_language_and_the_prompt_that_is_served(tmp_path: Path) -> None:
    (tmp_path / "clone.yaml").write_text(
        "name: Mia\nauthor: Lin\nlanguage: en\nsystem: 'You are {name} to {contact}.'\n"
    )
    done = csb(tmp_path)
    assert "en; " in done.stdout
    assert "in the other language left out" in done.stdout
    rows = read(tmp_path / "data" / "identity.json")
    assert {row["system"] for row in rows} == {"You are Mia to a friend."}
    assert not any(identity.CHINESE.search(row["output"]) for row in rows)
    both = csb(tmp_path, "--language", "all")
    assert "left out" not in both.stdout
    assert len(read(tmp_path / "data" / "identity.json")) > len(rows)


def test_it_is_registered_and_other_entries_stay(tmp_path: Path) -> None:
    info = tmp_path / "data" / "dataset_info.json"
    info.parent.mkdir()
    info.write_text('{"mine": {"file_name": "mine.json"}}')
    csb(tmp_path, "--name", "Mia", "--author", "Lin")
    registered = json.loads(info.read_text())
    assert registered["mine"] == {"file_name": "mine.json"}
    assert registered["identity"] == {"file_name": "identity.json", **datasets.ENTRIES["identity"]}


def test_every_registered_column_stands_in_every_row(tmp_path: Path) -> None:
    # the engine ends with a KeyError where one is missing
    (tmp_path / "mine.json").write_text('[{"instruction": "who", "output": "{{name}} of {{author}}"}]', "utf-8")
    for words in ((), ("--file-path", "mine.json")):
        csb(tmp_path, "--name", "Mia", "--author", "Lin", *words)
    for output in (tmp_path / "data" / "identity.json", tmp_path / "mine.json"):
        info = json.loads((output.parent / "dataset_info.json").read_text("utf-8"))
        columns = info["identity"]["columns"].values()
        assert [row for row in read(output) if not set(columns) <= set(row)] == []


@pytest.mark.parametrize("text", ["{", '{"a": "{{name}}"}', '["{{name}}"]', '[{"text": "{{name}}"}]'])
def test_a_broken_template_is_two_lines_and_nothing_is_written(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(text)
    done = csb(tmp_path, "--name", "Mia", "--author", "Lin", "--file-path", "x.json")
    assert (done.returncode, done.stderr.count("\n")) == (1, 2)
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


def test_without_names_it_says_what_to_type(tmp_path: Path) -> None:
    done = csb(tmp_path, "--name", "Mia")
    assert done.returncode == 1
    assert "--author is missing" in done.stderr
