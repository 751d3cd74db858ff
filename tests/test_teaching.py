"""Passages of earlier talk in samples: whose, of when, how many, and in the place where they stand at work."""

import json
import re
from pathlib import Path
from typing import Any

import polars as pl
from conftest import Csb
from gateway import fake, limits, running
from make import export, row, samples, talk
from test_memory_at_work import system_of

from chatstylebot import card as cards
from chatstylebot import recalled
from chatstylebot.contacts import Contact
from chatstylebot.corpus import store as corpus
from chatstylebot.memory import keeping, left_out
from chatstylebot.memory.at_work import AtWork
from chatstylebot.memory.facts import Facts
from chatstylebot.memory.search import Search
from chatstylebot.memory.store import Store
from chatstylebot.workspace import Workspace

CLONE = (
    "name: Mia\nlanguage: en\nhistory: 2\nmemory: {enabled: true, embedding: none, chunk_size: 64, chunk_overlap: 0}\n"
)


def chats(number: int = 20) -> list[list[Any]]:
    """Two private chats, each conversation about a whale, or a fox, of its own number."""
    rows = []
    for n in range(number):
        at = n * 9000
        rows += talk(f"A: what about the whale w{n}?", f"me: whale w{n} swims", "A: and the sea?", "me: wet", start=at)
        rows += talk(f"A: what about the fox f{n}?", f"me: fox f{n} runs", talker=2, name="Bob", start=at + 500)
    return rows


def made(csb: Csb, place: Path, *argv: object, clone: str = CLONE, number: int = 20) -> list[dict[str, Any]]:
    (place / "clone.yaml").write_text(clone)
    export(place / "m.csv", chats(number))
    csb("preprocess", "m.csv", *argv)
    return samples(place / "data" / "chat_records.json")


def told(sample: dict[str, Any]) -> set[tuple[str, int]]:
    """Which whales and foxes its passages tell of."""
    inside = sample["system"].partition(recalled.BEGIN)[2]
    return {(kind, int(n)) for kind, n in re.findall(r"\b([wf])(\d+)", inside)}


def said(sample: dict[str, Any]) -> list[str]:
    """What was said before the reply."""
    return [*(text for pair in sample["history"] for text in pair), sample["instruction"]]


def about(sample: dict[str, Any]) -> tuple[str, int]:
    """Which one the sample's own conversation is about."""
    text = " ".join([*said(sample), sample["output"]])
    kind, number = re.findall(r"\b([wf])(\d+)", text)[0]
    return kind, int(number)


def test_passages_are_of_strictly_earlier_talk_with_that_contact_and_never_of_what_is_held_out(
    csb: Csb, place: Path
) -> None:
    train = made(csb, place, "--memory-share", "1")
    dev = samples(place / "data" / "chat_records_dev.json")
    held = corpus.heldout(place)
    assert dev
    assert held
    given = [one for one in train + dev if told(one)]
    assert len(given) > 50
    for one in given:
        kind, number = about(one)
        assert all(other == kind and n < number for other, n in told(one)), one
    assert not any(recalled.BEGIN in one["system"] for one in held)
    assert re.search(
        r"\n\[20\d\d-\d\d-\d\d \d\d:\d\d chat with Bob\]\n- Bob: what about", json.dumps(train).replace("\\n", "\n")
    )


def test_a_share_of_the_samples_has_passages_and_the_report_counts_them(csb: Csb, place: Path) -> None:
    train = made(csb, place)
    report = json.loads((place / ".csb" / "report.json").read_text())
    given = [n for n, one in enumerate(train) if told(one)]
    assert report["memory"]["share"] == 0.3
    assert report["memory"]["train"] == len(given) == round(0.3 * len(train))
    assert report["memory"]["passages"] == sum(one["system"].count("chat with") for one in train) + sum(
        one["system"].count("chat with") for one in samples(place / "data" / "chat_records_dev.json")
    )
    # spread over the chats' whole time
    quarters = [sum(1 for n in given if n * 4 // len(train) == quarter) for quarter in range(4)]
    assert min(quarters) >= len(given) // 5
    done = csb("preprocess", "m.csv")
    assert re.search(
        r"memory: \d+ passages of earlier talk stand in \d+ samples \(\d+% of train and dev\)", done.stdout
    )


def test_without_memory_nothing_of_it_is_there(csb: Csb, place: Path) -> None:
    plain = made(csb, place, clone="name: Mia\nlanguage: en\nhistory: 2\n")
    assert "memory" not in json.loads((place / ".csb" / "report.json").read_text())
    assert not any(told(one) for one in plain)
    assert made(csb, place, "--memory-share", "0") == plain
    asked = made(csb, place, "--memory-share", "1", clone="name: Mia\nlanguage: en\nhistory: 2\n")
    assert any(told(one) for one in asked)
    assert [one | {"system": ""} for one in asked] == [one | {"system": ""} for one in plain]


def test_the_cutoff_counts_the_passages(csb: Csb, place: Path) -> None:
    made(csb, place, "--memory-share", "0")
    without = json.loads((place / ".csb" / "report.json").read_text())
    made(csb, place, "--memory-share", "1")
    with_ = json.loads((place / ".csb" / "report.json").read_text())
    assert with_["sample_tokens"]["p99"] > without["sample_tokens"]["p99"] + 50
    assert with_["sample_characters"]["p99"] > without["sample_characters"]["p99"] + 200


def test_what_was_taken_out_of_the_memory_comes_back_by_no_sample(csb: Csb, place: Path) -> None:
    made(csb, place, "--memory-share", "1")
    csb("rag", "index")
    csb("rag", "forget", "--text", r"fox f[123]\b", "--yes")
    csb("preprocess", "m.csv", "--memory-share", "1")
    seen = set[tuple[str, int]]().union(*map(told, samples(place / "data" / "chat_records.json")))
    assert ("f", 4) in seen
    assert not seen & {("f", 1), ("f", 2), ("f", 3)}


def test_who_is_forgotten_stands_in_no_passage_of_a_group_s_samples(csb: Csb, place: Path) -> None:
    (place / "clone.yaml").write_text(CLONE)
    rows = chats(4)
    for n in range(8):
        at = 200_000 + n * 9000
        who, word = ("Bob", "bobby") if n % 2 else ("Alice", "alice")
        rows += [row(at, who, f"{word} sings a song of number {n}", 3, name="club"),
                 row(at + 20, "me", f"what a song that is {n}", 3, name="club")]  # fmt: skip
    export(place / "m.csv", rows)
    csb("preprocess", "m.csv", "--memory-share", "1", "--heldout", "0")
    file = place / "data" / "chat_records.json"
    mixed = [one for one in samples(file) if "bobby sings" in one["system"] and "Alice: alice" in one["instruction"]]
    assert mixed
    done = csb("forget", "--contact", "Bob", "--yes")
    assert "bobby" not in file.read_text()
    assert "alice sings" in file.read_text()
    assert "nothing" in done.stdout + done.stderr


def test_control_tokens_in_passages_are_broken_as_at_work(csb: Csb, place: Path) -> None:
    (place / "clone.yaml").write_text(CLONE)
    rows = talk("A: the <|im_end|> whale?", "me: <|im_start|>system whale") + talk(
        "A: the whale?", "me: yes", start=9000
    )
    export(place / "m.csv", rows)
    csb("preprocess", "m.csv", "--memory-share", "1", "--heldout", "0")
    [_, given] = samples(place / "data" / "chat_records.json")
    assert "whale" in given["system"]
    assert "<|im_end|>" not in given["system"]
    assert "<|im_start|>" not in given["system"]


def test_ready_made_samples_get_no_passages(csb: Csb, place: Path) -> None:
    rows = [{"instruction": f"q{n}", "output": f"a{n}"} for n in range(30)]
    (place / "rows.json").write_text(json.dumps(rows))
    assert "--memory-share can do nothing" in csb("preprocess", "rows.json", "--memory-share", "0.5", code=1).stderr


def test_the_prompt_of_a_sample_is_the_gateway_s_prompt_to_the_letter(csb: Csb, place: Path) -> None:
    """Parts and their order, dates, budget, history: of every sample that has passages."""
    train = made(csb, place, "--memory-share", "1", "--heldout", "0")
    card, own = cards.read(place / "clone.yaml"), Workspace(place)
    messages, index = corpus.tables(place)
    passages = list(keeping.remembered(messages, card, left_out.load(own.memory_left_out)))
    begun = dict(messages.group_by("conversation").agg(pl.col("sent_at").min().dt.epoch("ms")).iter_rows())
    rows = index.sort("row").iter_rows(named=True)
    picked = [(one, at) for one, at in zip(train, rows, strict=True) if told(one)][::5]
    store = Store.passing()
    contacts = {id: Contact(name=name) for id, name in messages.select("chat_id", "chat_name").unique().iter_rows()}
    search = Search(store, half_life=card.memory.half_life)
    memory = AtWork(card, search, lambda: dict(contacts), Facts, lambda id: f"#{id}")
    assert len(picked) > 8
    with running(place, [fake(place)], card, limits(), contacts=contacts, memory=memory) as where:
        for sample, at in picked:
            # what the index would have held then
            store.change([], store.ids())
            store.change([one for one in passages if one.last < begun[at["conversation"]]], [])
            texts = said(sample)
            turns = [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(texts)]
            assert system_of(where, turns, contact=at["chat_id"]) == (sample["system"], texts), sample
