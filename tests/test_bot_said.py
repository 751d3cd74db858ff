"""What a bot said from the person's own account is nobody's style: `csb preprocess` learns it neither as an answer nor
as talk to remember (RAG-7 in facts/pitfalls.md)."""

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import Csb
from make import START, export, pairs, talk

from chatstylebot.bot import store
from chatstylebot.bot.talk import State

OUT = Path("data/chat_records.json")
LINES = ("A: up?", "me: yep", "A: lunch?", "me: sure lol", "A: where?", "me: yep", "A: ok", "me: see you there")


def said(place: Path, channel: str, *texts: tuple[str, int]) -> None:
    """A bot on that channel has said these texts, so many seconds after START."""
    file = store.path(place, channel)
    file.parent.mkdir(parents=True, exist_ok=True)
    with store.Store.open(file) as kept:
        for text, at in texts:
            kept.save(State(), State(), datetime.fromtimestamp(START + at, UTC), sending=[text])


def report(place: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((place / ".csb" / "report.json").read_text("utf-8"))
    return found


@pytest.fixture
def chat(csb: Csb, place: Path) -> Path:
    csb("init", ".", "--name", "Mia", "--language", "en")
    return export(place / "m.csv", talk(*LINES, gap=400))


def test_the_bot_s_words_are_no_sample_and_the_person_s_own_of_the_same_words_are(
    csb: Csb, place: Path, chat: Path
) -> None:
    csb("preprocess", chat)
    assert pairs(OUT) == [("up?", "yep"), ("lunch?", "sure lol"), ("where?", "yep"), ("ok", "see you there")]
    said(place, "itchat", ("sure  lol", 1600), ("yep", 2401))  # the second "yep": the first is the person's
    told = csb("preprocess", chat)
    assert pairs(OUT) == [("up?", "yep"), ("ok", "see you there")]
    assert "your bot said it, from your account" in told.stdout
    assert report(place)["dropped"]["said_by_bot"] == 2
    assert report(place)["messages_in"] == report(place)["messages_used"] + sum(report(place)["dropped"].values())
    kept = pl.read_parquet(place / ".csb" / "messages.parquet")
    assert "sure lol" not in kept["text"].to_list()
    assert kept["text"].to_list().count("yep") == 1


def test_an_export_whose_times_are_off_by_a_zone_is_seen_through(csb: Csb, place: Path, chat: Path) -> None:
    shift = int(timedelta(hours=-5, minutes=-30).total_seconds())
    said(place, "onebot", ("sure lol", 1600 + shift), ("see you there", 3203 + shift), ("yep", 90_000))
    csb("preprocess", chat)
    assert pairs(OUT) == [("up?", "yep"), ("where?", "yep")]


def test_short_words_that_person_and_bot_both_use_stay_the_person_s(place: Path) -> None:
    dice, words, day = random.Random(3), ["ok", "haha", "yep", "lol", "nah"], 86_400
    said(place, "itchat", *((dice.choice(words), dice.randrange(14 * day)) for _ in range(600)))
    bots = store.said_by_bots(place)
    assert bots
    typed = [(dice.choice(words), 1000 * (START + dice.randrange(14 * day))) for _ in range(1200)]
    assert sum(bots(typed)) < 20  # by chance in the same seconds


def test_a_bot_with_an_account_of_its_own_takes_none_of_the_person_s_words(csb: Csb, place: Path, chat: Path) -> None:
    said(place, "ilink", ("sure lol", 1600))
    said(place, "terminal", ("yep", 2400))
    csb("preprocess", chat)
    assert len(pairs(OUT)) == 4
