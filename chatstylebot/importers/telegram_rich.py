"""The words of Telegram's rich messages (2026, the new editor): blocks of spans, one line a block.

Format: shared facts, formats.md, "Added 2026-11-27": paragraph, heading, list of items with `text`, nested spans. Of blocks
that are not known every `text` is taken in reading order, and they are counted.
"""

from collections import Counter
from typing import Any

from chatstylebot.importers.rows import words

KNOWN = {
    "paragraph", "heading", "header", "subheader", "title", "list", "ordered_list", "unordered_list", "checklist", "quote",
    "blockquote", "pullquote", "pre", "code", "preformatted", "footer", "kicker", "divider", "details", "table",
}  # fmt: skip
BELOW = ("items", "blocks", "children", "content", "rows", "cells")  # where a block holds others, a line each
DEPTH = 40  # a file may be built to nest without end


def text(message: Any, odd: Counter[str]) -> str:
    """What a rich message says; types of blocks that are not known are counted in `odd`."""
    blocks = message.get("blocks", message) if isinstance(message, dict) else message
    lines = (_block(block, odd, DEPTH) for block in (blocks if isinstance(blocks, list) else [blocks]))
    return "\n".join(line for line in lines if line)


def _block(block: Any, odd: Counter[str], depth: int) -> str:
    if not isinstance(block, dict) or depth == 0:
        return _span(block, depth)
    form = block.get("type")
    if form is not None and form not in KNOWN:
        odd[str(form)[:40]] += 1
    lines = [_span(block.get("text"), depth)]
    for key in BELOW:
        inner = block.get(key)
        if isinstance(inner, list):
            lines += [_item(item, odd, depth - 1) for item in inner]
    if form is not None and form not in KNOWN:
        lines += [_every(value, depth) for key, value in block.items() if key not in (*BELOW, "text", "type")]
    return "\n".join(line for line in lines if line)


def _item(item: Any, odd: Counter[str], depth: int) -> str:
    """An item of a list or a row of a table; it has no type of its own, or a list's."""
    if isinstance(item, list):
        return " ".join(part for part in (_item(one, odd, depth - 1) for one in item) if part) if depth > 0 else ""
    if isinstance(item, dict) and item.get("type") not in KNOWN:
        item = {key: value for key, value in item.items() if key != "type"}
    return _block(item, odd, depth)


def _span(value: Any, depth: int) -> str:
    """A text, or the spans of one on a line."""
    if isinstance(value, str):
        return words(value) or ""
    if depth <= 0:
        return ""
    if isinstance(value, list):
        return "".join(_span(part, depth - 1) for part in value)
    if isinstance(value, dict):
        return _span(value.get("text"), depth - 1) or _span(value.get("children"), depth - 1)
    return ""


def _every(value: Any, depth: int) -> str:
    """Every `text` below a value, in reading order."""
    if depth <= 0:
        return ""
    if isinstance(value, list):
        found = [_every(part, depth - 1) for part in value]
    elif isinstance(value, dict):
        found = [_span(part, depth - 1) if key == "text" else _every(part, depth - 1) for key, part in value.items()]
    else:
        return ""
    return "\n".join(line for line in found if line)


def told(name: str, odd: Counter[str]) -> list[str]:
    """A remark on the blocks that were not known."""
    if not odd:
        return []
    kinds = ", ".join(f"{count:,} {form}" for form, count in odd.most_common(5))
    return [f"{name}: rich messages hold blocks that are not known here ({kinds}); every text in them is taken"]
