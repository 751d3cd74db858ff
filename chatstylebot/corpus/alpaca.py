"""Samples as bytes: Alpaca rows for the engine, JSON lines for the final score."""

import re
from collections.abc import Iterator
from typing import Any

import polars as pl

from chatstylebot.corpus.samples import window

SLICE = 8_000  # samples in memory as text at a time
INDEX = pl.Schema(
    {
        "file": pl.String(),
        "row": pl.UInt32(),
        "chat_id": pl.String(),
        "conversation": pl.UInt32(),
        "recalled": pl.List(pl.UInt32()),
    }
)


def _quoted(column: str) -> pl.Expr:
    """The JSON string of a column."""
    return pl.struct(pl.col(column).alias("x")).struct.json_encode().str.strip_prefix('{"x":').str.strip_suffix("}")


def written(own: pl.DataFrame, history: int) -> pl.DataFrame:
    """The kept pairs with the JSON of each part: `u`, `a`, and `p5` … `p1`, the pairs before it (null: none)."""
    # escaped once, not once per window
    escaped = own.with_columns(_quoted("incoming").alias("u"), _quoted("reply").alias("a"))
    last = pl.concat_str(pl.lit("["), "u", pl.lit(","), "a", pl.lit("]"))
    pairs = escaped.with_columns(last.alias("last")).with_columns(pl.concat_str("last", pl.lit(",")).alias("earlier"))
    past = [window("earlier" if back > 1 else "last", back).alias(f"p{back}") for back in range(history, 0, -1)]
    if "recalled" not in pairs.columns:
        pairs = pairs.with_columns(pl.lit(None, pl.List(pl.UInt32)).alias("recalled"))
    head = ("chat", "conversation", "recalled", "first_at", "split", "kept", "prompt")
    return pairs.select(*head, "u", "a", *past).filter("kept")


def _past(rows: pl.DataFrame) -> list[str]:
    return [name for name in rows.columns if re.fullmatch(r"p\d+", name)]


def _lines(rows: pl.DataFrame, parts: list[Any], glue: str) -> Iterator[bytes]:
    line = pl.concat_str(parts, ignore_nulls=True)
    for number, part in enumerate(rows.iter_slices(SLICE)):
        # cast to bytes: a Python string of this size is decoded and encoded again (0.3 s a million)
        text = part.select(line.str.join(glue).cast(pl.Binary)).item()
        yield glue.encode() + text if number else text


def alpaca(rows: pl.DataFrame) -> Iterator[bytes]:
    """A JSON list, one sample a line: instruction, input, output, system, history."""
    line = [
        pl.lit('{"instruction":'), "u", pl.lit(',"input":"","output":'), "a", pl.lit(',"system":'), "prompt",
        pl.lit(',"history":['), *_past(rows), pl.lit("]}"),
    ]  # fmt: skip
    yield b"[\n"
    yield from _lines(rows, line, ",\n")
    yield b"\n]\n" if rows.height else b"]\n"


def index(parts: dict[str, pl.DataFrame], chat_ids: pl.DataFrame) -> pl.DataFrame:
    """Which chat and conversation each sample of each file comes from: file, row (from 0), chat_id, conversation; and
    the conversations of a group of which passages stand in it (null: none)."""
    named = [
        rows.select(
            pl.lit(name).alias("file"),
            pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"),
            "chat",
            pl.col("conversation").cast(pl.UInt32),
            "recalled",
        )
        for name, rows in parts.items()
    ]
    joined = pl.concat(named).join(chat_ids, on="chat", how="left", maintain_order="left")
    return joined.select(*INDEX)


def heldout(rows: pl.DataFrame, chat_ids: pl.DataFrame) -> Iterator[bytes]:
    """JSON lines: chat_id, sent_at (ISO, UTC), system, history, incoming, reply."""
    named = rows.join(chat_ids, on="chat", how="left", maintain_order="left").with_columns(
        _quoted("chat_id").alias("id"), pl.col("first_at").dt.strftime("%Y-%m-%dT%H:%M:%SZ").alias("time")
    )
    line = [
        pl.lit('{"chat_id":'), "id", pl.lit(',"sent_at":"'), "time", pl.lit('","system":'), "prompt",
        pl.lit(',"history":['), *_past(rows), pl.lit('],"incoming":'), "u", pl.lit(',"reply":'), "a", pl.lit("}"),
    ]  # fmt: skip
    yield from _lines(named, line, "\n")
    if rows.height:
        yield b"\n"
