"""A person's own texts out of plain files, tables and tweet archives: readers, and what cleaning drops and why."""

import csv
import html
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from chatstylebot.errors import UserError, nearest

SUFFIXES = (".txt", ".md", ".markdown", ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".js")
COLUMNS = ("text", "full_text", "content", "tweet", "body", "message", "post", "正文", "内容", "文本")
LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
SHORT_LINK = re.compile(r"\s?https?://t\.co/\w+", re.IGNORECASE)
# "RT @a: …", and the older way of passing on: a quotation that opens with the other's name
RETWEET = re.compile(r'\s*(?:RT\b[\s:]*@|["“]\s*@\w+)')
YES = {"t", "true", "1", "yes"}


@dataclass(frozen=True, slots=True)
class Post:
    """One text as it stands in a file; `dropped` is why it is not to be learnt, where its reader already knows."""

    text: str
    dropped: str = ""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Texts to train on: read == len(texts) + Σ dropped."""

    read: int
    texts: list[str]
    dropped: Mapping[str, int]


def decode(data: bytes, name: str) -> str:
    """The text of a file in UTF-8, UTF-16 or GB18030. Raises UserError for an empty or a binary one."""
    if not data.strip(b"\x00 \r\n\t\xef\xbb\xbf\xfe\xff"):
        raise UserError(f"{name} is empty", "give a file with text in it")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif data[1::2].count(0) > len(data) // 4:  # UTF-16 of Western text, without its mark
        encodings = ["utf-16-le"]
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        odd = sum(text.count(chr(code)) for code in (*range(9), *range(14, 27), *range(28, 32)))
        if odd * 100 <= len(text):
            return text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")
    raise UserError(f"{name} is not a text file in UTF-8, UTF-16 or GB18030", "save it as UTF-8 text, CSV or JSON")


def read(name: str, data: bytes, column: str | None = None) -> list[Post]:
    """Every text of one file, by its ending and its content. Raises UserError."""
    text, ending = decode(data, name), PurePath(name).suffix.lower()
    if text.lstrip().startswith("window.YTD."):
        return list(_records(name, _json(name, text.partition("=")[2]), column))
    match ending:
        case ".txt" | "":
            return [Post(part) for part in paragraphs(text)]
        case ".md" | ".markdown":
            return list(_markdown(text))
        case ".csv" | ".tsv":
            return list(_records(name, _table(text), column))
        case ".json" | ".js":
            return list(_records(name, _json(name, text), column))
        case ".jsonl" | ".ndjson":
            return list(_lines(name, text, column))
    raise UserError(f"{name}: {ending} files are not read here", f"give one of {' '.join(SUFFIXES)}")


def clean(posts: Iterable[Post], min_length: int = 1) -> Cleaned:
    """The texts worth learning, without short links and HTML entities; each drop is counted under its reason."""
    texts: dict[str, None] = {}
    dropped: Counter[str] = Counter()
    read = 0
    for post in posts:
        read += 1
        text = re.sub(r"[ \t]+\n", "\n", SHORT_LINK.sub("", html.unescape(post.text))).strip()
        if post.dropped:
            reason = post.dropped
        elif not LINK.sub("", text).strip():
            reason = "only links" if LINK.search(post.text) else "empty"
        elif len(text) < min_length:
            reason = "too short"
        else:
            reason = "duplicates" if text in texts else ""
        if reason:
            dropped[reason] += 1
        else:
            texts[text] = None
    return Cleaned(read, list(texts), dict(dropped.most_common()))


def paragraphs(text: str) -> list[str]:
    """Parts between blank lines; in a file that has none, its lines."""
    text = text.strip("\n")
    return re.split(r"\n[ \t　]*\n\s*", text) if re.search(r"\n[ \t　]*\n", text) else text.split("\n")


def _markdown(text: str) -> Iterator[Post]:
    if front := re.match(r"---\n.*?\n(?:---|\.\.\.)(?:\n|$)", text, re.DOTALL):
        yield Post(front[0], "front matter")
        text = text[front.end() :]
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    fence = r"(^[ ]{0,3}(?P<mark>```+|~~~+).*?(?:^[ ]{0,3}(?P=mark)[ \t]*$|\Z))"
    for part in re.sub(fence, "\n\n\x00\\1\x00\n\n", text, flags=re.DOTALL | re.MULTILINE).split("\x00"):
        if re.match(r"[ ]{0,3}(```|~~~)", part):
            yield Post(part, "code")
        elif part.strip():
            yield from (Post(_plain(block)) for block in paragraphs(part))


def _plain(block: str) -> str:
    """A Markdown paragraph as it reads: no heading marks, images, link targets or emphasis."""
    for pattern, to in (
        (r"!\[[^\]]*\]\([^)]*\)", ""),
        (r"\[([^\]]*)\]\([^)]*\)", r"\1"),
        (r"^[ ]{0,3}(?:#{1,6}[ \t]+|>[ \t]?)", ""),
        (r"^[ ]{0,3}(?:[-*_][ \t]*){3,}$", ""),
        (r"\*\*(?=\S)(.+?)(?<=\S)\*\*", r"\1"),
        (r"(?<!\*)\*(?=[^\s*])(.+?)(?<=\S)\*(?!\*)", r"\1"),
    ):
        block = re.sub(pattern, to, block, flags=re.MULTILINE)
    return block


def _table(text: str) -> list[dict[str, Any]]:
    head = text[: text.find("\n") if "\n" in text else None]
    delimiter = max(",;\t", key=head.count)
    csv.field_size_limit(2**31 - 1)  # a cell may hold a whole article
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    return [{key.strip(): value for key, value in row.items() if isinstance(key, str)} for row in rows]


def _json(name: str, text: str) -> list[Any]:
    try:
        value = json.loads(text.strip().removesuffix(";"), strict=False)
    except ValueError as error:
        raise UserError(f"{name} is not valid JSON: {error}", "export it again, or save it as text or CSV") from None
    if isinstance(value, dict):  # {"data": [ … ]}, or one record
        value = next((part for part in value.values() if isinstance(part, list)), [value])
    return value if isinstance(value, list) else [value]


def _lines(name: str, text: str, column: str | None) -> Iterator[Post]:
    rows, broken = [], 0
    for line in filter(str.strip, text.split("\n")):
        try:
            rows.append(json.loads(line, strict=False))
        except ValueError:
            broken += 1
    if not rows:
        raise UserError(f"{name} holds no line of JSON", "write one JSON object per line, or name it .txt")
    yield from _records(name, rows, column)
    yield from (Post("", "not readable") for _ in range(broken))


def _records(name: str, rows: Sequence[Any], column: str | None) -> Iterator[Post]:
    """Texts of records: strings, objects with a text column, or the {"tweet": {…}} of X's archive."""
    flat = [row["tweet"] if isinstance(row, dict) and isinstance(row.get("tweet"), dict) else row for row in rows]
    keys = list(dict.fromkeys(key for row in flat if isinstance(row, dict) for key in row))
    chosen = _column(name, keys, column) if keys else ""
    for row in flat:
        if not isinstance(row, dict):
            yield Post(row) if isinstance(row, str) else Post("", "not a text")
            continue
        value = row.get(chosen)
        text = value if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""
        passed_on = any(
            str(row.get(key, "")).strip().lower() in YES for key in ("isRetweet", "retweeted", "is_retweet")
        )
        yield Post(_unlinked(text, row), "retweets" if passed_on or RETWEET.match(text) else "")


def _column(name: str, keys: Sequence[str], column: str | None) -> str:
    lower = {key.lower(): key for key in reversed(keys)}
    for wanted in (column,) if column else COLUMNS:
        if wanted.lower() in lower:
            return lower[wanted.lower()]
    near = nearest(column, keys) if column else ""
    problem = f"no column {column!r}" if column else "no column that looks like text"
    raise UserError(
        f"{name}: {problem}; its columns are {', '.join(keys[:30])}",
        f"--text-column {near or 'NAME, with one of these names'}",
    )


def _unlinked(text: str, row: Mapping[str, Any]) -> str:
    """The text without the links that the tweet lists: its pictures' and those X put in for longer ones."""
    parts = [row.get("entities"), row.get("extended_entities")]
    listed = [
        link for part in parts if isinstance(part, dict) for kind in ("urls", "media") for link in part.get(kind) or ()
    ]
    links = {link["url"] for link in listed if isinstance(link, dict) and isinstance(link.get("url"), str)}
    # a text of nothing but links stays as it is, so that it is counted as one
    short = text
    for link in sorted(links, key=len, reverse=True):
        short = short.replace(link, "") if link else short
    return short if short.strip() else text
