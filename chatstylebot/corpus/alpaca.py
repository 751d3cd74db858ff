"""Samples as bytes: Alpaca rows for the engine, JSON lines for the final score."""

from collections.abc import Iterator

import polars as pl

from chatstylebot.corpus.samples import window

SLICE = 8_000  # samples in memory as text at a time


def _quoted(column: str) -> pl.Expr:
    """The JSON string of a column."""
    return pl.struct(pl.col(column).alias("x")).struct.json_encode().str.strip_prefix('{"x":').str.strip_suffix("}")


def written(own: pl.DataFrame, history: int) -> pl.DataFrame:
    """The kept pairs with the JSON of each part: `u`, `a`, `past`. Escaped once, not once per window."""
    escaped = own.with_columns(_quoted("incoming").alias("u"), _quoted("reply").alias("a"))
    escaped = escaped.with_columns(pl.concat_str(pl.lit("["), "u", pl.lit(","), "a", pl.lit("]")).alias("both"))
    past = [window("both", back).alias(f"p{back}") for back in range(history, 0, -1)]
    return escaped.select(
        "chat", "first_at", "split", "kept", "prompt", "u", "a",
        (pl.concat_str(past, separator=",", ignore_nulls=True) if past else pl.lit("")).alias("past"),
    ).filter("kept")  # fmt: skip


def _lines(rows: pl.DataFrame, line: pl.Expr, glue: str) -> Iterator[bytes]:
    for number, part in enumerate(rows.iter_slices(SLICE)):
        text = part.select(line.alias("line"))["line"].str.join(glue).item()
        yield ((glue if number else "") + text).encode()


def alpaca(rows: pl.DataFrame) -> Iterator[bytes]:
    """A JSON list, one sample a line: instruction, input, output, system, history."""
    line = pl.concat_str(
        pl.lit('{"instruction":'), "u", pl.lit(',"input":"","output":'), "a", pl.lit(',"system":'), "prompt",
        pl.lit(',"history":['), "past", pl.lit("]}"),
    )  # fmt: skip
    yield b"[\n"
    yield from _lines(rows, line, ",\n")
    yield b"\n]\n" if rows.height else b"]\n"


def heldout(rows: pl.DataFrame, chat_ids: pl.DataFrame) -> Iterator[bytes]:
    """JSON lines: chat_id, sent_at (ISO, UTC), system, history, incoming, reply."""
    named = rows.join(chat_ids, on="chat", how="left", maintain_order="left").with_columns(
        _quoted("chat_id").alias("id"), pl.col("first_at").dt.strftime("%Y-%m-%dT%H:%M:%SZ").alias("time")
    )
    line = pl.concat_str(
        pl.lit('{"chat_id":'), "id", pl.lit(',"sent_at":"'), "time", pl.lit('","system":'), "prompt",
        pl.lit(',"history":['), "past", pl.lit('],"incoming":'), "u", pl.lit(',"reply":'), "a", pl.lit("}"),
    )  # fmt: skip
    yield from _lines(named, line, "\n")
    if rows.height:
        yield b"\n"
