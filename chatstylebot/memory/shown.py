"""What was found, as it is shown: in lines, or as JSON."""

from typing import TYPE_CHECKING, Any

from chatstylebot.memory.remembering import Found, Remembering

if TYPE_CHECKING:
    from llama_index.core.schema import NodeWithScore

SHOWN = 100  # characters of a passage in one line


def sources(memory: Remembering, used: Found) -> str:
    """What was in the prompt, a line each."""
    lines = [f"fact: {line}" for line in used.facts]
    lines += [f"{_head(memory, node)}: {_short(node.node.get_content())}" for node in used.passages]
    return "\n".join(["from:", *(f"  {line}" for line in lines)]) if lines else "from: nothing that was found"


def whole(memory: Remembering, found: Found) -> str:
    """Facts and passages, whole, each passage with its time, contact and score."""
    lines = [f"fact  {line}" for line in found.facts]
    for number, node in enumerate(found.passages, 1):
        lines.append(f"{number}. {_head(memory, node)}  ({node.score or 0:.2f})")
        lines += [f"     {line}" for line in node.node.get_content().split("\n")]
    return "\n".join(lines or ["nothing was found"])


def packed(found: Found) -> dict[str, Any]:
    """The same for a program to read; times are ISO 8601 in UTC."""
    passages = [
        {"score": round(node.score or 0, 4), **node.node.metadata, "text": node.node.get_content()}
        for node in found.passages
    ]
    return {"facts": list(found.facts), "passages": passages}


def _head(memory: Remembering, node: "NodeWithScore") -> str:
    when = memory.time(node.node.metadata)
    return f"{when:%Y-%m-%d %H:%M} with {node.node.metadata['name']}" if when else "a sample"


def _short(text: str) -> str:
    line = " | ".join(text.split("\n"))
    return line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"
