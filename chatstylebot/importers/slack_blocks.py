"""The words of Slack's markup and of its blocks, as people see them.

Format: shared facts, formats.md §4.16. Where an id has no name in the export, a word stands for it ("@someone", "@group",
"#channel"): nobody writes ids. Bold and the like leave no marks; lists, quotes and blocks of code look as in Slack's `text`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape
from typing import Any

MARK = re.compile(r"<([^<>\n]*)>")
# what Slack writes into `text` where the words stand elsewhere, or nowhere
FALLBACK = frozenset({"this message contains interactive elements", "this content can't be displayed"})
SILENT = frozenset({"divider", "image", "actions", "call", "video", "file", "input"})  # blocks that hold no words
DEEP = 40  # levels of blocks that are looked through
# *bold*, _italic_, ~struck~ and `code`, as Slack takes them: around words, not within one
STYLES = tuple(
    re.compile(rf"(?<![\w\\/{sign}]){sign}(?=[^\s{sign}])([^{sign}\n]*?)(?<=\S){sign}(?![\w\\/{sign}])")
    for sign in (r"\*", "_", "~", "`")
)
STYLED = re.compile(r"[*_~`].*[*_~`]")
SOMEONE, GROUP, CHANNEL = "someone", "group", "channel"


@dataclass
class Reader:
    """Who and what the ids in a text stand for; `odd` counts the blocks of types that are not known here."""

    people: Mapping[str, list[str]]
    channels: Mapping[str, str]
    odd: dict[str, int] = field(default_factory=dict)

    def person(self, key: object) -> str:
        """Somebody as a mention shows them."""
        return "@" + next(iter(self.people.get(str(key), ())), SOMEONE).lstrip("@")

    def channel(self, key: object) -> str:
        """A channel as a mention shows it."""
        return "#" + self.channels.get(str(key), CHANNEL).lstrip("#")

    def plain(self, text: str) -> str:
        """A `text` of Slack's: mentions by name, links by their label."""
        if "```" not in text and STYLED.search(text):
            for style in STYLES:
                text = style.sub(r"\1", text)
        if "<" in text:
            text = MARK.sub(self._shown, text)
        return unescape(text) if "&" in text else text

    def _shown(self, found: re.Match[str]) -> str:
        target, _, label = found[1].partition("|")
        match target[:1]:
            case "@":
                return "@" + label.lstrip("@") if label else self.person(target[1:])
            case "#":
                return "#" + label.lstrip("#") if label else self.channel(target[1:])
            case "!":
                what, *more = target[1:].split("^")
                if what == "date":
                    return label or _moment(more[0] if more else None)
                return "@" + (label.lstrip("@") or (GROUP if what == "subteam" else what))
        return label or target

    def words(self, blocks: Any) -> str:
        """The words of a message's blocks, a block a line."""
        parts = [self._block(block) for block in blocks if isinstance(block, dict)] if isinstance(blocks, list) else []
        return "\n".join(part.strip("\n") for part in parts if part.strip())

    def _block(self, block: dict[str, Any]) -> str:
        match block.get("type"):
            case "rich_text":
                return self._lines(block.get("elements"))
            case "section":
                fields = block.get("fields")
                return "\n".join(
                    filter(None, map(self._text, [block.get("text"), *(fields if isinstance(fields, list) else [])]))
                )
            case "header" | "markdown":
                return self._text(block.get("text"))
            case "context":
                elements = block.get("elements")
                return " ".join(filter(None, map(self._text, elements if isinstance(elements, list) else [])))
            case silent if silent in SILENT:
                return ""
        return self._unknown(block)

    def _text(self, text: Any) -> str:
        """What an object of text holds; a picture among them holds none."""
        if isinstance(text, dict) and text.get("type") != "image":
            text = text.get("text")
        return self.plain(text) if isinstance(text, str) else ""

    def _lines(self, elements: Any) -> str:
        parts = [self._part(part) for part in elements if isinstance(part, dict)] if isinstance(elements, list) else []
        return "\n".join(part.strip("\n") for part in parts if part.strip())

    def _part(self, part: dict[str, Any]) -> str:
        inner = part.get("elements")
        elements = [one for one in inner if isinstance(one, dict)] if isinstance(inner, list) else []
        match part.get("type"):
            case "rich_text_section":
                return "".join(map(self._element, elements))
            case "rich_text_quote":
                return "\n".join("> " + line for line in "".join(map(self._element, elements)).split("\n"))
            case "rich_text_preformatted":
                return "```" + "".join(map(self._element, elements)) + "```"
            case "rich_text_list":
                start, indent = _count(part.get("offset")) + 1, "    " * min(_count(part.get("indent")), 8)
                ordered = part.get("style") == "ordered"
                return "\n".join(
                    f"{indent}{f'{number}.' if ordered else '•'} {self._part(one)}"
                    for number, one in enumerate(elements, start)
                )
        return self._unknown(part)

    def _element(self, one: dict[str, Any]) -> str:
        match one.get("type"):
            case "text":
                return _string(one.get("text"))
            case "link":
                return _string(one.get("text")) or _string(one.get("url"))
            case "emoji":
                tone = _count(one.get("skin_tone"))
                return f":{_string(one.get('name'))}:" + (f":skin-tone-{tone}:" if tone else "")
            case "user":
                return self.person(one.get("user_id"))
            case "usergroup":
                return "@" + GROUP
            case "channel":
                return self.channel(one.get("channel_id"))
            case "broadcast":
                return "@" + (_string(one.get("range")) or CHANNEL)
            case "date":
                return _string(one.get("fallback")) or _moment(one.get("timestamp"))
            case "color":
                return _string(one.get("value"))
        return self._unknown(one)

    def _unknown(self, thing: dict[str, Any]) -> str:
        """Every text in it, in reading order."""
        kind = str(thing.get("type"))[:40]
        self.odd[kind] = self.odd.get(kind, 0) + 1
        return " ".join(_texts(thing))


def fallback(text: str) -> bool:
    """Whether a text is what Slack writes where it has none."""
    return text.strip().rstrip(".").replace("’", "'").lower() in FALLBACK


def _texts(value: Any, depth: int = DEEP) -> Iterator[str]:
    inner = value.items() if isinstance(value, dict) else [("", one) for one in value]
    for key, one in inner:
        if isinstance(one, str):
            if key == "text" and one.strip():
                yield one.strip()
        elif isinstance(one, dict | list) and depth:
            yield from _texts(one, depth - 1)


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _count(value: Any) -> int:
    return value if isinstance(value, int) and 0 <= value < 1_000_000 else 0


def _moment(stamp: Any) -> str:
    """A time that Slack would show in the reader's zone: here in UTC."""
    try:
        return f"{datetime.fromtimestamp(int(stamp), UTC):%Y-%m-%d %H:%M}"
    except (TypeError, ValueError, OverflowError, OSError):
        return ""
