"""Records in, what preference training reads out: pairs for DPO, labels for KTO, and an account of the rest. Pure.

A pick or an edit is a pair, a thumb or a draft that was not sent is a label (FBK-8); no verdict is both
(docs/decisions/0007). Of two verdicts on one answer to one prompt the last is what counts.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from chatstylebot.feedback.records import SELF_PLAY, Message, Record

Prompt = tuple[Message, ...]
ROLES = {"system": "system", "user": "human", "assistant": "gpt"}  # the tags of datasets.PAIRS
# why a row is not among what is trained on
REASONS = {
    "same": "both answers are the same",
    "empty": "an answer without a word",
    "private": "privacy: drop, and something private stands in it",
    "repeated": "said before",
    "overruled": "a later verdict says otherwise",
}


@dataclass(frozen=True, slots=True)
class Pair:
    """One answer is better than another; `edit`: the better one was written by hand in place of the other; `play`:
    it is what the person once wrote, and nobody voted."""

    ids: tuple[str, ...]
    prompt: Prompt
    chosen: str
    rejected: str
    edit: bool = False
    play: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """An answer is good, or it is not."""

    ids: tuple[str, ...]
    prompt: Prompt
    text: str
    good: bool


Row = Pair | Label


@dataclass
class Resolved:
    """What can be trained on, in the order of time, and how many rows each of REASONS took away."""

    pairs: list[Pair] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)


def rows(record: Record) -> list[Row]:
    """What one record says: a pair for every answer that was passed over, one for an edit, else a label.

    Who "edits" an answer into itself has said that it is good, and takes an earlier edit back.
    """
    ids, prompt, answer = (record.id,), record.messages, record.answer
    if record.verdict == "chosen":
        others = record.candidates[: record.index] + record.candidates[record.index + 1 :]
        return [Pair(ids, prompt, answer, other) for other in others]
    if record.verdict == "edited" and _same(record.text or "", answer):
        return [Label(ids, prompt, answer, True)]
    if record.verdict == "edited":
        play = record.source == SELF_PLAY
        return [Pair(ids, prompt, record.text or "", answer, edit=not play, play=play)]
    return [Label(ids, prompt, answer, record.verdict == "good")]


def cleaned(row: Row, clean: Callable[[str], str], ours: Iterable[str] = ()) -> Row:
    """The row with `clean` put through every text; a system prompt of `ours` stays, as it stays in the samples."""
    system, *talk = row.prompt
    first = system if system.content in ours else Message(system.role, clean(system.content))
    prompt = (first, *(Message(m.role, clean(m.content)) for m in talk))
    if isinstance(row, Pair):
        return replace(row, prompt=prompt, chosen=clean(row.chosen), rejected=clean(row.rejected))
    return replace(row, prompt=prompt, text=clean(row.text))


def resolve(
    records: Iterable[Record],
    clean: Callable[[str], str] = str,
    ours: Iterable[str] = (),
    private: Literal["redact", "drop"] = "redact",
) -> Resolved:
    """The pairs and labels of records that come in the order of time; the last word wins, and every vote wins over
    self-play."""
    done = Resolved()
    live: dict[Prompt, dict[int, Row]] = {}  # by number, which is the order of time
    ours = frozenset(ours)
    ordered = sorted(records, key=lambda record: record.source != SELF_PLAY)
    for number, before in enumerate(row for record in ordered for row in rows(record)):
        row = cleaned(before, clean, ours)
        reason = _useless(row) or ("private" if private == "drop" and row != before else None)
        if reason:
            done.dropped[reason] += 1
        else:
            _enter(number, row, live.setdefault(row.prompt, {}), done.dropped)
    for rivals in live.values():
        _leave_out_implied(rivals, done.dropped)
    for _, row in sorted((item for rivals in live.values() for item in rivals.items()), key=lambda item: item[0]):
        if isinstance(row, Pair):
            done.pairs.append(row)
        else:
            done.labels.append(row)
    return done


def _enter(number: int, row: Row, rivals: dict[int, Row], dropped: Counter[str]) -> None:
    """Put a row among those on the same prompt; an older one that does not go together with it is dropped."""
    for key, old in list(rivals.items()):
        verdict = _meet(old, row)
        if verdict is None:
            continue
        dropped[verdict] += 1
        del rivals[key]
        if verdict == "repeated":
            row = replace(row, ids=old.ids + row.ids)
    rivals[number] = row


def _leave_out_implied(rivals: dict[int, Row], dropped: Counter[str]) -> None:
    """Drop the labels that a pair says already. At the end: a pair that is overruled later takes none of them along."""
    pairs = [row for row in rivals.values() if isinstance(row, Pair)]
    said = {text for pair in pairs for text in (pair.chosen, pair.rejected)}
    for key in [key for key, row in rivals.items() if isinstance(row, Label) and row.text in said]:
        dropped["repeated"] += 1
        del rivals[key]


def _useless(row: Row) -> str | None:
    texts = (row.chosen, row.rejected) if isinstance(row, Pair) else (row.text,)
    if not all(text.strip() for text in texts):
        return "empty"  # the engine tells desirable from undesirable by which side is empty
    return "same" if isinstance(row, Pair) and _same(row.chosen, row.rejected) else None


def _same(one: str, other: str) -> bool:
    """Whether two answers differ in nothing but blanks at their ends: an answer that was cut off ends in one."""
    return one.strip() == other.strip()


def _meet(old: Row, new: Row) -> Literal["repeated", "overruled"] | None:
    """Why the older of two rows on one prompt goes; None: both stay."""
    if isinstance(old, Label) and isinstance(new, Label):
        if old.text != new.text:
            return None
        return "repeated" if old.good == new.good else "overruled"
    if isinstance(old, Pair) and isinstance(new, Pair):
        if (old.chosen, old.rejected) == (new.chosen, new.rejected):
            return "repeated"
        turned = (old.chosen, old.rejected) == (new.rejected, new.chosen)
        again = old.edit and new.edit and old.rejected == new.rejected
        return "overruled" if turned or again else None
    pair, label = (old, new) if isinstance(old, Pair) else (new, old)
    assert isinstance(pair, Pair)
    assert isinstance(label, Label)
    against = label.text == (pair.rejected if label.good else pair.chosen)
    return "overruled" if against else None


def dpo(pair: Pair) -> dict[str, Any]:
    """A row of data/dpo_records.json (`datasets.PAIRS`)."""
    return {
        "conversations": [{"from": ROLES[m.role], "value": m.content} for m in pair.prompt],
        "chosen": {"from": "gpt", "value": pair.chosen},
        "rejected": {"from": "gpt", "value": pair.rejected},
    }


def kto(label: Label) -> dict[str, Any]:
    """A row of data/kto_records.json (`datasets.LABELS`)."""
    said = [*label.prompt, Message("assistant", label.text)]
    return {"messages": [{"role": m.role, "content": m.content} for m in said], "label": label.good}


def lines(resolved: Resolved) -> Iterator[str]:
    """Why rows were left out, one line each."""
    for reason, text in REASONS.items():
        if number := resolved.dropped[reason]:
            yield f"{number:,} left out: {text}"
