"""Marked messages in; the same without copies, foreign words and private values, and what is known of these, out."""

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from chatstylebot.card import Card
from chatstylebot.contacts import Contact
from chatstylebot.corpus import copies, foreign, privacy
from chatstylebot.corpus.copies import Copies
from chatstylebot.corpus.privacy import secret_hashes
from chatstylebot.corpus.switches import Switches


@dataclass(frozen=True)
class Cleaned:
    """Messages as `copies`, `foreign` and `privacy` leave them, what these found, and names of files to hide."""

    messages: pl.DataFrame
    finder: privacy.Finder
    hide: dict[str, str]
    copies: Copies

    def lines(self, lines: Sequence[str]) -> list[str]:
        """Lines about files, without the names that must not stand in them."""
        return [privacy.hidden(line, self.hide) for line in lines]


def clean(
    messages: pl.DataFrame,
    files: Sequence[str],
    card: Card,
    contacts: Mapping[str, Contact],
    switches: Switches,
    secret: bytes,
    block: Sequence[re.Pattern[str]] = (),
) -> Cleaned:
    """Take out copies, what is not the person's own, and what is private; `secret` makes the aliases of ids."""
    names = _names(messages, contacts) if card.hide_names else ()
    finder = privacy.Finder(card.language, names, block)
    once = copies.mark(messages)
    marked = foreign.mark(once.messages.drop("file"), switches.drop_pasted, switches.cap_repeats, switches.bots)
    alias = functools.partial(secret_hashes.alias, secret)
    redacted = privacy.redact(marked, card.privacy, finder, alias)
    hide = privacy.names_hidden(files, card.privacy, card.language, names)
    for name, shown in hide.items():
        redacted = redacted.with_columns(pl.col("source").str.replace(name, shown, literal=True))
    return Cleaned(redacted, finder, hide, replace(once, messages=redacted))


def _names(messages: pl.DataFrame, contacts: Mapping[str, Contact]) -> list[str]:
    """What the contacts are called: in the export and in contacts.yaml."""
    theirs = messages.filter(~pl.col("from_me"))
    known = [name for contact in contacts.values() for name in (contact.name, *contact.aliases.values()) if name]
    private = messages.filter(~pl.col("is_group"))["chat_name"].unique().to_list()
    return sorted({*theirs["sender_name"].unique().to_list(), *private, *known})
