"""Messages that stand more than once, in one file or in several: each counts once.

What the platform gave an id is known by it. Without ids only what one person said at one second is a copy: two real
"ok" stay two. Where times have no seconds, a run of three or more messages that stands there again is a copy; whatever
else is alike is kept and counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from chatstylebot.corpus.clean import REASONS

RUN = 3  # messages in a row that stand there again are copies, where times have no seconds
TYPED = 5  # characters from which a text is not said twice within a minute by chance
WHOLE = 20  # one message of 60 falls on the full minute by chance; where one of so many does, seconds were cut off
SAVED = 0.8  # the share of a file that stands in another but for seconds and emoji: a spreadsheet has saved it
LEAST = 3
MANY = 50  # from one message of so many that look like copies on, the user is told
# what GBK, in which a Chinese spreadsheet saves, may lack; Python then says what it does lack
BEYOND = r"[^\x00-\x7f\x{4e00}-\x{9fa5}\x{3000}-\x{3015}\x{ff01}-\x{ff5e}]"
_MILLISECONDS = pl.col("sent_at").dt.epoch("ms")
MINUTE = (_MILLISECONDS // 60_000).alias("minute")
PRECISE = (_MILLISECONDS % 60_000 != 0).alias("precise")
# one exporter calls the owner by their id, another "me"
WHO = pl.when("from_me").then(pl.lit("me")).otherwise("sender_id").alias("who")


@dataclass(frozen=True)
class Copies:
    """Messages with the copies dropped as `duplicate`, how many may be copies and are kept, and remarks on files."""

    messages: pl.DataFrame
    kept: int = 0
    remarks: tuple[str, ...] = ()

    def told(self) -> list[str]:
        """For the screen: the remarks, and what is kept where it is more than people say twice."""
        many = self.kept >= LEAST and self.kept * MANY > self.messages.height
        doubt = (
            f"note: {self.kept:,} messages say what the same person said at the same time: without ids they are kept"
        )
        return [*(f"note: {line}" for line in self.remarks), *([doubt] if many else [])]


def mark(messages: pl.DataFrame) -> Copies:
    """Drop the copies among messages that are ordered by `chat` and time, with the number of their `file`."""
    several = messages["file"].n_unique() > 1
    remarks: list[str] = []
    kept = 0
    if several:
        messages, remarks = _saved(messages)
    messages = _dropped(messages, _identified(messages))
    if messages["message_id"].null_count():
        gone, kept = _unidentified(messages)
        messages = _dropped(messages, gone)
    if several:
        messages = _dropped(messages, _elsewhere(messages))
    return Copies(messages, kept, tuple(remarks))


def _dropped(messages: pl.DataFrame, rows: pl.Series) -> pl.DataFrame:
    """The messages with those rows dropped, where they were not already."""
    if not len(rows):
        return messages
    gone = pl.Series([False]).new_from_index(0, messages.height).scatter(rows, True)
    reason = pl.when(gone & pl.col("dropped").is_null()).then(pl.lit("duplicate", REASONS)).otherwise("dropped")
    return messages.with_columns(reason.alias("dropped"))


def _alive(messages: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Messages that are not dropped, with their `row`, `who` wrote, the `minute` and whether the time is `precise`."""
    table = messages.select("file", "chat", "sent_at", "kind", "text", "dropped", WHO, MINUTE, PRECISE, *columns)
    return table.with_row_index("row").filter(pl.col("dropped").is_null()).drop("dropped")


def _identified(messages: pl.DataFrame) -> pl.Series:
    """The rows of messages whose platform's id stands earlier in the same file."""
    if messages["message_id"].null_count() == messages.height:
        return pl.Series([], dtype=pl.UInt32)
    known = messages["message_id"].hash()
    twice = known.is_duplicated() & messages["message_id"].is_not_null()
    if not twice.any():
        return pl.Series([], dtype=pl.UInt32)
    table = _alive(messages, "message_id").filter(twice.filter(messages["dropped"].is_null()))
    same = ["file", "chat", "message_id", "who"]
    # of an edited message what it became stays
    edited = table.select(PRECISE & ~pl.struct(*same, "sent_at").is_last_distinct()).to_series()
    left = table.filter(~edited)
    # an id that is none (a mapped column of something else) does not make different words one message
    again = left.filter(~pl.struct(*same, "minute", "text").is_first_distinct())
    return pl.concat([table.filter(edited)["row"], again["row"]])


def _unidentified(messages: pl.DataFrame) -> tuple[pl.Series, int]:
    """The rows of copies within a file that have no id, and how many messages look like copies and may be none."""
    # a cheap look first: in talk hardly anything is said twice within a minute (0.03 s a million instead of 0.2)
    minute, chat = MINUTE.cast(pl.UInt64), pl.col("chat").cast(pl.UInt64)
    key = messages.select(
        (pl.col("text").hash() ^ (minute * 1_000_003) ^ (chat * 7_919_000_003)).alias("key")
    ).to_series()
    worded = messages["text"].is_not_null()
    ordered = key.filter(worded).sort()
    twice = ordered.filter(ordered == ordered.shift()).unique()
    if not len(twice):
        return pl.Series([], dtype=pl.UInt32), 0
    alike = key.is_in(twice.implode())
    if len(twice) >= RUN:  # then pictures may go with a run
        pictures = (~worded).arg_true()
        alike = alike.scatter(pictures.filter(key.gather(pictures).is_duplicated()), True)
    return _alike(messages, alike)


def _alike(messages: pl.DataFrame, alike: pl.Series) -> tuple[pl.Series, int]:
    """The same of the messages that may stand there twice."""
    same = ["file", "chat", "who", "minute", "kind", "text"]
    alive = _alive(messages, "message_id")
    alike = alike.filter(messages["dropped"].is_null())
    clock = alive.group_by("file").agg(
        pl.col("precise").any().alias("seconds"), ((~pl.col("precise")).sum() * WHOLE > pl.len()).alias("cut")
    )
    nameless = pl.col("message_id").is_null()
    pairs = (
        alive.filter(alike & alive["text"].is_not_null())
        .filter(nameless.any().over(same))
        .join(clock, on="file", maintain_order="left")
        .with_columns((pl.col("text").str.len_chars() >= TYPED).alias("typed"))
        .sort(nameless, "row")  # a message with an id comes first
    )
    second = [*same, "sent_at"]
    first = pl.int_range(pl.len()).over(second) == 0
    sure = pl.col("precise") | (pl.col("seconds") & (~pl.col("cut") | pl.col("typed")))
    # of a message with seconds, the copy whose seconds were cut off
    nth = pl.col("row").rank("ordinal").over([*same, "precise"])
    blunt = ~pl.col("precise") & pl.col("seconds") & (nth <= pl.col("precise").sum().over(same))
    marked = pairs.with_columns(first.alias("first"), blunt.alias("blunt"))
    # where nearly all that falls on a full minute stands there with its seconds, too, the length does not matter
    whole = alive.filter(~pl.col("precise") & pl.col("text").is_not_null()).group_by("file", "chat").len("full")
    cut = marked.filter("blunt").group_by("file", "chat").len("cut").join(whole, on=["file", "chat"])
    cut = cut.filter((pl.col("cut") >= RUN) & (pl.col("cut") >= SAVED * pl.col("full"))).select(
        "file", "chat", all=True
    )
    marked = marked.join(cut, on=["file", "chat"], how="left", maintain_order="left")
    blunt = pl.col("blunt") & (pl.col("typed") | pl.col("all").fill_null(False))
    marked = marked.with_columns((nameless & ((~pl.col("first") & sure) | blunt)).alias("gone"))
    gone = marked.filter("gone")["row"]
    chats = alive.filter(alike).join(clock.filter(~pl.col("seconds")), on="file", how="semi").select("file", "chat")
    runs = pl.Series(list(_runs(alive, chats.unique())), dtype=gone.dtype)
    gone = pl.concat([gone, runs]).unique().sort()
    left = marked.filter(~pl.col("row").is_in(gone.implode()))
    doubtful = left.filter(nameless & (~pl.col("first") | (~pl.col("precise") & pl.col("precise").any().over(same))))
    return gone, doubtful.height


def _runs(alive: pl.DataFrame, chats: pl.DataFrame) -> Iterator[int]:
    """The rows of runs that stand there again, in chats whose times have no seconds.

    Ordered by time, the copies of a run lie beside it: three or more different texts in a row, each twice. Pictures
    come in dozens and prove nothing; between such texts they go with them.
    """
    for _, chat in alive.join(chats, on=["file", "chat"], how="semi").group_by("file", "chat", maintain_order=True):
        rows: dict[tuple[str | None, ...], list[int]] = {}
        for row, who, minute, kind, text in chat.select("row", "who", "minute", "kind", "text").iter_rows():
            rows.setdefault((who, minute, kind, text), []).append(row)
        run: list[list[int]] = []
        texts: list[int] = []
        for (*_, text), places in [*rows.items(), (("",), [0])]:
            if text is not None and len(places) < 2:
                if len(texts) >= RUN:
                    yield from _second(run, min(texts))
                run, texts = [], []
            elif text is not None:
                run.append(places)
                texts.append(len(places))
            elif texts:
                run.append(places)


def _second(run: list[list[int]], times: int) -> Iterator[int]:
    """What goes of a run that stands there so many times."""
    for places in run:
        if len(places) % times == 0 or len(places) > times:
            yield from places[max(len(places) // times, 1) :]


def _elsewhere(messages: pl.DataFrame) -> pl.Series:
    """The rows that another file holds, too: as often as the file that holds them most often is no duplicate."""
    alive = _alive(messages, "message_id")
    same = ["chat", "who", "sent_at", "kind", "text"]
    alive = alive.with_columns(pl.int_range(pl.len()).over("file", *same).alias("nth"))
    identified = pl.col("message_id").is_not_null() & ~pl.struct("chat", "message_id").is_first_distinct()
    elsewhere = pl.col("file") != pl.col("file").first().over("chat", "message_id")
    return alive.filter(~pl.struct(*same, "nth").is_first_distinct() | (identified & elsewhere))["row"]


def _saved(messages: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Messages without what a spreadsheet has saved of another file: without seconds, with ? for emoji.

    Chats are not compared: a file without a chat of its own is called as the file is.
    """
    table = _alive(messages)
    text = pl.Series("plain", _lossy(table["text"]))
    table = table.with_columns(text)
    key = ["who", "minute", "kind", "plain"]
    table = table.with_columns(pl.int_range(pl.len()).over("file", *key).alias("nth"))
    shared = table.filter(table.select(pl.struct(*key, "nth").hash().alias("key")).to_series().is_duplicated())
    pairs = shared.join(shared, on=[*key, "nth"], suffix="_other", nulls_equal=True).filter(
        pl.col("file") != pl.col("file_other")
    )
    lost = (pl.col("text") != pl.col("text_other")) & pl.col("text").str.contains("?", literal=True)
    lost |= ~pl.col("precise") & pl.col("precise_other")
    sizes = table.group_by("file").len("size")
    found = (
        pairs.group_by("file", "file_other").agg(pl.len().alias("n"), lost.sum().alias("lost"))
        .join(sizes, on="file")
        .join(sizes, left_on="file_other", right_on="file", suffix="_other")
        .filter(
            (pl.col("lost") > 0)
            & (pl.col("n") >= LEAST)
            & (pl.col("n") >= SAVED * pl.min_horizontal("size", "size_other"))
        )
        .sort("n", "file", "file_other", descending=[True, False, False])
    )  # fmt: skip
    copies: dict[int, int] = {}
    for file, other in found.select("file", "file_other").iter_rows():
        if file not in copies and file not in copies.values() and other not in copies:
            copies[file] = other
    names = dict(messages.group_by("file").agg(pl.col("source").first()).iter_rows())
    remarks = []
    for file, other in copies.items():
        both = pairs.filter((pl.col("file") == file) & (pl.col("file_other") == other))
        messages = _dropped(messages, both["row"].unique())
        words = both.filter(pl.col("text") != pl.col("text_other")).height
        remarks.append(
            f"{_file(names[file])} is a copy of {_file(names[other])} that another program has saved (seconds or emoji "
            f"are lost, {words:,} texts hold ? for them): its {both.height:,} messages that stand there count once"
        )
    return messages, remarks


def _file(source: str) -> str:
    return source.rsplit(" ", 2)[0]


def _lossy(texts: pl.Series) -> pl.Series:
    """Texts as GBK can hold them, each run of ? as one: what is left of an emoji depends on the program."""
    places = texts.str.contains(BEYOND).fill_null(False).arg_true()
    if len(places):
        kept = [text.encode("gbk", "replace").decode("gbk") for text in texts.gather(places)]
        texts = texts.scatter(places, pl.Series(kept, dtype=pl.String))
    return texts.str.replace_all(r"[?\u{fffd}]+", "?")
