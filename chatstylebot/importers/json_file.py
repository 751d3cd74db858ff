"""A JSON file too large for Python objects: its parts stay bytes until they are needed, slice by slice.

`msgspec.Raw` is a view of the file's bytes, so a gigabyte costs its own size (mapped, not read) and 24 bytes an
item. What is damaged is read item by item, and the items that cannot be are counted.
"""

import json
import mmap
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from chatstylebot.errors import UserError
from chatstylebot.importers import text_file

Part = msgspec.Raw | bytes
FAULTS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
CUT = "the file is cut off here"  # how the line of damage ends
PAGES = 64 << 20  # bytes after which pages are let go
_ANY = msgspec.json.Decoder()
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_LOOSE = json.JSONDecoder(strict=False)
# Telegram writes control characters as \x1F, which no JSON parser takes; after an odd number of backslashes it is a text
_HEX = re.compile(rb"[0-9A-Fa-f]{2}")


def data(path: Path) -> Any:
    """The file's bytes as UTF-8 JSON: mapped where they are so already, else converted."""
    with path.open("rb") as file:
        view = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    if view[:2] in (b"\xff\xfe", b"\xfe\xff") or view[:3] == b"\xef\xbb\xbf" or b"\0" in view[-4096:]:
        return text_file.read(path)[0].encode()
    place = view.find(b"\\x")
    while place >= 0:
        start = place
        while start and view[start - 1 : start] == b"\\":
            start -= 1
        # two backspaces: as long, valid JSON, and taken out with the other control characters
        if (place - start) % 2 == 0 and _HEX.match(view, place + 2):
            view[place : place + 4] = b"\\b\\b"
        place = view.find(b"\\x", place + 2)
    return view


def fields(part: Any) -> dict[str, Part]:
    """The members of an object, not yet parsed. Raises one of FAULTS."""
    return dict(_OBJECT.decode(part))


def items(part: Any) -> list[Part]:
    """The elements of a list, not yet parsed. Raises one of FAULTS."""
    return list(_LIST.decode(part))


def value(part: Any) -> Any:
    """A part as Python values. Raises ValueError where no reading of it makes sense."""
    try:
        return _ANY.decode(part)
    except FAULTS:
        pass
    try:
        data = bytes(part)
        return _LOOSE.decode(text_file.decode(data) or data.decode("utf-8", "replace"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def read(path: Path, array: str = "messages") -> tuple[dict[str, Any], list[Part], list[str]]:
    """The members of the top object but for `array`, the elements of that array, and the damage: "file: why"."""
    view = data(path)
    try:
        found = fields(view)
        elements = items(found.pop(array)) if array in found else []
        return {key: value(part) for key, part in found.items()}, elements, []
    except (*FAULTS, ValueError):
        return _salvage(path, view, array)


def read_list(path: Path) -> tuple[list[Part], list[str]]:
    """The elements of a file that is one list, and the damage."""
    view = data(path)
    try:
        return items(view), []
    except FAULTS:
        text = text_of(view)
        elements, damaged, _ = pieces(path, text, text.find("[") + 1)
        return elements, ended(path, text, damaged)


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a JSON Lines file with their numbers, blank lines left out."""
    with path.open("rb") as file:
        plain = file.read(4)[:2] not in (b"\xff\xfe", b"\xfe\xff")
        file.seek(0)
        source: Any = file if plain else text_file.read(path)[0].encode().splitlines(keepends=True)
        for number, line in enumerate(source, 1):
            if line.strip(b"\0\xef\xbb\xbf \r\n\t"):
                yield number, line.strip(b"\0\xef\xbb\xbf \r\n\t")


def text_of(view: Any) -> str:
    """The file's bytes as text, for what must look for its parts itself."""
    whole = bytes(view)
    return (text_file.decode(whole) or whole.decode("utf-8", "replace")).replace("\0", "")


def _salvage(path: Path, view: Any, array: str) -> tuple[dict[str, Any], list[Part], list[str]]:
    """What a truncated or otherwise damaged file still holds. Raises UserError when the array is not to be found."""
    text = text_of(view)
    opening = re.search(rf'"{re.escape(array)}"\s*:\s*\[', text)
    if not opening:
        raise UserError(
            f"{path.name} is not whole JSON, and no list of {array} is to be found in it",
            "export it again, or copy the file again: it may be cut off",
        )
    top: dict[str, Any] = {}
    try:  # what stands before the array is most often whole
        top = dict(_LOOSE.decode(text[: opening.start()].rstrip().rstrip(",") + "}"))
    except (ValueError, RecursionError):
        top = dict(members(text[: opening.start()]))
    elements, damaged, _ = pieces(path, text, opening.end())
    return top, elements, ended(path, text, damaged)


def closing(text: str) -> str:
    """The bracket that ends a JSON text which begins so; "" for what is none."""
    return {"{": "}", "[": "]"}.get(text.lstrip("\ufeff \t\r\n")[:1], "")


def ended(path: Path, text: str, damaged: list[str]) -> list[str]:
    """The damage of a file that is not whole JSON: cut off where its last bracket is missing or nothing else is wrong."""
    closed = text.rstrip()[-1:] == closing(text)
    if (closed and damaged) or any(line.endswith(CUT) for line in damaged):
        return damaged
    return [*damaged, f"{path.name}: {CUT}"]


def members(text: str) -> Iterator[tuple[str, Any]]:
    """The members with plain values of what should be an object."""
    for found in re.finditer(r'"((?:[^"\\]|\\.){1,80})"\s*:\s*("(?:[^"\\]|\\.)*"|-?\d+|true|false|null)', text):
        try:
            yield found[1], _LOOSE.decode(found[2])
        except ValueError:
            continue


def pieces(path: Path, text: str, start: int, before: int = 0) -> tuple[list[Part], list[str], int]:
    """The objects of a list that begins at `start`, the damage, and where the list ends; `before` objects came earlier.

    After a damaged object comes the next that begins as the first does, behind a comma and as far from the margin: what
    is nested in the damaged one is no element.
    """
    elements: list[Part] = []
    damaged: list[str] = []
    first = re.compile(r'\{\s*"(?:[^"\\]|\\.){1,80}"\s*:').search(text, start)
    begins = re.compile(r"\s*".join(map(re.escape, re.findall(r'\{|"[^"]*"|:', first[0])))) if first else None
    place = first.start() if first else len(text)
    margin = text[start:place] if "\n" in text[start:place] else ""
    end = start
    while begins:
        whole = True
        try:
            end = _LOOSE.raw_decode(text, place)[1]
            elements.append(text[place:end].encode("utf-8", "replace"))
            if re.compile(r"\s*\]").match(text, end):
                break
        except (ValueError, RecursionError) as error:
            damaged.append(f"{path.name} message {before + len(elements) + len(damaged) + 1}: {_why(error)}")
            end, whole = place + 1, False
        following = _next(begins, text, end, margin)
        if not following:  # neither another element nor the end of the list
            damaged[-1 if not whole else len(damaged) :] = [
                f"{path.name} message {before + len(elements) + len(damaged) + whole}: {CUT}"
            ]
            break
        place = following.start()
    return elements, damaged, end


def _next(begins: re.Pattern[str], text: str, end: int, margin: str) -> re.Match[str] | None:
    """The next object of the list: one of another list, or the value of a member, is none."""
    for found in begins.finditer(text, end):
        comma = found.start()
        while comma > end and text[comma - 1].isspace():
            comma -= 1
        if text[comma - 1] == "," and (not margin or text[comma : found.start()] == margin):
            return found
    return None


def _why(error: BaseException) -> str:
    return error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"


class Spent:
    """Lets go of the pages of a mapped file that have been read; they lie in the file, should anybody look again."""

    def __init__(self, view: Any) -> None:
        self._advise = getattr(view, "madvise", None)  # Windows has none, and a converted file is no map
        self._read = self._gone = 0

    def add(self, size: int) -> None:
        """So many bytes more have been read, in the order of the file."""
        self._read += size
        if self._advise and self._read - self._gone >= PAGES:
            self._gone = self._read - self._read % mmap.ALLOCATIONGRANULARITY
            self._advise(mmap.MADV_DONTNEED, 0, self._gone)


def objects(
    parts: list[Part], name: str, damaged: list[str], unit: str = "message", spent: Spent | None = None
) -> Iterator[tuple[int, Any]]:
    """Each part as a dict with its number from 1; what is no object is added to `damaged`. Parts are let go when read."""
    for number, part in enumerate(parts, 1):
        parts[number - 1] = b""
        if spent:
            spent.add(len(memoryview(part)))
        try:
            found = value(part)
        except ValueError as error:
            damaged.append(f"{name} {unit} {number}: {str(error)[:200]}")
            continue
        if isinstance(found, dict):
            yield number, found
        else:
            damaged.append(f"{name} {unit} {number}: not an object")


def line_objects(
    path: Path, name: str, damaged: list[str], comment: bytes = b""
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each line of a JSON Lines file as a dict with its number; what is no object is added to `damaged`."""
    torn = ""  # a line that is damaged, until another comes after it
    for number, line in lines(path):
        if comment and line.startswith(comment):
            continue
        if torn:
            damaged.append(torn)
        try:
            found, torn = value(line), ""
        except ValueError as error:
            torn = f"{name} line {number}: {str(error)[:200]}"
            continue
        if isinstance(found, dict):
            yield number, found
        else:
            damaged.append(f"{name} line {number}: not an object")
    if torn:
        with path.open("rb") as file:
            file.seek(-1, 2)
            damaged.append(torn if file.read() == b"\n" else f"{name} line {number}: {CUT}")


_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|([{}\[\]:,])|([^\s{}\[\],:"]+)')


def outline(text: str, depth: int = 5) -> dict[str, str]:
    """The paths of the beginning of a JSON text with their first values: {"chats": "{", "chats.list[].id": "7"}.

    The text may end anywhere; objects in a list share one path, that of a list is empty: "[].talker".
    """
    found: dict[str, str] = {}
    stack: list[tuple[str, str]] = []  # path, kind of bracket
    path, key, wants_value = "", "", True

    def name() -> str:
        if not stack:
            return ""
        base, kind = stack[-1]
        return f"{base}[]" if kind == "[" else f"{base}.{key}" if base else key

    for token in _TOKEN.finditer(text):
        string, mark, scalar = token.groups()
        if mark in ("{", "["):
            path = name()
            if path:
                found.setdefault(path, mark)
            stack.append((path, mark))
            if len(stack) > depth * 4:
                break
            wants_value = mark == "["
        elif mark in ("}", "]"):
            if stack:
                stack.pop()
            wants_value = False
        elif mark == ":":
            wants_value = True
        elif mark == ",":
            wants_value = bool(stack) and stack[-1][1] == "["
        elif wants_value or scalar is not None:
            if len(stack) <= depth:
                found.setdefault(name(), scalar if scalar is not None else string)
            wants_value = False
        elif string is not None:
            key = string
    return found
