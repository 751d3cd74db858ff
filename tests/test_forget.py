"""`csb forget`: nothing of the person is left, and the search can fail."""

import json
from pathlib import Path

import polars as pl
from conftest import Csb
from make import export, row, samples, talk

from chatstylebot.corpus import forget


def workspace(csb: Csb, place: Path) -> None:
    """Two private chats and a group of three, with dev and held-out samples."""
    rows = []
    for n in range(12):
        rows += talk(f"A: alice asks number {n}", f"me: answer to alice {n}", talker=1, start=n * 9000)
        rows += talk(
            f"A: bobby asks number {n}", f"me: answer to bobby {n}", talker=2, name="Bob", start=n * 9000 + 500
        )
    for n in range(3):
        at = 200_000 + n * 9000
        rows += [
            row(at, "Alice", f"alice in the group {n}", 3, name="club"),
            row(at + 20, "me", f"to the club {n}", 3, name="club"),
        ]
        rows += [
            row(at + 5000, "Bob", f"bobby in the group {n}", 3, name="club"),
            row(at + 5020, "me", f"bob club {n}", 3, name="club"),
        ]
    export(place / "m.csv", rows)
    csb("init", ".", "--name", "Tom", "--author", "Tom", "--language", "en")
    csb("preprocess", "m.csv")


def everything(place: Path) -> str:
    """All that is stored, as text."""
    files = [p for folder in ("data", ".csb") for p in (place / folder).rglob("*") if p.suffix in (".json", ".jsonl")]
    table = pl.read_parquet(place / ".csb" / "messages.parquet")
    return "".join(p.read_text("utf-8") for p in files) + str(table["text"].to_list())


def test_a_contact_is_gone_from_every_file_and_the_others_stay(csb: Csb, place: Path) -> None:
    workspace(csb, place)
    before = everything(place)
    assert before.count("alice asks") > 12
    done = csb("forget", "--contact", "Alice")
    after = everything(place)
    assert "alice" not in after
    assert "to the club" not in "".join(map(str, samples(place / "data" / "chat_records.json")))
    assert "bobby asks number 3" in after
    assert "bobby in the group 1" in after
    assert "nothing is left" in done.stdout
    assert '"Alice"' not in (place / "contacts.yaml").read_text()
    assert '"Bob"' in (place / "contacts.yaml").read_text()
    # what is left still holds together
    index = pl.read_parquet(place / ".csb" / "samples.parquet")
    assert index.filter(pl.col("file") == "data/chat_records.json").height == len(
        samples(place / "data" / "chat_records.json")
    )
    assert "nobody is called 'Alice'" in csb("forget", "--contact", "Alice", code=1).stderr


def test_a_dry_run_changes_nothing(csb: Csb, place: Path) -> None:
    workspace(csb, place)
    before = everything(place)
    done = csb("forget", "--contact", "Bob", "--dry-run")
    assert "Bob: 27 messages in 1 chat and 1 group" in done.stdout
    assert everything(place) == before


def test_the_search_finds_what_another_file_still_holds(csb: Csb, place: Path) -> None:
    workspace(csb, place)
    (place / "data" / "notes.json").write_text(json.dumps(["remember: alice asks number 7"]))
    done = csb("forget", "--contact", "Alice", code=1)
    assert "something is left in data/notes.json (1)" in done.stderr


def test_samples_that_were_edited_are_not_guessed_at(csb: Csb, place: Path) -> None:
    workspace(csb, place)
    path = place / "data" / "chat_records.json"
    path.write_text(json.dumps(samples(path)[1:]))
    before = everything(place)
    done = csb("forget", "--contact", "Alice", code=1)
    assert "it was changed since" in done.stderr
    assert "--exclude" in done.stderr
    assert everything(place) == before


def test_an_adapter_that_learnt_from_them_is_named(csb: Csb, place: Path) -> None:
    workspace(csb, place)
    run = place / "saves" / "qwen3" / "lora" / "sft"
    run.mkdir(parents=True)
    (run / "csb_run.json").write_text(json.dumps({"state": "finished", "stage": "sft"}))
    assert "saves/qwen3/lora/sft (csb train sft)" in csb("forget", "--contact", "Alice").stderr


def test_without_a_run_of_preprocess_there_is_a_remedy(csb: Csb, place: Path) -> None:
    assert "--exclude" in csb("forget", "--contact", "Alice", code=1).stderr


def test_other_lines_of_contacts_yaml_stay_letter_by_letter() -> None:
    text = "# mine\n\na:\n  name: A\n  relation: x  # old friend\n\n# about b\nb:\n  name: B\n"
    assert forget.without_contact(text, {"a"}) == "# mine\n\n# about b\nb:\n  name: B\n"
    assert forget.without_contact(text, {"b"}) == text[: text.index("b:\n  name: B")]
    assert forget.without_contact("", {"a"}) == ""


def test_escaped_forms_are_found() -> None:
    assert forget.left('{"t":"\\u4f60\\u597d\\u5440\\u670b\\u53cb\\u4eec\\u597d\\u554a"}', ["你好呀朋友们好啊"]) == 1
    assert forget.left('{"t":"a\\nb \\"c\\""}', ['a\nb "c"']) == 1
    assert forget.left("nothing", ["alice asks"]) == 0


def test_what_others_quote_of_them_and_a_copy_of_the_report_go_too(csb: Csb, place: Path) -> None:
    def said(n: int, who: str, text: str, **more: object) -> dict[str, object]:
        own = {"from": who, "from_id": f"user{who}", "text": text}
        return {"id": n, "type": "message", "date_unixtime": str(1_700_000_000 + n * 20), **own, **more}

    rows = [
        said(1, "Ann", "my secret is the blue door"), said(2, "Me", "ok ann"),
        said(900, "Bob", "which one", reply_to_message_id=1), said(901, "Me", "who knows, Ann does"),
    ]  # fmt: skip
    club = {"name": "club", "type": "private_group", "id": 9, "messages": rows}
    account = {"personal_information": {"user_id": "Me"}, "chats": {"list": [club]}}
    (place / "result.json").write_text(json.dumps(account))
    csb("preprocess", "result.json", "--quotes", "--heldout", "0", "--report", "r.json", "--output", "out/s.json")
    assert "blue door" in (place / "out" / "s.json").read_text("utf-8")
    done = csb("forget", "--contact", "Ann")
    left = pl.read_parquet(place / ".csb" / "messages.parquet")
    assert left["quoted"].to_list() == [None] * 3
    assert "blue door" not in (place / "out" / "s.json").read_text("utf-8")
    assert json.loads((place / "r.json").read_text("utf-8"))["forgotten"] == {"samples": 2, "messages": 1}
    assert "note: 1 messages of others name them" in done.stderr


def test_a_contact_whose_id_is_a_phone_number_is_found_by_it(csb: Csb, place: Path) -> None:
    rows = [*talk("A: a", "me: b", name="13987654321"), *talk("A: c", "me: d", talker=2, name="Bob")]
    csb("preprocess", export(place / "m.csv", rows), "--heldout", "0")
    assert "2 messages in 1 chat" in csb("forget", "--contact", "13987654321").stdout
