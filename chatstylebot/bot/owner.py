"""What the owner's words mean to the bot: the stop word, a vote, a decision on a draft; or ordinary talk."""

import re
from dataclasses import dataclass
from typing import Literal

Choice = Literal["send", "edit", "no"]
VOTES: dict[str, Literal["good", "bad"]] = {"good": "good", "不错": "good", "bad": "bad", "不好": "bad"}
WORDS: dict[str, Choice] = {"发": "send", "send": "send", "改": "edit", "edit": "edit", "不": "no", "no": "no"}
DECISION = re.compile(
    rf"\s*(?:#?(\d+)\s*({'|'.join(WORDS)})|({'|'.join(WORDS)})\s*#?(\d+))(?:[\s:：]+(.*))?", re.I | re.S
)


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
    """The decision in these words, of `drafted` drafts that there were so far: `send 3`, `3 不`, `改 3 明天吧`.

    It always says the number: "no" and "edit the photo" are what people say to each other.
    """
    found = DECISION.fullmatch(text)
    if not found:
        return None
    before, first, second, after, rest = found.groups()
    choice, rest = WORDS[(first or second).lower()], (rest or "").strip()
    number = int(before or after)
    if (choice == "edit") != bool(rest) or not 0 < number <= drafted:
        return None
    return Decision(number, choice, rest)
