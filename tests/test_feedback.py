"""`csb feedback`: listed, counted, exported whole or not at all; `csb forget` takes a person's votes out of it."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import Csb
from feedback_records import SYSTEM, prompt, record
from make import export, talk

from chatstylebot.feedback import learnt
from chatstylebot.feedback import store as stores
from chatstylebot.feedback.records import Record
from chatstylebot.training import datasets
from chatstylebot.workspace import Workspace

DPO, KTO = Path("data/dpo_records.json"), Path("data/kto_records.json")


def vote(place: Path, *records: Record) -> None:
    with stores.Store.open(stores.path(place)) as store:
        for one in records:
            store.add(one)


def some() -> list[Record]:
    """A pick, an edit, two thumbs up, one down, a draft that was not sent; from Alice, Bob and nobody in particular."""
    return [
        record("1", 0, "dinner?", candidates=("hotpot!!", "I would like"), verdict="chosen", contact="alice@wx"),
        record("2", 1, "you up", candidates=("Yes.",), verdict="edited", text="ya", source="bot", contact="bob@wx"),
        record("3", 2, "lol", candidates=("lmao",)),
        record("4", 1500, "sad", candidates=("aw",), adapter=None),
        record("5", 1501, "sad", candidates=("How may I help?",), verdict="bad"),
        record("6", 1502, "call me", candidates=("call 13812345678 then",), verdict="rejected", source="bot"),
    ]


def rows(place: Path, name: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((place / name).read_text("utf-8"))
    return found


@pytest.mark.parametrize("words", [(), ("list",), ("stats",), ("export",)])
def test_where_nobody_has_voted_it_says_how_to_and_makes_no_file(csb: Csb, place: Path, words: tuple[str, ...]) -> None:
    (place / "clone.yaml").touch()
    done = csb("feedback", *words, code=1)
    assert "nobody has voted yet" in done.stderr
    assert "csb serve" in done.stderr
    assert list(place.iterdir()) == [place / "clone.yaml"]
    stores.Store.open(stores.path(place)).close()
    assert "is empty" in csb("feedback", *words, code=1).stderr


def test_the_list_shows_when_where_who_and_what(csb: Csb, place: Path) -> None:
    vote(place, *some())
    lines = csb("feedback", "list", TZ="UTC").stdout.splitlines()
    assert lines[0] == "2024-05-01 12:00  page  alice@wx  chosen    dinner? → hotpot!! | not: I would like"
    assert lines[1] == "2024-05-01 12:01  bot  bob@wx  edited    you up → Yes. | rather: ya"
    assert lines[5] == "2024-05-02 13:02  bot  -  rejected  call me → call 13812345678 then"
    assert csb("feedback").stdout.splitlines() == csb("feedback", "list").stdout.splitlines()
    newest = csb("feedback", "list", "--limit", "2")
    assert len(newest.stdout.splitlines()) == 2
    assert "6 in all" in newest.stderr
    told = json.loads(csb("feedback", "list", "--json").stdout)
    assert [one["id"] for one in told] == ["1", "2", "3", "4", "5", "6"]
    assert told[0]["messages"][0] == {"role": "system", "content": SYSTEM}


def test_what_was_said_cannot_steer_the_terminal(csb: Csb, place: Path) -> None:
    vote(place, record("1", 0, "a\x1b[2J\x07\u202eb\nc\td " + "x" * 99, candidates=("ok\r\x9b31m",)))
    out = csb("feedback", "list").stdout
    assert "a [2J b c d x" in out
    assert all(character.isprintable() for character in out.rstrip("\n"))
    assert len(out) < 120


def test_stats_say_what_there_is_and_whether_it_is_enough(csb: Csb, place: Path) -> None:
    vote(place, *some())
    out = csb("feedback", "stats").stdout
    assert "verdicts  2 good, 1 chosen, 1 edited, 1 bad, 1 rejected" in out
    assert "sources   4 page, 2 bot" in out
    assert "models    5 smollm2 abc123, 1 smollm2 (adapter unknown)" in out
    assert "2024-05-01 ██████████████████████████████ 3" in out
    assert "6 votes → 2 pairs (1 pick, 1 edit), 4 labels (2 good, 2 bad)" in out
    assert "csb train dpo: 2 pairs, too few: 8 make one step of training" in out
    told = json.loads(csb("feedback", "stats", "--json").stdout)
    assert told["records"] == 6
    assert told["kto"] == {"labels": 4, "desirable": 2, "undesirable": 2, "weights": {}}
    assert told["days"] == {"2024-05-01": 3, "2024-05-02": 3}


def test_export_writes_both_files_registered_and_redacted_and_tells_no_value(csb: Csb, place: Path) -> None:
    csb("init", ".", "--name", "Mia", "--author", "Mia", "--language", "en")
    vote(place, *some())
    done = csb("feedback", "export")
    assert [row["chosen"]["value"] for row in rows(place, DPO)] == ["hotpot!!", "ya"]
    assert [(row["messages"][-1]["content"], row["label"]) for row in rows(place, KTO)] == [
        ("lmao", True),
        ("aw", True),
        ("How may I help?", False),
        ("call [PHONE_1] then", False),
    ]
    assert {row["messages"][0]["content"] for row in rows(place, KTO)} == {SYSTEM}
    info = json.loads((place / "data/dataset_info.json").read_text("utf-8"))
    assert info["dpo_records"] == {"file_name": "dpo_records.json", **datasets.PAIRS}
    assert info["kto_records"] == {"file_name": "kto_records.json", **datasets.LABELS}
    assert "redacted: 1 phone" in done.stdout
    assert "13812345678" not in done.stdout + done.stderr + (place / KTO).read_text("utf-8")
    assert "→ " + str(place / DPO) in done.stdout
    # again, and after another vote: ours may be written over
    before = (place / DPO).read_bytes(), (place / KTO).read_bytes()
    csb("feedback", "export")
    assert ((place / DPO).read_bytes(), (place / KTO).read_bytes()) == before
    vote(place, record("7", 9999, "lol", candidates=("lmao",), verdict="bad"))
    assert "1 left out: a later verdict says otherwise" in csb("feedback", "export").stdout
    assert ("lmao", False) in [(row["messages"][-1]["content"], row["label"]) for row in rows(place, KTO)]


def test_privacy_follows_the_card_and_the_option(csb: Csb, place: Path) -> None:
    csb("init", ".", "--name", "Mia", "--author", "Mia", "--language", "en")
    vote(place, *some(), record("8", 0, "dinner with Zorro?", candidates=("k",)))
    assert "1 left out: privacy: drop" in csb("feedback", "export", "--privacy", "drop").stdout
    assert len(rows(place, KTO)) == 4
    csb("feedback", "export", "--privacy", "off")
    assert "13812345678" in (place / KTO).read_text("utf-8")
    (place / "words.txt").write_text("zorro\n")
    csb("feedback", "export", "--block", "words.txt")
    assert "Zorro" not in (place / KTO).read_text("utf-8")
    card = (place / "clone.yaml").read_text("utf-8").replace("hide_names: false", "hide_names: true")
    (place / "clone.yaml").write_text(card, "utf-8")
    (place / "contacts.yaml").write_text("zorro@wx:\n  name: Zorro\n", "utf-8")
    csb("feedback", "export")
    assert "Zorro" not in (place / KTO).read_text("utf-8")
    assert "privacy" in csb("feedback", "export", "--privacy", "maybe", code=1).stderr


def test_a_file_that_csb_did_not_write_is_not_written_over(csb: Csb, place: Path) -> None:
    vote(place, *some())
    (place / "data").mkdir()
    (place / DPO).write_text("[]")  # collected by another program
    done = csb("feedback", "export", code=1)
    assert "dpo_records.json: not written by csb feedback export, or edited since" in done.stderr
    assert (place / DPO).read_text() == "[]"
    assert not (place / KTO).exists()
    csb("feedback", "export", "--force")
    assert len(rows(place, DPO)) == 2
    (place / KTO).write_text((place / KTO).read_text("utf-8").replace("lmao", "lmfao"), "utf-8")
    assert "kto_records.json: not written by" in csb("feedback", "export", code=1).stderr


def test_votes_of_one_kind_make_one_file_and_a_stale_one_goes(csb: Csb, place: Path) -> None:
    vote(place, record("1", 0, candidates=("yo",)))
    csb("feedback", "export")
    assert KTO in [path.relative_to(place) for path in (place / "data").iterdir()]
    assert not (place / DPO).exists()
    vote(place, record("2", 1, candidates=("yo",), verdict="edited", text="hey"))  # instead of the thumb
    done = csb("feedback", "export")
    assert not (place / KTO).exists()
    assert len(rows(place, DPO)) == 1
    assert "kto: 0 labels, none yet" in done.stderr


def test_votes_that_all_say_nothing_are_an_error_with_the_reasons(csb: Csb, place: Path) -> None:
    vote(place, record("1", candidates=("a", "a"), verdict="chosen"))
    assert (
        "no vote can be trained on (1 left out: both answers are the same)" in csb("feedback", "export", code=1).stderr
    )


def test_training_learns_from_new_votes_hiding_what_the_last_export_hid(csb: Csb, place: Path) -> None:
    vote(place, *some(), record("8", 0, "dinner with Zorro?", candidates=("k",)))
    (place / "words.txt").write_text("zorro\n")
    csb("feedback", "export", "--block", "words.txt")
    assert learnt.refresh(place) is None  # nothing is newer
    vote(place, record("9", 1, "and Zorro?", candidates=("nah",), verdict="edited", text="nope"))
    before = (place / DPO).read_bytes()
    told = "the votes since the last export will be exported first: 3 pairs, 5 labels in all"
    assert told in csb("train", "dpo", "--dry-run", code=None).stderr
    assert (place / DPO).read_bytes() == before
    assert "exported" not in csb("train", "dpo", "--dry-run", "dataset=dpo_zh_demo", code=None).stderr
    assert learnt.refresh(place) == learnt.Refreshed(True, told.replace("will be exported first", "are exported"))
    assert [row["chosen"]["value"] for row in rows(place, DPO)][-1] == "nope"
    assert "Zorro" not in (place / DPO).read_text("utf-8") + (place / KTO).read_text("utf-8")
    for name in (DPO, KTO):
        (place / name).unlink()
    assert "csb feedback export" not in csb("train", "kto", "--dry-run", code=None).stderr  # it would be done
    assert learnt.refresh(place)
    (place / "words.txt").unlink()  # what was to be hidden is not known any more
    vote(place, record("10", 2, "Zorro!", candidates=("k",)))
    assert "newer votes are not learnt" in str(learnt.refresh(place))
    assert "Zorro" not in (place / KTO).read_text("utf-8")


def test_training_does_not_write_over_an_export_that_was_edited(csb: Csb, place: Path) -> None:
    vote(place, *some())
    csb("feedback", "export")
    edited = (place / KTO).read_text("utf-8").replace("lmao", "lmfao")
    (place / KTO).write_text(edited, "utf-8")
    vote(place, record("9", 1, "hm", candidates=("nah",)))
    told = csb("train", "kto", "--dry-run", code=None).stderr
    assert "kto_records.json: edited, so taken as it is; newer votes are not in it" in told
    newer = learnt.refresh(place)
    assert newer
    assert newer.line in told
    assert (place / KTO).read_text("utf-8") == edited


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_export_killed_at_any_moment_leaves_whole_files_that_are_still_ours_FBK_4(csb: Csb, place: Path) -> None:
    dice = random.Random(7)
    for n in range(300):
        vote(place, record(f"v{n}", n, f"say {n}", candidates=(f"a{n}" * 50, "b"), verdict=("chosen", "good")[n % 2]))
    csb("feedback", "export")
    # as csb does it, over and over, so that the kill comes while files are written
    code = (
        "import sys\nfrom pathlib import Path\nfrom chatstylebot.feedback import export, pairs, store\n"
        "records = list(store.Store.open(store.path(Path())).records())\n"
        "for n in range(10**6):\n"
        "    export.write(Path(), pairs.resolve(records[: 300 - n % 90]))\n"
        "    print(n, flush=True)\n"
    )
    for _ in range(12):
        process = subprocess.Popen([sys.executable, "-c", code], cwd=place, stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline() == b"0\n"
        time.sleep(dice.random() * 0.2)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert len(rows(place, DPO)) >= 105
        assert len(rows(place, KTO)) >= 105
        assert "dpo_records" in json.loads((place / "data/dataset_info.json").read_text("utf-8"))
    csb("feedback", "export")
    assert (len(rows(place, DPO)), len(rows(place, KTO))) == (150, 150)


def chats(csb: Csb, place: Path) -> None:
    """Samples of two chats, and votes on both people."""
    said = []
    for n in range(12):
        said += talk(f"A: alice asks number {n}", f"me: answer to alice {n}", talker=1, start=n * 9000)
        said += talk(
            f"B: bobby asks number {n}", f"me: answer to bobby {n}", talker=2, name="Bob", start=n * 9000 + 500
        )
    export(place / "m.csv", said)
    csb("init", ".", "--name", "Mia", "--author", "Mia", "--language", "en")
    csb("preprocess", "m.csv")
    people = (place / "contacts.yaml").read_text("utf-8")
    people = people.replace('name: "Alice"', 'name: "Alice"\n  aliases: {ilink: o9cq800kum}', 1)
    (place / "contacts.yaml").write_text(people, "utf-8")
    vote(
        place,
        record("a1", 0, "from alice on ilink", contact="o9cq800kum", candidates=("x1", "x2"), verdict="chosen"),
        record("a2", 1, "by her name, said alice", contact="Alice"),
        record("b1", 2, "from bob and nobody else", contact="Bob"),
        record("b2", 3, "from bob, too", contact="Bob", candidates=("b1", "b2"), verdict="chosen"),
        # her words in somebody's prompt, as memory puts them there
        record("m1", 4, "hm", messages=prompt("hm", system=SYSTEM + " She said: alice asks number 3")),
    )


def everything(place: Path) -> bytes:
    """Every byte in data/ and .csb/ except the tables, which are compressed."""
    folders = [place / "data", place / ".csb"]
    files = [p for folder in folders for p in sorted(folder.rglob("*")) if p.is_file() and p.suffix != ".parquet"]
    return b"".join(path.read_bytes() for path in files)


def test_a_forgotten_person_is_in_no_byte_of_the_store_and_in_neither_export(csb: Csb, place: Path) -> None:
    chats(csb, place)
    csb("feedback", "export")
    assert b"from alice on ilink" in everything(place)
    assert "3 votes" in csb("forget", "--yes", "--contact", "o9cq800kum", "--dry-run").stdout
    assert b"from alice on ilink" in everything(place)
    with stores.Store.open(stores.path(place)) as gateway:  # csb serve is on, and has the store open
        assert gateway.count() == 5
        done = csb("forget", "--yes", "--contact", "o9cq800kum")
        assert "nothing is left" in done.stdout
        assert gateway.count() == 2
        left = everything(place)
        assert [word for word in (b"alice", b"said alice", b"o9cq800kum", b"x1") if word in left] == []
        assert b"from bob and nobody else" in left
    assert [row["conversations"][1]["value"] for row in rows(place, DPO)] == ["from bob, too"]
    assert [row["messages"][1]["content"] for row in rows(place, KTO)] == ["from bob and nobody else"]
    csb("feedback", "export")  # what forget rewrote is still ours


def test_words_of_theirs_that_are_voted_on_again_without_saying_who_spoke_go_too(csb: Csb, place: Path) -> None:
    chats(csb, place)
    vote(
        place,
        record("a9", 5, "a secret that only alice told", contact="Alice"),
        record("n9", 6, "a secret that only alice told"),
        record("b9", 7, "what everybody says", contact="Bob"),
        record("a8", 8, "what everybody says", contact="Alice"),
        record("n8", 9, "what everybody says"),
    )
    csb("feedback", "export")
    assert "nothing is left" in csb("forget", "--yes", "--contact", "Alice").stdout
    assert b"only alice told" not in everything(place)
    with stores.Store.open(stores.path(place)) as store:
        assert {one.id for one in store.records()} == {"b1", "b2", "b9", "n8"}


def test_votes_that_come_after_somebody_was_forgotten_are_theirs_by_any_name(csb: Csb, place: Path) -> None:
    chats(csb, place)
    csb("forget", "--yes", "--contact", "Alice")
    assert "nothing of theirs is stored" in csb("forget", "--yes", "--contact", "Alice").stdout
    late = record("late", 99, "a page of before had this still to deliver", contact="o9cq800kum")
    vote(place, late)  # no list knows this id any more
    assert "1 vote" in csb("forget", "--contact", "Alice", "--dry-run").stdout
    assert "nothing is left" in csb("forget", "--yes", "--contact", "Alice").stdout
    assert b"still to deliver" not in everything(place)


def test_nobody_is_forgotten_while_a_server_could_write_them_down_again(csb: Csb, place: Path) -> None:
    chats(csb, place)
    with Workspace(place).announced("http://127.0.0.1:8000"):
        done = csb("forget", "--yes", "--contact", "Alice", code=1)
        assert "csb serve is running at http://127.0.0.1:8000" in done.stderr
        assert "3 votes" in csb("forget", "--contact", "Alice", "--dry-run").stdout
    csb("forget", "--yes", "--contact", "Alice")


def test_a_list_of_exported_rows_of_another_shape_hinders_nobody(csb: Csb, place: Path) -> None:
    chats(csb, place)
    (place / ".csb" / "feedback_export.json").write_text('{"dpo_records.json": 3, "how": {}}')
    assert "nothing is left" in csb("forget", "--yes", "--contact", "Alice").stdout
    csb("feedback", "export")


def test_exports_are_written_by_one_at_a_time(csb: Csb, place: Path) -> None:
    vote(place, *some())
    with Workspace(place).private().alone():
        assert "another csb is writing" in csb("feedback", "export", code=1).stderr
        assert "another csb is writing" in str(learnt.refresh(place))
    csb("feedback", "export")


def test_somebody_of_whom_there_are_only_votes_can_be_forgotten(csb: Csb, place: Path) -> None:
    vote(place, record("1", 0, "my one and only question", contact="wxid_strange"), record("2", 1, "hi", contact="b"))
    csb("feedback", "export")
    assert "did you mean 'wxid_strange'?" in csb("forget", "--yes", "--contact", "wxid_strang", code=1).stderr
    done = csb("forget", "--yes", "--contact", "wxid_strange")
    assert "0 messages in 0 chats, 0 samples, 1 vote" in done.stdout
    assert b"only question" not in everything(place)
    assert len(rows(place, KTO)) == 1
    csb("forget", "--yes", "--contact", "b")
    assert not (place / KTO).exists()


def test_a_copy_of_the_store_that_still_holds_them_is_found(csb: Csb, place: Path) -> None:
    vote(place, record("1", 0, "my one and only question", contact="wxid_strange"))
    copy = place / ".csb" / "feedback.sqlite.old"
    copy.write_bytes(stores.path(place).read_bytes())
    done = csb("forget", "--yes", "--contact", "wxid_strange", code=1)
    assert "something is left in .csb/feedback.sqlite.old" in done.stderr


def test_an_edited_export_is_not_guessed_at_and_nothing_is_forgotten(csb: Csb, place: Path) -> None:
    vote(place, *some())
    csb("feedback", "export")
    (place / DPO).write_text(json.dumps(rows(place, DPO)), "utf-8")
    done = csb("forget", "--yes", "--contact", "alice@wx", code=1)
    assert "was edited since it was exported" in done.stderr
    assert "csb feedback export --force" in done.stderr
    with stores.Store.open(stores.path(place)) as store:
        assert store.count() == 6
