"""The table every importer yields and every corpus stage takes. Nothing here does anything."""

import polars as pl

KINDS = (
    "text", "image", "voice", "video", "sticker", "file", "link", "call", "transfer", "quote",
    "location", "contact", "system", "recall", "forward", "other",
)  # fmt: skip

SCHEMA = pl.Schema(
    {
        "chat_id": pl.String(),  # the friend or group; messages of two chats never mix
        "chat_name": pl.String(),
        "is_group": pl.Boolean(),
        "message_id": pl.String(),  # the platform's id; null when it has none
        "sender_id": pl.String(),
        "sender_name": pl.String(),
        "from_me": pl.Boolean(),  # null: the file does not tell
        "sent_at": pl.Datetime("ms", "UTC"),
        "tz_known": pl.Boolean(),  # false: the file had local time and --timezone was applied
        "kind": pl.Enum(KINDS),
        "text": pl.String(),  # what was typed (a quote: their own words); placeholders never stand here
        "quoted": pl.String(),  # the quoted text of a reply
        "source": pl.String(),  # the file's name and the row, for the drop report
    }
)
