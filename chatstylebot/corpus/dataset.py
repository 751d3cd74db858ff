"""Clean messages in, the whole data set out: conversations, samples, and the account of every message."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import polars as pl

from chatstylebot.card import Card
from chatstylebot.contacts import Contact
from chatstylebot.corpus import conversations, prompts, quality, report, samples, silence
from chatstylebot.corpus.cleaned import Cleaned
from chatstylebot.corpus.switches import Switches
from chatstylebot.errors import UserError

Counter = Callable[[Sequence[str]], list[int]]  # texts → tokens


@dataclass(frozen=True)
class Dataset:
    """The card as it was used, messages with what became of them, own turns with what they answer, the report."""

    card: Card
    messages: pl.DataFrame
    own: pl.DataFrame
    account: dict[str, Any]
    remarks: tuple[str, ...] = ()  # how the gap was chosen

    def texts(self) -> dict[str, str]:
        """One text per drop reason."""
        first = self.messages.filter(pl.col("dropped").is_not_null()).group_by("dropped").first()
        return {row["dropped"]: row["text"] or f"<{row['kind']}>" for row in first.iter_rows(named=True)}


def build(
    clean: Cleaned,
    damaged: Sequence[str],
    card: Card,
    contacts: Mapping[str, Contact],
    switches: Switches,
    count: Counter | None,
) -> Dataset:
    """Do the whole of it. Raises UserError where nothing is left to train on."""
    pauses = silence.pauses(clean.messages)
    told: tuple[str, ...] = ()
    if switches.gap_auto:
        gap, why = silence.gap(pauses)
        card = card.model_copy(update={"gap": gap})
        told = (f"gap auto: {gap / timedelta(minutes=1):g} min ({why})",)
    numbered = conversations.shorten_groups(conversations.number(clean.messages, card.gap))
    talk = conversations.turns(numbered, card.separator, card.language, card.quotes)
    # joined first: one may be spread over two bubbles
    talk = talk.with_columns(switches.broken(talk["text"]))
    own, systems = prompts.give(samples.pairs(talk, switches.heldout), numbered, card, contacts, switches.broken)
    own = samples.keep(own, card.history, switches.cap_repeats, switches.max_share)
    lost = clean.lines(damaged)
    with ThreadPoolExecutor(1) as pool:  # the samples' figures need no message, unless earlier talk stands in them
        figures = None if switches.recall else pool.submit(quality.figures, own, card.history, systems[0], count)
        messages = samples.settle(numbered, samples.fates(talk, own))
        recalled: dict[str, Any] = {}
        if figures is None:
            own, recalled = _recalled(messages, own, card, switches)
            figures = pool.submit(quality.figures, own, card.history, systems[0], count)
        account = report.account(messages, own, lost, clean.finder.counts)
        account |= quality.of_messages(messages, own) | figures.result()
    account |= {
        "damaged": lost[:50],
        "gap_minutes": card.gap / timedelta(minutes=1),
        "gap": silence.told(pauses, card.gap) | {"auto": switches.gap_auto},
        "history": card.history,
        "privacy": card.privacy,
        "system": systems[0],
    } | recalled
    if account["samples"] == 0:
        reasons = ", ".join(f"{number:,} {reason}" for reason, number in account["dropped"].items())
        raise UserError(
            f"nothing is left to train on: of {account['messages_in']:,} messages {reasons}",
            "export chats in which you answered in text, or widen --gap",
        )
    return Dataset(card, messages, own, account, told)


def _recalled(
    messages: pl.DataFrame, own: pl.DataFrame, card: Card, switches: Switches
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """The own turns with earlier talk in some prompts, and what the report says of it."""
    assert switches.recall
    made = switches.recall(messages, own, card, switches.broken)
    return made.own, {"memory": made.account}


def remarks(made: Dataset, found: bool, heldout: float) -> list[str]:
    """What the user should know about the result; `found`: there is a clone.yaml."""
    lines = []
    if heldout and not made.account["heldout"]:
        lines.append("note: no chat has ten samples: nothing is held out, and there is no dev set")
    if found and made.card.language != prompts.language(made.messages):
        lines.append(f"note: the card says language: {made.card.language}, most of your messages are in another")
    if lopsided := report.lopsided(made.account, made.account["chats"]):
        lines.append(f"note: {lopsided}")
    return lines
