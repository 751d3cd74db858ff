"""Samples that another tool has made already: Alpaca, ShareGPT, OpenAI messages, as JSON or JSON Lines.

Formats: LLaMA-Factory's data/README.md (Alpaca, ShareGPT), OpenAI's fine-tuning `messages`; MemoTrace writes
all of them (shared facts, formats.md §4.1). One sample per reply, the pairs before it as history.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from chatstylebot.corpus import prompts

if TYPE_CHECKING:  # its rules take 0.05 s to load
    from chatstylebot.corpus.privacy import Finder
from chatstylebot.errors import UserError

ROLES = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "assistant": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "system": "system",
    "developer": "system",
}
_GAP = re.compile(r"[\s,]*")
Sample = dict[str, Any]  # instruction, input, output, system, history


@dataclass
class ReadyMade:
    """The samples, how many rows came in, and why some were left out."""

    samples: list[Sample] = field(default_factory=list)
    read: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)  # reason → where the first one stands

    def drop(self, reason: str, where: str) -> None:
        """Count a row that gives no sample."""
        self.dropped[reason] += 1
        self.examples.setdefault(reason, where)


def form(row: Any) -> str | None:
    """The format of one row: "alpaca", "sharegpt", "openai", else None. Raises UserError for pairs."""
    if not isinstance(row, dict):
        return None
    if {"chosen", "rejected"} & set(row) or "label" in row or "kto_tag" in row:
        raise UserError("these are preferences, not samples", "register them and run csb train dpo or csb train kto")
    if "instruction" in row and "output" in row:
        return "alpaca"
    for key, name in (("conversations", "sharegpt"), ("conversation", "sharegpt"), ("messages", "openai")):
        turns = row.get(key)
        first = set(turns[0]) if isinstance(turns, list) and turns and isinstance(turns[0], dict) else set()
        # an export of Telegram's has messages, too, with "from", but without these pairs of keys
        if {"role", "content"} <= first or {"from", "value"} <= first:
            return name
    return None


def detect(path: Path) -> str | None:
    """The format of a file of samples, None where it is something else. Raises UserError for preferences."""
    if path.suffix.lower() not in (".json", ".jsonl", ".ndjson") or not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            start = file.read(1 << 16).decode("utf-8-sig", "ignore").lstrip()
    except OSError:
        return None
    begin = start.find("{")
    if begin < 0 or start[:begin].strip() not in ("", "["):
        return None
    try:
        first, _ = json.JSONDecoder(strict=False).raw_decode(start, begin)
    except (ValueError, RecursionError):
        return None
    return form(first)


def rows(path: Path, partial: bool = False) -> list[Any]:
    """The rows of a JSON list or of JSON Lines. Raises UserError for what is neither, or cut off and not `partial`."""
    text = path.read_text("utf-8-sig", errors="replace")
    found: list[Any] = []
    try:
        if text.lstrip()[:1] == "[":
            for row in _elements(path, text):
                found.append(row)
            return found
        lines = [line for line in text.split("\n") if line.strip()]
        for number, line in enumerate(lines, 1):
            try:
                found.append(json.loads(line, strict=False))
            except (ValueError, RecursionError):
                if number == len(lines) and not text.endswith("\n"):
                    raise _Cut from None
                found.append(None)
    except _Cut:
        if not partial:
            raise UserError(
                f"{path} is cut off in the middle: {len(found):,} rows could be read",
                "make or copy it again, which loses nothing, or take what could be read: --partial",
            ) from None
    return found


class _Cut(Exception):
    """A file ends in the middle."""


def _elements(path: Path, text: str) -> Iterator[Any]:
    """The elements of a JSON list one by one. Raises _Cut where it ends too early, UserError where it is no JSON."""
    decoder = json.JSONDecoder(strict=False)
    place = text.index("[") + 1
    while True:
        place = _GAP.match(text, place).end()  # type: ignore[union-attr]  # it matches nothing, too
        if text[place : place + 1] == "]":
            return
        if place >= len(text):
            raise _Cut
        try:
            row, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            # no whole JSON can follow where a file was cut off
            if isinstance(error, json.JSONDecodeError) and _unfinished(text, error):
                raise _Cut from None
            raise UserError(f"{path} is not whole JSON: {error}", "make or copy it again") from None
        yield row


def _unfinished(text: str, error: json.JSONDecodeError) -> bool:
    """Whether a text is only too short: the fault is at its end, or a string that never ends."""
    return error.msg.startswith("Unterminated string") or error.pos >= len(text.rstrip()) - 1


def read(path: Path, history: int, partial: bool = False) -> ReadyMade:
    """The samples of a file, each with at most `history` pairs before it. Raises UserError as `rows` does."""
    made = ReadyMade()
    seen: set[str] = set()
    for number, row in enumerate(rows(path, partial), 1):
        made.read += 1
        where = f"{path} row {number}"
        try:
            kind = form(row)
        except UserError:
            kind = None
        found = _alpaca(row, made.dropped) if kind == "alpaca" else _turns(row) if kind else []
        if not found:
            made.drop(_why(row, kind), where)
        for sample in found:
            sample["history"] = sample["history"][-history:] if history else []
            key = json.dumps(sample, sort_keys=True)
            if key in seen:
                made.drop("duplicate_sample", where)
                continue
            seen.add(key)
            made.samples.append(sample)
    return made


def _why(row: Any, kind: str | None) -> str:
    """Why a row gives no sample."""
    if not isinstance(row, dict):
        return "not_an_object"
    return "unknown_form" if kind is None else "no_question_or_answer"


def collected(paths: Iterable[Path], history: int, partial: bool = False) -> ReadyMade:
    """The samples of several files."""
    whole = ReadyMade()
    for path in paths:
        made = read(path, history, partial)
        whole.samples += made.samples
        whole.read += made.read
        whole.dropped += made.dropped
        whole.examples = made.examples | whole.examples
    return whole


def language(samples: list[Sample]) -> str:
    """The language of the replies, as `prompts.language` tells it of a person's messages."""
    texts = pl.DataFrame({"text": [sample["output"] for sample in samples]}, schema={"text": pl.String})
    return prompts.language(texts.with_columns(pl.lit(True).alias("from_me")))


def prompted(made: ReadyMade, system: str, broken: Callable[[Any], Any]) -> None:
    """Give the samples without a system prompt this one; `broken` breaks the control tokens in all texts of one."""
    made.samples = [broken(sample | {"system": sample["system"] or system}) for sample in made.samples]


def _text(value: Any) -> str:
    """A text, also of OpenAI's list of parts, which are joined as they are written."""
    if isinstance(value, list):
        texts = (part.get("text") if isinstance(part, dict) else part for part in value)
        value = "".join(text for text in texts if isinstance(text, str))
    return value.strip() if isinstance(value, str) else ""


def _alpaca(row: dict[str, Any], dropped: Counter[str]) -> list[Sample]:
    asked = "\n".join(part for part in (_text(row.get("instruction")), _text(row.get("input"))) if part)
    reply = _text(row.get("output"))
    if not asked or not reply:
        return []
    past = row.get("history")
    pairs = [p for p in past if isinstance(p, list) and len(p) == 2] if isinstance(past, list) else []
    history = [[_text(one), _text(other)] for one, other in pairs]
    return [_sample(asked, reply, _text(row.get("system")), history)]


def _sample(asked: str, reply: str, system: str, history: list[list[str]]) -> Sample:
    return {"instruction": asked, "input": "", "output": reply, "system": system, "history": history}


def _turns(row: dict[str, Any]) -> list[Sample]:
    """One sample per reply; turns of one side in a row are bubbles of one turn."""
    turns = next(row[key] for key in ("conversations", "conversation", "messages") if key in row)
    system = _text(row.get("system"))
    merged: list[tuple[str, str]] = []
    for turn in turns:
        if not isinstance(turn, dict):
            continue
        role = ROLES.get(str(turn.get("from", turn.get("role"))))
        text = _text(turn.get("value", turn.get("content")))
        if role == "system":
            system = system or text
        elif role and text and merged and merged[-1][0] == role:
            merged[-1] = (role, f"{merged[-1][1]}\n{text}")
        elif role and text:
            merged.append((role, text))
    samples: list[Sample] = []
    history: list[list[str]] = []
    asked = ""
    for role, text in merged:
        if role == "user":
            asked = text
            continue
        if asked:
            samples.append(_sample(asked, text, system, [list(pair) for pair in history]))
        history.append([asked, text])
        asked = ""
    return samples


def redacted(samples: list[Sample], finder: "Finder") -> list[Sample]:
    """The samples without private values: in questions, answers, history and prompts alike."""
    return [
        sample
        | {name: finder.replace(sample[name]) for name in ("instruction", "output", "system")}
        | {"history": [[finder.replace(text) for text in pair] for pair in sample["history"]]}
        for sample in samples
    ]


def private(made: ReadyMade, mode: str, finder: "Finder") -> None:
    """Take private values out of the samples, or drop and count the samples that hold some; `off` does neither."""
    if mode == "off":
        return
    clean = redacted(made.samples, finder)
    if mode == "drop":
        clean = [sample for sample, other in zip(made.samples, clean, strict=True) if sample == other]
        if lost := len(made.samples) - len(clean):
            made.dropped["private"] += lost
    made.samples = clean


def split(samples: list[Sample], heldout: float) -> tuple[list[Sample], list[Sample]]:
    """Training samples and dev samples: the last share of the file, as the newest talk stands there."""
    number = int(len(samples) * heldout)
    return (samples[:-number], samples[-number:]) if number else (samples, [])


def told(account: dict[str, Any], output: str) -> str:
    """For the screen: the account in three lines."""
    dropped = ", ".join(
        f"{number:,} {reason}" + (f" (first: {account['examples'][reason]})" if reason in account["examples"] else "")
        for reason, number in account["dropped"].items()
    )
    counts = f"{account['samples']:,} samples ({account['train']:,} train, {account['dev']:,} dev)"
    redacted = sum(account["redacted"].values())
    return (
        f"{account['samples_in']:,} rows → {counts}\ndropped: {dropped or 'none'}; redacted: {redacted:,}\n→ {output}"
    )
