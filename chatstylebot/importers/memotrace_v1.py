"""WeChat exported by MemoTrace / WeChatMsg up to 2.0.x: one chat, a group, or all chats in one CSV.

Format: shared facts, formats.md §4.1. IsSender tells who is me, CreateTime is unix seconds.
"""

import re
from pathlib import Path

import polars as pl

from chatstylebot import importers, looks
from chatstylebot.corpus.messages import KINDS, SCHEMA
from chatstylebot.errors import UserError
from chatstylebot.importers import csv_file

COLUMNS = ["localId", "TalkerId", "Type", "SubType", "IsSender", "CreateTime", "Status", "StrContent", "StrTime"]
NAMES = ["Remark", "NickName", "Sender"]
NUMBERS = ("Type", "SubType", "IsSender", "CreateTime")
PLATFORM, CHINESE, SUFFIXES = "wechat", True, (".csv",)
ROW = re.compile(r'"?\d*"?,"?\d*"?,"?\d+"?,"?\d*"?,"?[01]"?,"?\d{9,13}"?,')
KIND = pl.Enum(KINDS)

KIND_OF_TYPE = {
    1: "text", 3: "image", 34: "voice", 37: "system", 42: "contact", 43: "video", 47: "sticker", 48: "location",
    50: "call", 65: "contact", 66: "contact", 10000: "system", 11000: "other",
}  # fmt: skip
KIND_OF_SUBTYPE = {  # of type 49
    0: "file", 1: "forward", 3: "link", 4: "link", 5: "link", 6: "file", 7: "link", 8: "sticker", 17: "location",
    19: "forward", 24: "link", 33: "link", 36: "link", 40: "link", 50: "link", 51: "link", 53: "other", 57: "quote",
    62: "system", 63: "link", 74: "file", 87: "system", 88: "link", 92: "link", 2000: "transfer", 2001: "transfer",
    2003: "transfer",
}  # fmt: skip


def detect(head: importers.Head) -> bool:
    """Whether the header starts as MemoTrace v1 writes it."""
    return head.first_line.replace('"', "").startswith(",".join(COLUMNS[:6])) and "StrContent" in head.first_line


def read(path: Path, timezone: str | None = None) -> importers.Export:
    """The messages of one file. Raises UserError when the header lacks a column."""
    _check_header(path)
    table, damaged, remarks = csv_file.read(
        path, [*COLUMNS, *NAMES], ROW, without=["localId", "Status", "StrTime"], numbers=NUMBERS
    )
    sender = pl.col("IsSender").cast(pl.Int64, strict=False)
    table = table.with_columns(
        pl.col("Type", "SubType", "CreateTime").cast(pl.Int64, strict=False),
        pl.when(sender.is_in([0, 1])).then(sender == 1).alias("IsSender"),
        *(pl.col(name).fill_null("") for name in NAMES if table[name].null_count()),
    )
    # 2001-09-09 … 2096-10-02 in seconds; some builds write milliseconds
    table = table.with_columns(
        pl.when(pl.col("CreateTime") >= 10**12).then(pl.col("CreateTime") // 1000).otherwise("CreateTime").alias("at")
    )
    sound = pl.col("Type").is_not_null() & pl.col("IsSender").is_not_null() & pl.col("at").is_between(10**9, 4 * 10**9)
    whole = table.select(sound.fill_null(False)).to_series()
    if not whole.all():
        broken = table.filter(~whole)
        blank = pl.all_horizontal(pl.col("TalkerId", "StrContent").fill_null("") == "", pl.col("Type").is_null())
        damaged += [f"{path.name} row {row}: no type, sender flag or unix time" for row in broken.filter(~blank)["row"]]
        table = table.filter(whole)
    if table.height == 0:
        return importers.Export(pl.DataFrame(schema=SCHEMA), damaged=damaged, notes=remarks)
    # one release writes the newest first: within a second the later row is then the earlier message
    steps = table["at"].diff()
    if (steps < 0).sum() > (steps > 0).sum():
        table = table.reverse()
    table = table.with_columns(pl.col("TalkerId").fill_null(""), pl.lit(None, pl.String).alias("message_id"))
    table = table.with_columns(_sort())
    seen = _seen(table)
    if (named := _named(table, seen)) is not None:
        table = named.with_columns(_sort())
        seen = _seen(table)
    messages = _typed(table, seen.join(_chats(seen, path), on="TalkerId", how="left"), path)
    lost = messages.filter((pl.col("kind") == "quote") & pl.col("text").is_null()).height
    notes = [f"{lost:,} quoted replies are not in this export: MemoTrace writes them empty"] if lost else []
    return importers.Export(messages, _owner(seen), damaged, remarks + notes)


def _sort() -> pl.Expr:
    """A number for all of a row but its time and text: a few thousand sorts of rows stand for a million rows."""
    return looks.key("TalkerId", "IsSender", *NAMES, "Type", "SubType").alias("sort")


def _seen(table: pl.DataFrame) -> pl.DataFrame:
    """One row per sort, in the order in which they come, with how many rows are of it and the first of them."""
    told = pl.col("TalkerId", "IsSender", *NAMES, "Type", "SubType").first()
    return table.group_by("sort").agg(told, pl.len(), pl.col("row").min()).sort("row")


def _named(table: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame | None:
    """The rows with names that are some, and `message_id`; None where all of them are."""
    # builds of 2023-12 wrote the raw SQL tuple: what stands under the names is an id and two byte strings
    raw = pl.any_horizontal(pl.col("NickName", "Sender").str.starts_with(mark) for mark in ("b'", 'b"'))
    # group speakers of old builds carry a suffix, as in wxid_x:25319:1
    suffixed = seen["Sender"].str.contains(r"^wxid_\w+:")
    if not (suffixed.any() or seen.select(raw.any()).item()):
        return None
    table = table.with_columns(
        pl.when(raw).then("Remark").alias("message_id"),
        *(pl.when(raw).then(pl.lit("")).otherwise(name).alias(name) for name in NAMES),
    )
    odd = seen["Sender"].filter(suffixed).unique()
    return table.with_columns(pl.col("Sender").replace(odd, odd.str.replace(r"^(wxid_\w+):.*$", "$1")))


def _owner(seen: pl.DataFrame) -> frozenset[str]:
    """The ids and names on own rows; in "export all" remark and nickname are the conversation's, not the owner's."""
    own = seen.filter("IsSender")
    named = own["Sender"].to_list()
    if "我" not in named:
        named += own["Remark"].to_list() + own["NickName"].to_list()
    return frozenset(name for name in named if name)


def _check_header(path: Path) -> None:
    found = [name.strip().strip('"') for name in importers.head(path).first_line.split(",")]
    if missing := [name for name in COLUMNS if name not in found]:
        raise UserError(
            f"{path} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}; it has {', '.join(found)}",
            "export it again as CSV, without leaving columns out",
        )
    if found[: len(COLUMNS)] != COLUMNS:
        raise UserError(f"{path} has its columns in another order: {', '.join(found)}", "export it again as CSV")


def _chats(seen: pl.DataFrame, path: Path) -> pl.DataFrame:
    """One row per TalkerId: the chat's id, name and whether it is a group. `seen` are the sorts of rows, first come first.

    A private chat exported alone names the other side by wxid; "export all" names the conversation on every row;
    the oldest builds name nobody, so the file's name is all there is.
    """
    stem = path.stem.removesuffix("_utf8")
    # a stray row of the other side may carry the owner's own id: it makes no group
    own = seen.filter(pl.col("IsSender") & (pl.col("Sender") != ""))["Sender"].unique()
    somebody = (pl.col("Sender") != "") & ~pl.col("Sender").is_in(own.implode())
    other = pl.col("Sender").filter(~pl.col("IsSender") & somebody & (pl.col("Type") != 10000))
    # in "export all" an own row repeats the conversation's names and says 我
    whole = (pl.col("Sender").filter("IsSender") == "我").any()
    chats = seen.group_by("TalkerId", maintain_order=True).agg(
        other.unique(maintain_order=True).alias("others"),
        whole.fill_null(False).alias("whole"),
        pl.col("Remark").filter(~pl.col("IsSender") & (pl.col("Remark") != "")).first().alias("their_remark"),
        pl.col("NickName").filter(~pl.col("IsSender") & (pl.col("NickName") != "")).first().alias("their_nick"),
    )
    for column in ("Remark", "NickName"):
        chats = chats.join(_usual(seen, column), on="TalkerId", how="left", maintain_order="left")
    in_all = bool(chats["whole"].any())
    several = chats.height > 1
    rows = []
    for chat in chats.iter_rows(named=True):
        group = len(chat["others"]) > 1
        talker = chat["TalkerId"] or "0"
        if in_all:
            name = chat["Remark"] or chat["NickName"] or (chat["others"] or [f"talker {talker}"])[0]
            key = name
        elif group or not chat["others"]:
            name = key = f"{stem} {talker}" if several else stem
        else:
            name = chat["their_remark"] or chat["their_nick"] or chat["others"][0]
            key = chat["others"][0]
        rows.append((chat["TalkerId"], key, name, group))
    named = pl.DataFrame(rows, schema=["TalkerId", "chat_id", "chat_name", "is_group"], orient="row").with_columns(
        pl.lit(in_all).alias("in_all")
    )
    return named


def _usual(seen: pl.DataFrame, column: str) -> pl.DataFrame:
    """The commonest name of each TalkerId in a column, the first of them where two are as common."""
    counted = seen.filter(pl.col(column) != "").group_by("TalkerId", column).agg(pl.sum("len"), pl.min("row"))
    return counted.sort("len", "row", descending=[True, False]).group_by("TalkerId").agg(pl.col(column).first())


def _typed(table: pl.DataFrame, sorts: pl.DataFrame, path: Path) -> pl.DataFrame:
    """The rows in SCHEMA; all but time and text is the same for all rows of a sort, and found once for it."""
    name = pl.when(pl.col("Remark") == "").then("NickName").otherwise("Remark")
    theirs = pl.when((pl.col("is_group") & pl.col("in_all")) | (name == "")).then("Sender").otherwise(name)
    coarse = pl.col("Type").replace_strict(KIND_OF_TYPE, default="other", return_dtype=KIND)
    fine = pl.col("SubType").replace_strict(KIND_OF_SUBTYPE, default="other", return_dtype=KIND)
    recalled = (pl.col("Type") == 10000) & ~pl.col("SubType").is_in([0, 4, 8000])
    shared = sorts.select(
        "sort",
        "chat_id",
        "chat_name",
        "is_group",
        pl.when("IsSender").then(pl.lit("me"))
        .when("is_group").then("Sender").otherwise("chat_id").alias("sender_id"),
        pl.when("IsSender").then(pl.when(pl.col("Sender") == "").then(pl.lit("我")).otherwise("Sender"))
        .when(theirs == "").then("chat_name").otherwise(theirs).alias("sender_name"),
        pl.col("IsSender").alias("from_me"),
        pl.when(recalled).then(pl.lit("recall", KIND)).when(pl.col("Type") == 49).then(fine).otherwise(coarse)
        .alias("kind"),
        pl.col("TalkerId").alias("thread"),
    )  # fmt: skip
    rows = table.select(
        "sort",
        "message_id",
        pl.from_epoch(pl.col("at") * 1000, time_unit="ms").dt.replace_time_zone("UTC").alias("sent_at"),
        pl.lit(True).alias("tz_known"),
        pl.lit(None, pl.String).alias("quoted"),
        pl.concat_str(pl.lit(path.name + " row "), pl.col("row").cast(pl.String)).alias("source"),
    )
    messages = rows.join(shared, on="sort", how="left", maintain_order="left")
    content, kind = table["StrContent"].fill_null(""), messages["kind"]
    notices = (table["Type"] == 10000).arg_true()
    undone = content.gather(notices).str.contains("撤回了一条消息|recalled a message|revokemsg")
    kind = kind.scatter(notices.filter(undone), pl.Series(["recall"] * int(undone.sum()), dtype=KIND))
    # some builds fill the words of a quoted reply in; XML never is words
    quotes = (kind == "quote").arg_true()
    words = content.gather(quotes)
    said = quotes.filter((words != "") & ~words.str.starts_with("<"))
    typed = (table["Type"] == 1).scatter(said, True)
    messages = messages.with_columns(kind, pl.when(typed).then(content).alias("text"))
    return messages.select(*SCHEMA, "thread").cast(pl.Schema({**SCHEMA, "thread": pl.String()}))
