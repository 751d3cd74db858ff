"""Messages in, passages out: whole exchanges of one conversation, each turn a line, with who spoke and when.

A passage is as long as `Cut.size` tokens at most, in the estimate of `tokens`: a CJK character is one, four others are
one. Neighbours in a conversation share about `Cut.overlap` tokens of whole turns, so that a question is found together
with its answer. A conversation is cut from its beginning, so that what is added later changes only its last passage.
"""

import hashlib
import re
import uuid
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate

import polars as pl

WIDE = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]"
LETTERS = 4  # of other scripts, to a token
# what is no talk of these two, or stands there already
NOT_TALK = ("damaged_row", "duplicate", "system", "recall", "empty", "pasted", "mass_message", "said_by_bot")
COLUMNS = {
    "chat_id", "chat_name", "is_group", "sender_id", "sender_name", "from_me", "sent_at", "kind", "text", "dropped",
    "conversation", "split",
}  # fmt: skip
SENTENCE = re.compile(r"(?<=[。！？!?；;\n])|(?<=[.,，、]\s)|(?<=[，、])")
NAMED = r"[:：\s]+"  # a name ends where its colon is
BUBBLE = " / "  # between two bubbles of a turn: a line is a turn, and nobody can write one in another's name


@dataclass(frozen=True, slots=True)
class Cut:
    """How long passages are, and how much neighbours share, in tokens."""

    size: int
    overlap: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of one conversation. Times are milliseconds since 1970 (UTC); `speakers` are the sender ids of the
    others who speak in it. `text` has a line for each turn: `name: words`."""

    chat: str
    name: str
    group: bool
    first: int
    last: int
    speakers: tuple[str, ...]
    text: str

    @property
    def words(self) -> str:
        """What was said, without who said it."""
        return "\n".join(line.partition(": ")[2] for line in self.text.split("\n"))

    @property
    def whose(self) -> tuple[str, ...]:
        """The ids of those whose talk it is: of the private chat, and of who speaks in it."""
        return self.speakers if self.group else (self.chat, *self.speakers)

    @property
    def id(self) -> str:
        """The same for the same content, whenever it is indexed: a UUID, as vector stores want it."""
        head = f"{self.chat}\0{self.name}\0{self.first}\0{self.last}\0{','.join(self.speakers)}\0{self.text}"
        return str(uuid.UUID(bytes=hashlib.blake2b(head.encode(), digest_size=16).digest()))


def about(passage: Passage) -> dict[str, str | bool]:
    """With whom and when a passage was, times as ISO 8601 in UTC (samples tell none)."""
    times = {"first": passage.first, "last": passage.last} if passage.first else {}
    told: dict[str, str | bool] = {"chat": passage.chat, "name": passage.name, "group": passage.group}
    return told | {name: datetime.fromtimestamp(at / 1000, UTC).isoformat() for name, at in times.items()}


def called(name: str) -> str:
    """A name as it stands in passages."""
    return re.sub(NAMED, " ", name).strip()


def talk(messages: pl.DataFrame) -> pl.DataFrame:
    """The messages that may be remembered: words that were typed, and never those that are held out."""
    return messages.filter(
        pl.col("text").str.contains(r"\S").fill_null(False)
        & (pl.col("split") != "heldout").fill_null(True)
        & ~pl.col("dropped").cast(pl.String).is_in(NOT_TALK).fill_null(False)
        & ~pl.col("kind").cast(pl.String).is_in(["system", "recall"])
        & pl.col("sent_at").is_not_null()
    )


def of(messages: pl.DataFrame, cut: Cut, me: str) -> Iterator[Passage]:
    """The passages of these messages (as `.csb/messages.parquet` holds them), `me` being what the person is called."""
    turns = _turns(talk(messages), me)
    for rows in turns.group_by("talk", maintain_order=True).agg(pl.all()).iter_rows(named=True):
        head = rows["chat_id"][0], rows["chat_name"][0], rows["is_group"][0]
        pieces = list(_pieces(rows, cut.size))
        for begin, end in windows([piece.size for piece in pieces], cut):
            part = pieces[begin:end]
            speakers = dict.fromkeys(piece.speaker for piece in part if piece.speaker is not None)
            text = "\n".join(piece.text for piece in part)
            yield Passage(*head, part[0].first, part[-1].last, tuple(speakers), text)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A turn, or a part of a long one; `speaker` is None where it is the person's own."""

    speaker: str | None
    first: int
    last: int
    size: int
    text: str


def _turns(kept: pl.DataFrame, me: str) -> pl.DataFrame:
    """One row per turn: `talk` tells conversations apart, `text` is its line."""
    kept = kept.sort("chat_id", "sent_at", maintain_order=True)
    talk_ = pl.struct("chat_id", "conversation", "split")
    kept = kept.with_columns(
        (talk_ != talk_.shift()).fill_null(True).cum_sum().alias("talk"),
        pl.when("from_me")
        .then(pl.lit(me))
        .otherwise("sender_name")
        .fill_null("?")
        .str.replace_all(NAMED, " ")
        .str.strip_chars()
        .alias("who"),
        pl.col("text").str.replace_all(r"\s+", " ").str.strip_chars().alias("text"),
        pl.col("sent_at").dt.epoch("ms").alias("at"),
        pl.when("from_me").then(None).otherwise("sender_id").alias("speaker"),
    ).with_columns(
        # whoever is called like the person is told apart
        pl.when(~pl.col("from_me") & (pl.col("who") == me)).then(pl.lit(f"{me} (2)")).otherwise("who").alias("who")
    )
    turn = pl.struct("talk", "from_me", "sender_id")
    kept = kept.with_columns((turn != turn.shift()).fill_null(True).cum_sum().alias("turn"))
    text = pl.col("who").first() + ": " + pl.col("text").str.join(BUBBLE)
    return (
        kept.group_by("turn", maintain_order=True)
        .agg(
            pl.col("talk", "chat_id", "chat_name", "is_group", "speaker").first(),
            pl.col("at").first().alias("first"),
            pl.col("at").last().alias("last"),
            text.alias("text"),
        )
        .with_columns(_size(pl.col("text")).alias("size"))
    )


def _size(text: pl.Expr) -> pl.Expr:
    wide = text.str.count_matches(WIDE)
    return (wide + (text.str.len_chars() - wide + LETTERS - 1) // LETTERS).cast(pl.Int64)


def tokens(text: str) -> int:
    """The estimate of a text's tokens, for any model: see the head of this file."""
    wide = sum("\u2e80" <= char <= "\u9fff" or "\uac00" <= char <= "\ud7af" for char in text)
    return wide + (len(text) - wide + LETTERS - 1) // LETTERS


def _pieces(rows: dict[str, list[object]], limit: int) -> Iterator[_Piece]:
    """The turns of one conversation, those that are longer than a passage in parts."""
    for values in zip(*(rows[name] for name in ("speaker", "first", "last", "size", "text")), strict=True):
        piece = _Piece(*values)
        if piece.size <= limit:
            yield piece
            continue
        name, _, words = piece.text.partition(": ")
        for part in parts(words, max(limit - tokens(name) - 1, 1)):
            text = f"{name}: {part}"
            yield _Piece(piece.speaker, piece.first, piece.last, tokens(text), text)


def parts(text: str, limit: int) -> Iterator[str]:
    """A long text cut where a sentence ends, and where none ends within `limit` tokens, anywhere."""
    waiting = ""
    for sentence in SENTENCE.split(text):
        if waiting and tokens(waiting + sentence) > limit:
            yield waiting.strip()
            waiting = ""
        waiting += sentence
        while tokens(waiting) > limit:
            end = bisect_left(range(len(waiting)), limit + 1, key=lambda size: tokens(waiting[:size])) - 1
            yield waiting[: max(end, 1)].strip()
            waiting = waiting[max(end, 1) :]
    if waiting.strip():
        yield waiting.strip()


def windows(sizes: Sequence[int], cut: Cut) -> Iterator[tuple[int, int]]:
    """Where the passages begin and end, as indices: each at most `cut.size` long (or a single piece), the next one
    beginning with whole pieces of at most `cut.overlap` of it. The last one never only repeats."""
    ends = [0, *accumulate(sizes)]
    begin = end = 0
    while end < len(sizes):
        if begin == end:
            begin = _back(ends, end, cut.overlap) if end else 0
        # what is shared must leave room for what is new
        while begin < end and ends[end + 1] - ends[begin] > cut.size:
            begin += 1
        end = end + 1
        while end < len(sizes) and ends[end + 1] - ends[begin] <= cut.size:
            end += 1
        yield begin, end
        begin = end


def _back(ends: Sequence[int], end: int, overlap: int) -> int:
    """The first piece of those before `end` that are at most `overlap` long together."""
    return bisect_left(ends, ends[end] - overlap, 0, end)


def _line(text: str) -> str:
    """A turn's bubbles, a line of its text each, as a passage has them."""
    return BUBBLE.join(" ".join(line.split()) for line in text.split("\n") if line.strip())


def of_records(rows: Iterable[tuple[str, str]], cut: Cut, names: tuple[str, str]) -> Iterator[Passage]:
    """The passages of samples (instruction, output), as `data/chat_records.json` holds them: nobody knows who the other
    side is nor when it was, so each sample stands alone, and only the owner is told of it."""
    for heard, reply in rows:
        lines = [f"{name}: {_line(text)}" for name, text in zip(names, (heard, reply), strict=True) if text.strip()]
        text = "\n".join(lines)
        for part in parts(text, cut.size) if tokens(text) > cut.size else [text] * bool(text):
            yield Passage("", "", False, 0, 0, (), part)
