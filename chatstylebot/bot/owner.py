"""What the owner's words mean to the bot: the stop word, a vote, a decision on a draft; or ordinary talk."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

Choice = Literal["send", "edit", "no"]
VOTES: dict[str, Literal["good", "bad"]] = {"good": "good", "不错": "good", "bad": "bad", "不好": "bad"}
WORDS: dict[str, Choice] = {"发": "send", "send": "send", "改": "edit", "edit": "edit", "不": "no", "no": "no"}
DECISION = re.compile(
    rf"\s*(?:#?(\d+)\s*)?({'|'.join(WORDS)})(?![a-z])(?:\s*#?(\d+)(?![^\s:：]))?[\s:：]*(.*)", re.I | re.S
)


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a draft; `number` is None where the owner left it out and there are several."""

    number: int | None
    choice: Choice
    text: str = ""


def vote(text: str) -> Literal["good", "bad"] | None:
    """The thumb in these words, if they are nothing else."""
    return VOTES.get(text.strip().lower())


def picked(text: str) -> int | None:
    """Which of two answers is the better one: 0 or 1."""
    return {"1": 0, "2": 1}.get(text.strip())


def decision(text: str, pending: Collection[int]) -> Decision | None:
    """The decision in these words, where drafts wait: `发`, `send 3`, `3 不`, `改 3 明天吧`, `edit see you`."""
    found = DECISION.fullmatch(text)
    if not found or not pending:
        return None
    before, word, after, rest = found.groups()
    choice, rest = WORDS[word.lower()], rest.strip()
    number = int(before or after) if before or after else None
    if number is not None and number not in pending:
        if before is not None:
            return None  # "5 不错" is talk
        rest, number = f"{after} {rest}".strip(), None  # "改 3 点见": the number belongs to the text
    if (choice == "edit") != bool(rest):
        return None  # "不知道", "send me that": ordinary talk
    if number is None and len(pending) == 1:
        [number] = pending
    return Decision(number, choice, rest)
