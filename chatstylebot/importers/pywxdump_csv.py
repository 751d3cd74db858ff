"""WeChat exported by PyWxDump as CSV, several files a chat, and the two formats that grew out of it.

Format: shared facts, formats.md §4.2 to §4.4. `is_sender` alone tells who is me; the header tells which of the three it is.
"""

import json
import re
from pathlib import Path

import polars as pl

from chatstylebot import importers
from chatstylebot.corpus.messages import KINDS, SCHEMA
from chatstylebot.errors import UserError
from chatstylebot.importers import csv_file, times, wechat

PLATFORM, CHINESE, SUFFIXES = "wechat", True, (".csv",)
COLUMNS = ["id", "MsgSvrID", "type_name", "is_sender", "talker", "room_name", "msg", "src", "CreateTime"]
NEEDED = {"type_name", "is_sender", "talker", "msg", "CreateTime"}
ROW = re.compile(r'"?\d*"?,"?[^,\n"]*"?,"?[^,\n"]{1,24}"?,"?[01]"?,')
KIND = pl.Enum(KINDS)
QUOTE = r"(?s)^(.*)\n\n\[引用\]\([^)\n]*\)(.*)$"
WEFLOW_QUOTE = r"(?s)^(.*?)\[引用 ([^\n]*?：.*)\]$"
# Excel keeps 15 of the 19 digits: two messages would share 7.43727E+18 or 7437267147299590000
NO_ID = r"^0?$|[eE]|^\d{15}0{4,}$"
CUT = re.compile(r"_\d+_\d+$")  # of a file name: <wxid>_<first>_<last>.csv


def header(head: importers.Head) -> list[str]:
    """The names of the first line."""
    return csv_file.header(head.first_line)


def detect(head: importers.Head) -> bool:
    """Whether the header is PyWxDump's; with `is_forward`, without `room_name` or with English types it is a sibling's."""
    names = header(head)
    return set(NEEDED) <= set(names) and "room_name" in names and not english(head) and "is_forward" not in names


def english(head: importers.Head) -> bool:
    """Whether the types are English words, or the times were saved again by Excel (2024/10/4 11:42)."""
    return bool(re.search(r"(?m)^[^\n]*,(?:text|image|voice|video|sticker|file|location),[01],", head.text)) or bool(
        re.search(r"(?m),\d{4}/\d{1,2}/\d{1,2} \d{1,2}:\d{2}(?::\d{2})?(?:,[^,\n]*)?\r?$", head.text)
    )


def claims(path: Path) -> list[Path]:
    """The list of names that lies beside the chats."""
    return [path.parent / "users.json"]


def read(path: Path, zone: str) -> importers.Export:
    """The messages of one file of any of the three kinds. Raises UserError when the header lacks a column."""
    columns = header(importers.head(path))
    if missing := sorted(NEEDED - set(columns)):
        raise UserError(
            f"{path} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}; it has {', '.join(columns)}",
            "export it again as CSV, without leaving columns out",
        )
    wanted = [name for name in columns if name in {*COLUMNS, "is_forward"} and name not in ("id", "src")]
    table, damaged, remarks = csv_file.read(path, columns, ROW, without=[c for c in columns if c not in wanted])
    for name in ("MsgSvrID", "room_name", "is_forward"):
        if name not in table.columns:
            table = table.with_columns(pl.lit(None, pl.String).alias(name))
    return export(table, path, zone, damaged, remarks)


def export(table: pl.DataFrame, path: Path, zone: str, damaged: list[str], remarks: list[str]) -> importers.Export:
    """The messages of a table with PyWxDump's columns as strings and `row`, the rows that are lost already, and remarks."""
    names = users(path.parent / "users.json")
    table = table.with_columns(
        pl.col("is_sender")
        .str.strip_chars()
        .replace_strict({"1": True, "0": False}, default=None, return_dtype=pl.Boolean),
        pl.col("type_name", "talker", "room_name", "msg").fill_null(""),
        *_times(),
    )
    sound = pl.col("is_sender").is_not_null() & times.sane("at") & (pl.col("type_name") != "")
    blank = pl.all_horizontal(pl.col("type_name", "talker", "msg") == "")
    broken = table.filter(~sound.fill_null(False) & ~blank)
    damaged = damaged + [f"{path.name} row {row}: no type, sender flag or time" for row in broken["row"]]
    table = table.filter(sound.fill_null(False))
    if table.height == 0:
        return importers.Export(pl.DataFrame(schema=SCHEMA), damaged=damaged, notes=remarks)
    steps = table["at"].diff()
    if (steps < 0).sum() > (steps > 0).sum():
        table = table.reverse()
    messages = _typed(_placed(table, path, names), path, zone, names)
    own = messages.filter("from_me")["sender_id"].unique().to_list()
    owner = {name for key in own for name in (key, *names.get(key, ()))} - {"我", "me", ""}
    known = {key: frozenset(others) for key, others in names.items() if others}
    return importers.Export(messages, frozenset(owner), damaged, remarks, known)


def _times() -> tuple[pl.Expr, pl.Expr]:
    """`at` in milliseconds and whether it is a `local` time: ISO with Z is UTC, everything else the machine's clock."""
    text = pl.col("CreateTime").fill_null("").str.strip_chars()
    iso = text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", strict=False, time_unit="ms")
    plain = text.str.replace_all("/", "-")
    full = plain.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="ms")
    short = plain.str.to_datetime("%Y-%m-%d %H:%M", strict=False, time_unit="ms")
    return pl.coalesce(iso, full, short).cast(pl.Int64).alias("at"), iso.is_null().alias("local")


def _placed(table: pl.DataFrame, path: Path, names: dict[str, list[str]]) -> pl.DataFrame:
    """The rows with their chat: the room, else the other side, else what the file is called."""
    stem = CUT.sub("", path.stem)
    # a stray row of the other side may carry the owner's own id: it makes no group
    own = table.filter("is_sender")["talker"].unique()
    nobody = ["", "未知", "系统", "系统消息", *own]
    alone = path.parent.name if CUT.search(path.stem) and not table["room_name"].max() else stem
    room = pl.when(pl.col("room_name") == "").then(pl.lit(alone or stem)).otherwise("room_name")
    rooms = table.with_columns(room.alias("chat_id"))
    others = rooms.filter(~pl.col("is_sender") & ~pl.col("talker").is_in(nobody))
    several = others.group_by("chat_id").agg(pl.col("talker").n_unique().alias("n"))
    wide = set(several.filter(pl.col("n") > 1)["chat_id"].to_list())
    shown = {key: called(names, key) for key in rooms["chat_id"].unique()}
    return rooms.with_columns(
        pl.col("chat_id").replace(shown).alias("chat_name"),
        (pl.col("chat_id").str.ends_with("@chatroom") | pl.col("chat_id").is_in(wide)).alias("is_group"),
    )


def called(names: dict[str, list[str]], key: str) -> str:
    """What to call somebody: the remark, else the nickname, else the id."""
    return next(iter(names.get(key, ())), key)


def users(path: Path) -> dict[str, list[str]]:
    """The names of users.json by wxid, remark first; empty where the file is missing or something else."""
    try:
        table = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return {}
    known: dict[str, list[str]] = {}
    for key, row in table.items() if isinstance(table, dict) else ():
        if isinstance(row, dict):
            fields = [row.get(field) for field in ("remark", "nickname", "account")]
            known[str(key)] = [name for name in fields if isinstance(name, str) and name]
    return known


def _typed(table: pl.DataFrame, path: Path, zone: str, names: dict[str, list[str]]) -> pl.DataFrame:
    """The rows in SCHEMA."""
    known = pl.col("type_name").replace_strict(wechat.TYPE_NAMES, default="other", return_dtype=pl.String)
    msg = pl.col("msg")
    table = table.with_columns(known.alias("kind"))
    table = _sorted_out(table)
    quote = pl.col("kind") == "quote"
    own_words = msg.str.replace(QUOTE, "$1").str.replace(WEFLOW_QUOTE, "$1")
    quoted = msg.str.extract(QUOTE, 2).fill_null(msg.str.extract(WEFLOW_QUOTE, 2))
    spoken = pl.coalesce(msg.str.extract(r"(?s)\n翻译结果：(.*)$"), pl.col("spoken"))
    text = (
        pl.when(pl.col("kind").is_in(["text", "system"])).then(msg)
        .when(quote).then(own_words)
        .when(pl.col("kind") == "voice").then(spoken)
        .when((pl.col("kind") == "forward") & (pl.col("type_name") != "合并转发的聊天记录")).then(msg)
    )  # fmt: skip
    walls = times.utc(table["at"], zone)
    exact = table["at"].cast(pl.Datetime("ms")).dt.replace_time_zone("UTC")
    sent_at = pl.select(pl.when(table["local"]).then(walls).otherwise(exact)).to_series()
    own = pl.when(pl.col("talker").is_in(["", "我"])).then(pl.lit("me")).otherwise("talker")
    other = pl.when(pl.col("talker") == "").then("chat_id").otherwise("talker")
    sender = pl.when(pl.col("is_sender")).then(own).otherwise(other)
    shown = {key: called(names, key) for column in ("talker", "chat_id") for key in table[column].unique()}
    shown["me"] = "我"
    return table.select(
        "chat_id",
        "chat_name",
        "is_group",
        pl.when(pl.col("MsgSvrID").str.contains(NO_ID)).then(None).otherwise("MsgSvrID").alias("message_id"),
        sender.alias("sender_id"),
        sender.replace(shown).alias("sender_name"),
        pl.col("is_sender").alias("from_me"),
        sent_at.alias("sent_at"),
        (~pl.col("local")).alias("tz_known"),
        pl.when(pl.col("is_forward").fill_null("").str.to_lowercase().is_in(["1", "true", "1.0"]) & (pl.col("kind") == "text"))
        .then(pl.lit("forward")).otherwise("kind").cast(KIND).alias("kind"),
        text.alias("text"),
        pl.when(quote).then(quoted).alias("quoted"),
        pl.concat_str(pl.lit(path.name + " row "), pl.col("row").cast(pl.String)).alias("source"),
    ).cast(SCHEMA)  # fmt: skip


def _sorted_out(table: pl.DataFrame) -> pl.DataFrame:
    """Rows called text that are none: WeFlow's CSV calls notices, links, quotes and transfers so (IMP-13)."""
    texts = (pl.col("type_name") == "text") | (pl.col("kind") == "voice")  # 文本 of PyWxDump is what was typed
    odd = table.filter(
        texts
        & pl.col("msg").str.contains(r"^\s*\[|\[引用 |撤回|群|拍了拍|红包|recalled|joined|<!\[CDATA|朋友|打招呼|聊天了")
    )
    found: dict[str, str] = {}
    spoken: dict[str, str | None] = {}
    for text, kind in odd.select("msg", "kind").unique().iter_rows():
        known = wechat.placeholder(text) or wechat.notice(text)
        if kind == "voice" or known == "voice":
            spoken[text] = wechat.spoken(text)
        if kind == "text" and known:
            found[text] = known
        elif kind == "text" and re.match(WEFLOW_QUOTE, text):
            found[text] = "quote"
    kind = pl.when(pl.col("kind") == "text").then(
        pl.col("msg").replace_strict(found, default="text", return_dtype=pl.String)
    )
    voices = {text: words for text, words in spoken.items() if words}
    return table.with_columns(
        kind.otherwise("kind").alias("kind") if found else pl.col("kind"),
        (
            pl.col("msg").replace_strict(voices, default=None, return_dtype=pl.String)
            if voices
            else pl.lit(None, pl.String)
        ).alias("spoken"),
    )
