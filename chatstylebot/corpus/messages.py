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

# What stands in a prompt for a message that was no text, so that the reply to it keeps its question.
PLACEHOLDERS = {
    "zh": {
        "image": "[图片]", "voice": "[语音]", "video": "[视频]", "sticker": "[表情]", "file": "[文件]",
        "link": "[链接]", "call": "[通话]", "transfer": "[转账]", "quote": "[引用]", "location": "[位置]",
        "contact": "[名片]", "forward": "[聊天记录]",
        "other": "[消息]",
    },
    "en": {
        "image": "[image]", "voice": "[voice message]", "video": "[video]", "sticker": "[sticker]", "file": "[file]",
        "link": "[link]", "call": "[call]", "transfer": "[transfer]", "quote": "[quoted reply]",
        "location": "[location]", "contact": "[contact card]", "forward": "[chat history]", "other": "[message]",
    },
}  # fmt: skip
