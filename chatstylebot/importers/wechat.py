"""What WeChat exporters write where a message is no text: closed lists, never "starts with [" (IMP-13).

WeChat's own emoji ([捂脸], [旺柴]) look the same and are text. Sources: shared facts, formats.md §4.1 to §4.6.
"""

import re
from collections.abc import Collection, Mapping

import polars as pl

# type names of PyWxDump and WeClone → kind (formats.md §4.2)
TYPE_NAMES: Mapping[str, str] = {
    "文本": "text", "图片": "image", "语音": "voice", "添加好友": "system", "推荐公众号": "contact", "视频": "video",
    "动画表情": "sticker", "位置": "location", "文件": "file", "粘贴的文本": "forward", "(分享)音乐": "link",
    "(分享)卡片式链接": "link", "游戏相关": "link", "用户上传的GIF表情": "sticker", "位置共享": "location",
    "合并转发的聊天记录": "forward", "(分享)笔记": "link", "(分享)小程序": "link", "(分享)收藏夹": "link",
    "(分享)小说(猜)": "link", "(分享)视频号名片": "contact", "(分享)视频号视频": "link", "接龙": "other", "引用回复": "quote",
    "视频号直播或直播回放(等)": "link", "视频号直播或直播回放等": "link", "文件(猜)": "file", "群公告": "system", "转账": "transfer",
    "赠送红包封面": "transfer", "语音通话": "call", "企业微信打招呼(猜)": "contact", "企业微信添加好友(猜)": "contact",
    "系统通知": "system", "消息撤回1": "recall", "消息撤回5": "recall", "消息撤回6": "recall", "消息撤回33": "recall",
    "消息撤回36": "recall", "消息撤回57": "recall", "拍一拍": "system", "邀请加群": "system", "红包": "transfer",
    # WeClone's path from Telegram and WeFlow's CSV
    "text": "text", "image": "image", "video": "video", "voice": "voice", "sticker": "sticker", "file": "file",
    "location": "location", "(share) card link": "link",
}  # fmt: skip

# a placeholder and what may follow it on the same message
_ALONE = {
    "图片": "image", "照片": "image", "视频": "video", "动画表情": "sticker", "表情包": "sticker", "表情": "sticker", "名片": "contact",
    "个人名片": "contact", "位置": "location", "语音通话": "call", "视频通话": "call", "通话": "call", "音视频通话": "call",
    "红包": "transfer", "转账": "transfer", "引用消息": "other", "聊天记录": "forward", "合并转发的聊天记录": "forward", "音乐分享": "link",
    "不支持的消息类型": "other", "未知消息": "other", "Image": "image", "Video": "video",
}  # fmt: skip
_LED = {
    "链接": "link", "文件": "file", "音乐": "link", "小程序": "link", "群公告": "system", "接龙": "other", "转账": "transfer",
    "红包": "transfer", "位置": "location", "名片": "contact", "聊天记录": "forward", "视频号": "link", "视频号直播": "link",
    "微信红包": "transfer", "语音通话": "call", "视频通话": "call", "通话": "call", "表情包": "sticker", "动画表情": "sticker",
}  # fmt: skip
_PLACEHOLDER = re.compile(r"\[([^\[\]\s：:]{1,12})((?:[：:][^\[\]]*)?)\](.*)", re.DOTALL)
_RECALLED = re.compile(r"撤回了一条消息|recalled a message|revokemsg")
_QUOTED = r"[\"“「].{1,60}?[\"”」]"  # WeChat puts names into quotes, people seldom do
_NOTICES = (
    rf"(?:你|{_QUOTED}|\S.{{0,40}} ) ?撤回了一条(?:成员)?消息 ?(?:重新编辑|<a .*)?",
    rf"(?:{_QUOTED}|你.{{1,8}}{_QUOTED}|你通过扫描).{{0,200}}(?:加入|移出)了?群聊(?:[，,].*)?",
    r".{0,60}修改群名为[“\"].*[”\"]",
    rf"(?:{_QUOTED} ?拍了拍.{{1,60}}|[你我] ?拍了拍 ?(?:自己|{_QUOTED}).{{0,20}})",
    r".{0,60}开启了朋友验证.*|以上是打招呼的内容|.{0,60}现在(?:我们)?可以开始聊天了|.{1,60}已成为新群主",
    r".{1,40}领取了你的红包(?:[，,].{1,20})?|你领取了.{1,30}的红包|.{0,60}与群里其他人都不是(?:微信)?朋友关系.*",
    rf"(?:You|You've|{_QUOTED}|\S.{{0,40}}) recalled a message|.{{1,60}} joined the group chat(?: via .{{1,80}})?",
)
NOTICE = re.compile(rf"(?:<!\[CDATA\[)?(?:{'|'.join(_NOTICES)})[。.]?(?:\]\]>)?\s*", re.DOTALL)


def placeholder(text: str) -> str | None:
    """The kind of message that a placeholder stands for, None for what somebody typed: [图片] yes, [捂脸] no."""
    found = _PLACEHOLDER.fullmatch(text.strip())
    if not found:
        return None
    name, _, rest = found.groups()
    if not rest.strip() and name in _ALONE:
        return _ALONE[name]
    if name == "语音" or name == "语音消息":
        return "voice"
    return _LED.get(name)


def spoken(text: str) -> str | None:
    """The transcript behind [语音消息] or [语音], None where there is none."""
    found = _PLACEHOLDER.fullmatch(text.strip())
    words = found[3].strip() if found and found[1] in ("语音", "语音消息") else ""
    return None if not words or re.fullmatch(r'\(?[\d.]+\s*["″秒s]*\)?', words) else words


def notice(text: str) -> str | None:
    """ "recall" or "system" for a text that WeChat itself wrote, None for anything else."""
    if len(text) > 400 or not NOTICE.fullmatch(text):
        return None
    return "recall" if _RECALLED.search(text) else "system"


# the 64-bit type of WeChat 4: sub << 32 | type (formats.md §4.7)
_TYPES = {
    1: "text", 3: "image", 34: "voice", 37: "system", 42: "contact", 43: "video", 47: "sticker", 48: "location",
    50: "call", 65: "contact", 66: "contact", 10000: "system", 10002: "system", 11000: "other",
}  # fmt: skip
_SUBTYPES = {
    0: "file", 1: "forward", 3: "link", 4: "link", 5: "link", 6: "file", 7: "link", 8: "sticker", 17: "location",
    19: "forward", 24: "link", 33: "link", 36: "link", 40: "link", 50: "link", 51: "link", 53: "other", 57: "quote",
    62: "system", 63: "link", 74: "file", 87: "system", 88: "link", 92: "link", 2000: "transfer", 2001: "transfer",
    2003: "transfer",
}  # fmt: skip


def kind_of(local_type: int, subtype: int = 0) -> str:
    """The kind of a WeChat type, with its subtype in the high half as WeChat 4 has it, or beside it."""
    kind, sub = local_type & 0xFFFFFFFF, local_type >> 32 or subtype
    return _SUBTYPES.get(sub, "other") if kind == 49 else _TYPES.get(kind, "other")


def without_speaker(messages: pl.DataFrame, members: Collection[str]) -> pl.DataFrame:
    """Group texts without the speaker's id on a line of its own, which some exporters of WeChat 4 leave in.

    Only a known member's id goes: "hello:" on a line of its own was typed (IMP-14).
    """
    if not messages["is_group"].any():
        return messages
    text = pl.col("text")
    left_in = pl.col("is_group") & text.str.extract(r"^([\w@.-]{2,64}):\r?\n", 1).is_in(list(members))
    return messages.with_columns(
        pl.when(left_in).then(text.str.replace(r"^[^\n]*\n", "")).otherwise(text).alias("text")
    )
