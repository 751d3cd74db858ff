"""What the owner's words mean to the bot: the stop word, a vote, a decision on a draft; or ordinary talk."""

import re
from dataclasses import dataclass
from typing import Literal

from chatstylebot.feedback.drafts import Choice

VOTES: dict[str, Literal["good", "bad"]] = {"good": "good", "不错": "good", "bad": "bad", "不好": "bad"}
WORDS: dict[str, Choice] = {"发": "send", "send": "send", "不": "no", "no": "no"}
SEND = re.compile(r"\s*(?:#?(\d{1,6})\s*(发|不|send|no)|(?:(发|不)\s*#?|(send|no)\s*[\s#])(\d{1,6}))\s*", re.I)
EDIT = re.compile(r"\s*(?:#?(\d{1,6})\s*(?:改|edit)|(?:改\s*#?|edit\s*[\s#])(\d{1,6}))\s*[:：](.+)", re.I | re.S)


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a draft."""

    number: int
    choice: Choice
    text: str = ""


def vote(text: str) -> Literal["good", "bad"] | None:
    """The thumb in these words, if they are nothing else."""
    return VOTES.get(text.strip().lower())


def picked(text: str) -> int | None:
    """Which of two answers is the better one: 0 or 1."""
    return {"1": 0, "2": 1}.get(text.strip())


def decision(text: str, drafted: int) -> Decision | None:
    """The decision in these words, of `drafted` drafts that there were so far: `send 3`, `不 3`, `改 3：明天吧`.

    It always says the number, and an edit has a colon: "no", "edit the photo" and "edit 2 photos" are what people say.
    """
    if found := SEND.fullmatch(text):
        before, first, second, third, after = found.groups()
        made = Decision(int(before or after), WORDS[(first or second or third).lower()])
    elif (found := EDIT.fullmatch(text)) and found[3].strip():
        made = Decision(int(found[1] or found[2]), "edit", found[3].strip())
    else:
        return None
    return made if 0 < made.number <= drafted else None
