"""Pairs without votes: what the person really wrote against what the clone says now, as in SPIN and DITTO. Pure."""

import hashlib
import json
import random
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any

from chatstylebot.feedback.records import SELF_PLAY, Message, Record

NEAR = 0.9  # from this likeness on, two answers teach nothing


@dataclass(frozen=True, slots=True)
class Sample:
    """A training sample: the system prompt it was given, the turns, what the person wrote, and in which chat ("": not
    known)."""

    system: str
    turns: tuple[tuple[str, str], ...]  # role, text; the last is the other side's
    reply: str
    chat: str = ""


def samples(rows: Sequence[Any], chats: Sequence[str] = ()) -> list[Sample]:
    """The samples of data/chat_records.json, each once; rows of another shape are left out. `chats`: whose each is."""
    whose = chats if len(chats) == len(rows) else [""] * len(rows)
    found = [_sample(row, chat) for row, chat in zip(rows, whose, strict=True) if isinstance(row, Mapping)]
    return list(dict.fromkeys(one for one in found if one and one.turns[-1][1].strip() and one.reply.strip()))


def _sample(row: Mapping[str, Any], chat: str) -> Sample | None:
    history = row.get("history") or []
    heard = "\n".join(part for part in (row.get("instruction"), row.get("input")) if isinstance(part, str) and part)
    reply, system = row.get("output"), row.get("system") or ""
    pairs = [pair for pair in history if isinstance(pair, list) and len(pair) == 2]
    texts = [text for pair in pairs for text in pair]
    if len(pairs) != len(history) or not all(isinstance(text, str) for text in (*texts, reply, system)):
        return None
    turns = [(("user", "assistant")[n % 2], text) for n, text in enumerate((*texts, heard))]
    return Sample(system, tuple(turns), str(reply), chat)


def chosen(found: Sequence[Sample], number: int, seed: int) -> list[Sample]:
    """So many of them, by chance; a larger number goes on from a smaller one."""
    order = list(range(len(found)))
    random.Random(seed).shuffle(order)
    return [found[place] for place in order[:number]]


def key(sample: Sample, model: str) -> str:
    """What tells this sample, answered by this model, from every other."""
    whole = json.dumps([model, sample.system, sample.turns, sample.reply], ensure_ascii=False)
    return f"{SELF_PLAY}-{hashlib.sha256(whole.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def alike(one: str, other: str) -> bool:
    """Whether two answers are the same, or nearly: letters and their order, not case, spaces or punctuation."""
    left, right = _bare(one), _bare(other)
    if left == right:
        return bool(left) or one.split() == other.split()
    return min(len(left), len(right)) > 0 and SequenceMatcher(None, left, right, autojunk=False).ratio() >= NEAR


def _bare(text: str) -> str:
    whole = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in whole if unicodedata.category(c)[0] not in "PZC")


def record(
    sample: Sample, answer: str, model: tuple[str, str], contact: str | None, system: str, at: datetime
) -> Record | None:
    """The pair as the feedback store keeps it: the person's words in the place of the `answer`. `model`: its name and
    its adapter. None where it teaches nothing."""
    if not answer.strip() or alike(sample.reply, answer):
        return None
    messages = (Message("system", system), *(Message(role, text) for role, text in sample.turns))  # type: ignore[arg-type]
    id, (name, adapter) = key(sample, "\n".join(model)), model
    try:
        return Record(
            id, at, SELF_PLAY, contact, name, adapter or None, messages, (answer,), "edited", text=sample.reply,
            whose=(sample.chat,) if sample.chat else (),
        )  # fmt: skip
    except ValueError:  # longer than the store takes, half a character
        return None
