"""What people and chats are called, on one line and without what steers a terminal."""

import re

import polars as pl

from chatstylebot import looks

# control characters, line separators, and the marks that turn the direction of writing (WhatsApp puts them before names)
UNSEEN = r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]"
_UNSEEN = re.compile(UNSEEN)


def tidy(name: str) -> str:
    """The name on one line: a line end is a blank, other control characters go."""
    if not _UNSEEN.search(name):
        return name
    return _UNSEEN.sub(lambda sign: " " if sign[0].isspace() else "", name).strip() or "?"


def tidied(messages: pl.DataFrame) -> pl.DataFrame:
    """Messages whose ids and names can be shown, and stand in a prompt as "name: words"."""
    columns = ("chat_id", "chat_name", "sender_id", "sender_name")
    known = looks.distinct(messages, *columns)
    for column in columns:
        names = known[column].unique()
        odd = names.filter(names.str.contains(UNSEEN).fill_null(False)).to_list()
        if odd:
            messages = messages.with_columns(pl.col(column).replace(odd, [tidy(name) for name in odd]))
    return messages
