"""The words that samples, server and bot must share (decision 0003): a prompt at work is a prompt of training.

Also what both need that read an answer as it comes: the page has its own in JavaScript.
"""

GROUP_CONTEXT = 20  # messages of others before an own turn in a group: more would not fit a prompt
QUOTED = 100  # characters of a quote
SAYS = ": "  # in a group, between who speaks and what they say

# what stands for a message that was no text, so that the reply to it keeps its question
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


def whole(text: str) -> str:
    """The text as UTF-8 can write it: half of a surrogate pair, which JSON allows, is no character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def begun(text: str, mark: str) -> int:
    """How many characters at the end of the text could be the beginning of the mark: a separator, a stop string."""
    return next((size for size in range(min(len(mark) - 1, len(text)), 0, -1) if text.endswith(mark[:size])), 0)


def many(number: int, noun: str) -> str:
    """How many there are, in English: 1 file, 1,200 files."""
    return f"{number:,} {noun}{'s' * (number != 1)}"
