"""What was found, as it is shown: in lines, or as JSON."""

from typing import Any

from chatstylebot.memory.passages import Passage, about
from chatstylebot.memory.remembering import Found, Remembering

SHOWN = 100  # characters of a passage in one line


def sources(memory: Remembering, used: Found) -> str:
    """What was in the prompt, a line each."""
    lines = [f"fact: {line}" for line in used.facts]
    lines += [f"{_head(memory, one.passage)}: {_short(one.passage.text)}" for one in used.passages]
    return "\n".join(["from:", *(f"  {line}" for line in lines)]) if lines else "from: nothing that was found"


def whole(memory: Remembering, found: Found) -> str:
    """Facts and passages, whole, each passage with its time, contact and score."""
    lines = [f"fact  {line}" for line in found.facts]
    for number, one in enumerate(found.passages, 1):
        lines.append(f"{number}. {_head(memory, one.passage)}  ({one.score:.2f})")
        lines += [f"     {line}" for line in one.passage.text.split("\n")]
    return "\n".join(lines or ["nothing was found"])


def packed(found: Found) -> dict[str, Any]:
    """The same for a program to read; times are ISO 8601 in UTC."""
    passages = [
        {"score": round(one.score, 4), **about(one.passage), "text": one.passage.text} for one in found.passages
    ]
    return {"facts": list(found.facts), "passages": passages}


def _head(memory: Remembering, passage: Passage) -> str:
    when = memory.time(passage)
    return f"{when:%Y-%m-%d %H:%M} with {passage.name}" if when else "a sample"


def _short(text: str) -> str:
    line = " | ".join(text.split("\n"))
    return line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"
