"""WeChat exported by MemoTrace from late 2024 on: one chat as CSV with Chinese headers.

Format: shared facts, formats.md §4.1 (v2). Names only, no ids; the file does not tell who is me; times are local.
"""

import re
from pathlib import Path

import polars as pl

from chatstylebot import importers
from chatstylebot.corpus.messages import KINDS, SCHEMA
from chatstylebot.errors import UserError
from chatstylebot.importers import csv_file, times

PLATFORM, CHINESE, SUFFIXES = "wechat", True, (".csv",)
COLUMNS = ["消息ID", "类型", "发送人", "时间", "内容", "备注", "昵称", "更多信息"]
NEEDED = COLUMNS[:5]
ROW = re.compile(r'"?\d*"?,"?[^,\n"]{1,16}"?,')
KIND_OF = {
    "文本": "text", "图片": "image", "视频": "video", "语音": "voice", "表情包": "sticker", "音视频通话": "call",
    "文件": "file", "位置分享": "location", "分享链接": "link", "红包": "transfer", "转账": "transfer",
    "引用消息": "quote", "合并转发的聊天记录": "forward", "小程序": "link", "视频号": "link", "音乐分享": "link",
    "收藏笔记": "link", "个人/公众号名片": "contact", "企业微信名片": "contact", "系统消息": "system",
    "拍一拍": "system", "未知类型": "other",
}  # fmt: skip
QUOTE = r"(?s)^(.*)\n引用：(.*)$"


def detect(head: importers.Head) -> bool:
    """Whether the header is MemoTrace's Chinese one."""
    return head.first_line.replace('"', "").startswith("消息ID,类型,发送人")


def read(path: Path, zone: str) -> importers.Export:
    """The messages of one chat. Raises UserError when the header lacks a column."""
    columns = csv_file.header(importers.head(path).first_line)
    if missing := [name for name in NEEDED if name not in columns]:
        raise UserError(
            f"{path} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}; it has {', '.join(columns)}",
            "export it again as CSV, without leaving columns out",
        )
    unused = [name for name in columns if name not in NEEDED]
    table, damaged, remarks = csv_file.read(path, columns, ROW, without=unused)
    at = pl.col("时间").fill_null("").str.strip_chars().str.replace_all("/", "-")
    table = table.with_columns(
        pl.coalesce(
            at.str.to_datetime(shape, strict=False, time_unit="ms") for shape in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M")
        )
        .cast(pl.Int64)
        .alias("at"),
        pl.col("类型", "发送人", "内容").fill_null(""),
    )
    blank = pl.all_horizontal(pl.col("类型", "发送人", "内容") == "")
    broken = table.filter(~times.sane("at") & ~blank)
    damaged = damaged + [f"{path.name} row {row}: no time" for row in broken["row"]]
    table = table.filter(times.sane("at"))
    if table.height == 0:
        return importers.Export(pl.DataFrame(schema=SCHEMA), damaged=damaged, notes=remarks)
    steps = table["at"].diff()
    if (steps < 0).sum() > (steps > 0).sum():
        table = table.reverse()
    return importers.Export(_typed(table, path, zone), damaged=damaged, notes=remarks)


def chat_name(path: Path) -> str:
    """The chat is called as its file is, without the (1) of a second download."""
    return re.sub(r"\s*\(\d+\)$", "", path.stem) or path.stem


def _typed(table: pl.DataFrame, path: Path, zone: str) -> pl.DataFrame:
    kind = pl.col("类型").replace_strict(KIND_OF, default="other", return_dtype=pl.String)
    content = pl.col("内容")
    notice = (kind == "system") | (pl.col("发送人") == "")
    sender = pl.when(notice).then(pl.lit("系统消息")).otherwise("发送人")
    recalled = (kind == "system") & content.str.contains("撤回了一条消息|recalled a message")
    chat = chat_name(path)
    wrote = table.filter((kind != "system") & (pl.col("发送人") != ""))["发送人"].n_unique()
    spoken = content.str.strip_prefix("【语音】").str.strip_chars()
    # 【图片】 in a row called 文本 was typed by somebody
    text = (
        pl.when(kind.is_in(["text", "system"])).then(content)
        .when(kind == "quote").then(content.str.replace(QUOTE, "$1"))
        .when((kind == "voice") & (spoken != "")).then(spoken)
    )  # fmt: skip
    return table.select(
        pl.lit(chat).alias("chat_id"),
        pl.lit(chat).alias("chat_name"),
        pl.lit(wrote > 2).alias("is_group"),
        pl.when(pl.col("消息ID").fill_null("").is_in(["", "0"])).then(None).otherwise("消息ID").alias("message_id"),
        sender.alias("sender_id"),
        sender.alias("sender_name"),
        pl.when(kind == "system").then(False).alias("from_me"),
        times.utc(table["at"], zone).alias("sent_at"),
        pl.lit(False).alias("tz_known"),
        pl.when(recalled).then(pl.lit("recall")).otherwise(kind).cast(pl.Enum(KINDS)).alias("kind"),
        text.alias("text"),
        pl.when(kind == "quote").then(content.str.extract(QUOTE, 2)).alias("quoted"),
        pl.concat_str(pl.lit(path.name + " row "), pl.col("row").cast(pl.String)).alias("source"),
    ).cast(SCHEMA)
