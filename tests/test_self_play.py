"""`csb feedback self-play`: pairs of what was really written and what the clone says, through a real gateway."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Csb
from feedback_records import record
from gateway import OWNER, Running, fake, limits, running
from make import export, talk

from chatstylebot import card as cards
from chatstylebot.contacts import read_contacts
from chatstylebot.feedback import self_play, store
from chatstylebot.feedback.journal import Journal
from chatstylebot.feedback.records import Message, Record

SAYS = {"alice asks 3": ["Answer 3!"], "alice asks 5": ["As an AI, I cannot say."], "alice asks 6": [""]}


@pytest.fixture
def workspace(csb: Csb, place: Path) -> Path:
    """Twenty talks of one pair each; what is held out and what is for dev are the newest."""
    rows = [row for n in range(20) for row in talk(f"A: alice asks {n}", f"me: answer {n}", start=n * 9000)]
    csb("init", ".", "--name", "Tom", "--author", "Tom", "--language", "en")
    csb("preprocess", export(place / "m.csv", rows))
    return place


@pytest.fixture
def server(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A gateway of this workspace; the model says what it hears, where SAYS does not know better."""
    monkeypatch.setenv("CSB_OWNER_KEY", OWNER)
    card = cards.find(workspace)
    assert card
    folder = workspace / "gateway"
    folder.mkdir()
    spec = fake(folder, env={"SAYS": json.dumps(SAYS)})
    with running(folder, [spec], card, limits(), contacts=read_contacts(workspace)) as found:
        yield found


def kept(workspace: Path) -> list[Record]:
    with store.Store.open(store.path(workspace)) as found:
        return list(found.records())


def rows(workspace: Path) -> list[dict[str, Any]]:
    return list(json.loads((workspace / "data" / "dpo_records.json").read_text("utf-8")))


def test_each_training_talk_is_a_pair_and_nothing_held_out_is_asked(csb: Csb, workspace: Path, server: Running) -> None:
    training = json.loads((workspace / "data" / "chat_records.json").read_text("utf-8"))
    done = csb("feedback", "self-play", "--server", server.url)
    records = kept(workspace)
    # 3 is nearly the same, 6 says nothing; 18 and 19 are held out, 16 and 17 for dev
    heard = {record.messages[-1].content for record in records}
    assert heard == {row["instruction"] for row in training} - {"alice asks 3", "alice asks 6"}
    assert "14 new pairs; 2 skipped" in done.stdout
    assert {(r.source, r.verdict, r.model, r.adapter) for r in records} == {("self-play", "edited", "clone", "abc123")}
    [five] = [record for record in records if record.messages[-1].content == "alice asks 5"]
    assert (five.text, five.answer) == ("answer 5", "As an AI, I cannot say.")
    assert five.messages[0].content == training[0]["system"]  # the prompt that is served is the one that was trained
    assert "14 pairs (0 picks, 0 edits, 14 of self-play)" in done.stdout
    assert {row["chosen"]["value"] for row in rows(workspace)} == {record.text for record in records}
    assert "14 of self-play" in csb("feedback", "stats").stdout
    assert "self-play" in csb("feedback", "list").stdout
    assert not (workspace / ".csb" / "self_play.jsonl").exists()


def test_a_pair_is_of_the_contact_whose_talk_it_is_and_has_no_memory_in_its_prompt(
    csb: Csb, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = ((1, "Alice", "alice"), (2, "Bob", "bobby"))
    talks = []
    for n in range(5):
        for chat, name, word in both:
            at = n * 9000 + chat * 900
            talks += talk(f"A: {word} asks {n}", f"me: hm {word} {n}", talker=chat, name=name, start=at)
    (place / "clone.yaml").write_text("name: Tom\nlanguage: en\nsystem: You are {name}, texting with {contact}.\n")
    csb("preprocess", export(place / "m.csv", talks), "--heldout", "0", "--memory-share", "1")
    assert "chat with Bob" in (place / "data" / "chat_records.json").read_text("utf-8")
    monkeypatch.setenv("CSB_OWNER_KEY", OWNER)
    (folder := place / "gateway").mkdir()
    card, people = cards.read(place / "clone.yaml"), read_contacts(place)
    spec = fake(
        folder, env={"SAYS": json.dumps({f"{word} asks {n}": [f"no {n}"] for n in range(5) for _, _, word in both})}
    )
    with running(folder, [spec], card, limits(), contacts=people) as found:
        csb("feedback", "self-play", "--server", found.url)
    records = kept(place)
    assert len(records) == 10
    for one in records:
        name = "Alice" if "alice" in one.messages[-1].content else "Bob"
        [id] = [id for id, known in people.items() if known.name == name]
        assert (one.contact, one.whose, one.messages[0].content) == (id, (id,), f"You are Tom, texting with {name}.")


def test_the_same_line_again_asks_nothing_and_a_larger_number_goes_on(
    csb: Csb, workspace: Path, server: Running
) -> None:
    line = ("feedback", "self-play", "--server", server.url, "--samples")
    csb(*line, "5")
    first = kept(workspace)
    done = csb(*line, "5")
    assert "5 samples: 0 to ask, 5 known" in done.stderr
    assert kept(workspace) == first
    assert "8 samples: 3 to ask, 5 known" in csb(*line, "8").stderr
    assert set(first) < set(kept(workspace))
    other = csb(*line, "5", "--seed", "1")
    assert "5 samples: 5 to ask" not in other.stderr  # what is known is not asked again, whichever seed chose it


def test_a_run_that_is_cut_off_stores_nothing_and_goes_on_where_it_was(
    csb: Csb, workspace: Path, server: Running
) -> None:
    path, journal = workspace / "data" / "chat_records.json", workspace / ".csb" / "self_play.jsonl"
    whole = path.read_text("utf-8")
    path.write_text(whole.replace("alice asks 7", "alice !sleep 60 7"), "utf-8")
    line = ("feedback", "self-play", "--server", server.url)
    with subprocess.Popen(
        [sys.executable, "-m", "chatstylebot", *line], cwd=workspace, stderr=subprocess.DEVNULL
    ) as run:
        while not journal.is_file() or journal.read_text("utf-8").count('"self-play-') < 15:
            assert run.poll() is None
            time.sleep(0.05)
        run.kill()
    assert kept(workspace) == []
    with journal.open("a", encoding="utf-8") as file:
        file.write('\n{"self-play-half')  # killed while it wrote
    path.write_text(whole, "utf-8")
    csb(*line)
    assert len(kept(workspace)) == 14


def test_another_clone_s_pairs_take_the_place_of_the_older_one_s(csb: Csb, workspace: Path, server: Running) -> None:
    with store.Store.open(store.path(workspace)) as found:
        found.add(record("old", source="self-play", adapter="older", candidates=("x",), verdict="edited", text="y"))
        found.add(record("vote"))
    done = csb("feedback", "self-play", "--server", server.url, "--samples", "4")
    assert "1 pair of an older clone is gone" in done.stdout
    assert {each.id for each in kept(workspace)} > {"vote"}
    assert "old" not in {each.id for each in kept(workspace)}


def test_a_vote_wins_over_self_play_even_where_it_is_older(csb: Csb, workspace: Path, server: Running) -> None:
    line = ("feedback", "self-play", "--server", server.url)
    csb(*line)
    play = next(each for each in kept(workspace) if each.answer == "As an AI, I cannot say.")
    good = record("mine", messages=play.messages, candidates=(play.answer,), verdict="good")
    with store.Store.open(store.path(workspace)) as found:
        found.add(good)
    assert good.at < play.at
    csb("feedback", "export")
    assert play.answer not in {row["rejected"]["value"] for row in rows(workspace)}


def test_without_samples_or_a_server_there_is_a_remedy(csb: Csb, place: Path) -> None:
    (place / "clone.yaml").touch()
    assert "try: csb preprocess" in csb("feedback", "self-play", code=1).stderr
    (place / "data").mkdir()
    (place / "data" / "chat_records.json").write_text("[]")
    assert "holds no samples" in csb("feedback", "self-play", code=1).stderr
    assert list(place.rglob("feedback.sqlite")) == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("好的", "好的！", True), ("OK", "ok ", True), ("好的", "好呀", False), ("在吗", "", False),
        ("？", "？？", False),
        ("what a long and winding answer", "what a long and winding answers", True), ("yes", "no", False),
    ],
)  # fmt: skip
def test_nearly_the_same_is_the_same(one: str, other: str, same: bool) -> None:
    assert self_play.alike(one, other) == same


def test_samples_of_another_shape_are_left_out_and_an_own_opener_stays() -> None:
    row = {"instruction": "b", "input": "", "output": "c", "system": "s", "history": [["", "a"]]}
    odd: list[Any] = [{}, None, row | {"history": [["x"]]}, row | {"output": 5}, row | {"instruction": " "}]
    [found] = self_play.samples([row, row, *odd])
    assert found == self_play.Sample("s", (("user", ""), ("assistant", "a"), ("user", "b")), "c")
    made = self_play.record(found, "d", ("m", ""), None, "s", record("x").at)
    assert made
    assert made.messages == (
        Message("system", "s"), Message("user", ""), Message("assistant", "a"), Message("user", "b"),
    )  # fmt: skip
    assert self_play.record(found, "x" * 40_000, ("m", ""), None, "s", record("x").at) is None


def test_a_journal_of_another_run_counts_for_nothing(tmp_path: Path) -> None:
    one = Journal(tmp_path / "j.jsonl", "a")
    one.add("k", "v")
    one.close()
    for head, known in (("a", {"k": "v"}), ("b", {}), ("a", {})):
        other = Journal(tmp_path / "j.jsonl", head)
        assert other.found == known
        other.close()


def test_forgetting_a_person_takes_their_pairs_along(csb: Csb, workspace: Path, server: Running) -> None:
    csb("feedback", "self-play", "--server", server.url, "--samples", "4")
    done = subprocess.run(
        [sys.executable, "-m", "chatstylebot", "forget", "--yes", "--contact", "Alice"], cwd=workspace,
        capture_output=True, encoding="utf-8", env=os.environ | {"PYTHONUTF8": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert kept(workspace) == []
