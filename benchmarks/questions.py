"""Questions about past talk, and the messages that answer them: `python benchmarks/questions.py en` checks a list.

A list is a TSV file, `memory_en.tsv` or `memory_zh.tsv`: `same` or `other`, the chat's id, the number of the message in
it that holds the answer, and the question. A question of the kind `other` shares no content word with the answer nor
with the NEAR messages before and behind it, that is: with no passage that could be cut around the answer.
"""

import csv
import functools
import re
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

HERE = Path(__file__).parent
EXPORT = HERE.parent / "data/exports/xiaoman_memotrace.csv"
NEAR = 5
Language = Literal["en", "zh"]
STOP = {
    "en": frozenset(
        [
            "a",
            "about",
            "after",
            "again",
            "all",
            "also",
            "always",
            "am",
            "an",
            "and",
            "any",
            "anyone",
            "anything",
            "are",
            "as",
            "at",
            "be",
            "been",
            "before",
            "being",
            "but",
            "by",
            "can",
            "could",
            "did",
            "do",
            "does",
            "doing",
            "done",
            "during",
            "each",
            "ever",
            "every",
            "everyone",
            "everything",
            "few",
            "for",
            "from",
            "get",
            "gets",
            "getting",
            "go",
            "goes",
            "going",
            "got",
            "had",
            "has",
            "have",
            "having",
            "he",
            "her",
            "here",
            "hers",
            "him",
            "his",
            "how",
            "i",
            "if",
            "in",
            "into",
            "is",
            "it",
            "its",
            "just",
            "know",
            "last",
            "like",
            "lot",
            "made",
            "make",
            "many",
            "me",
            "mean",
            "mine",
            "more",
            "most",
            "much",
            "my",
            "no",
            "not",
            "now",
            "of",
            "off",
            "on",
            "once",
            "one",
            "ones",
            "only",
            "or",
            "other",
            "our",
            "out",
            "over",
            "own",
            "people",
            "person",
            "really",
            "said",
            "same",
            "say",
            "says",
            "she",
            "should",
            "so",
            "some",
            "someone",
            "something",
            "still",
            "such",
            "than",
            "that",
            "the",
            "their",
            "them",
            "then",
            "there",
            "these",
            "they",
            "thing",
            "things",
            "think",
            "this",
            "those",
            "thought",
            "to",
            "tell",
            "told",
            "too",
            "up",
            "us",
            "very",
            "was",
            "way",
            "we",
            "well",
            "went",
            "were",
            "what",
            "when",
            "where",
            "which",
            "while",
            "who",
            "whom",
            "whose",
            "why",
            "will",
            "with",
            "would",
            "yes",
            "you",
            "your",
            "yours",
            "dont",
            "didnt",
            "im",
            "ive",
            "id",
            "ill",
            "isnt",
            "wasnt",
            "doesnt",
            "cant",
            "couldnt",
            "wont",
            "thats",
            "whats",
            "lets",
        ]
    ),
    "zh": frozenset(
        [
            "的",
            "了",
            "是",
            "在",
            "我",
            "你",
            "他",
            "她",
            "它",
            "们",
            "我们",
            "你们",
            "他们",
            "她们",
            "有",
            "没",
            "没有",
            "不",
            "也",
            "都",
            "就",
            "还",
            "和",
            "跟",
            "与",
            "把",
            "被",
            "给",
            "对",
            "从",
            "到",
            "去",
            "来",
            "上",
            "下",
            "里",
            "吗",
            "呢",
            "吧",
            "啊",
            "呀",
            "哦",
            "嘛",
            "什么",
            "怎么",
            "怎样",
            "哪",
            "哪里",
            "哪儿",
            "哪个",
            "谁",
            "多少",
            "几",
            "为什么",
            "干嘛",
            "会",
            "要",
            "想",
            "能",
            "可以",
            "说",
            "过",
            "得",
            "地",
            "着",
            "这",
            "那",
            "这个",
            "那个",
            "一个",
            "一",
            "个",
            "次",
            "很",
            "太",
            "最",
            "更",
            "又",
            "再",
            "才",
            "只",
            "让",
            "用",
            "时候",
            "什么时候",
            "之前",
            "以后",
            "后来",
            "曾经",
            "那时",
            "当时",
            "人",
            "事",
            "自己",
            "别人",
            "大家",
            "有人",
            "有没有",
            "是不是",
            "最后",
            "一下",
            "一起",
            "知道",
            "觉得",
            "告诉",
            "提到",
            "讲",
            "叫",
            "多",
            "大",
            "小",
            "好",
            "年",
            "月",
            "日",
            "天",
            "点",
        ]
    ),
}


@dataclass(frozen=True)
class Message:
    """One message of a chat."""

    chat: str
    sender: str
    at: datetime
    text: str


@dataclass(frozen=True)
class Question:
    """What is asked, and where the answer stands: the message's number in its chat."""

    kind: Literal["same", "other"]
    chat: str
    number: int
    text: str


@functools.cache
def chats(language: Language) -> dict[str, list[Message]]:
    """Every chat in its order: chitchat-dataset's conversations, or those of the invented export."""
    return _chitchat() if language == "en" else _xiaoman()


def _chitchat() -> dict[str, list[Message]]:
    import chitchat_dataset

    found: dict[str, list[Message]] = {}
    for key, talk in chitchat_dataset.Dataset().items():
        flat = [message for turn in talk["messages"] for message in turn if message["text"].strip()]
        found[key] = [
            Message(key, m["sender"], datetime.fromisoformat(m["timestamp"].replace("Z", "+00:00")), m["text"])
            for m in flat
        ]
    return {key: talk for key, talk in found.items() if talk}


def _xiaoman() -> dict[str, list[Message]]:
    found: dict[str, list[Message]] = {}
    with EXPORT.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if row["Type"] == "1":
                at = datetime.fromtimestamp(int(row["CreateTime"])).astimezone()
                sender = "我" if row["IsSender"] == "1" else row["Remark"] or row["Sender"]
                found.setdefault(row["TalkerId"], []).append(Message(row["TalkerId"], sender, at, row["StrContent"]))
    return {key: sorted(talk, key=lambda message: message.at) for key, talk in found.items()}


def questions(language: Language) -> list[Question]:
    """The list of a language."""
    rows = (HERE / f"memory_{language}.tsv").read_text("utf-8").splitlines()
    parts = [row.split("\t") for row in rows if row and not row.startswith("#")]
    return [Question("same" if kind == "same" else "other", chat, int(n), text) for kind, chat, n, text in parts]


def content(language: Language, text: str) -> set[str]:
    """The content words of a text: English ones by their stem, Chinese ones and each pair of characters in them."""
    if language == "en":
        import Stemmer

        words = re.findall(r"[a-z0-9]+", text.lower().replace("'", "").replace("’", ""))
        return set(Stemmer.Stemmer("english").stemWords([word for word in words if word not in STOP["en"]]))
    import rjieba

    return {w for w in rjieba.cut_for_search(text) if w.strip() and re.match(r"\w", w) and w not in STOP["zh"]}


def around(question: Question, language: Language) -> str:
    """The answer, and what stands near it."""
    talk = chats(language)[question.chat]
    return "\n".join(m.text for m in talk[max(question.number - NEAR, 0) : question.number + NEAR + 1])


def shared(question: Question, language: Language) -> set[str]:
    """The content words that a question shares with what stands around its answer."""
    return content(language, question.text) & content(language, around(question, language))


if __name__ == "__main__":
    named: Language = "en" if sys.argv[1:] == ["en"] else "zh"
    asked = questions(named)
    for one in asked:
        both = shared(one, named)
        if bool(both) != (one.kind == "same"):
            print(f"{one.kind}: {one.text} {sorted(both)}")
    print(f"{len(asked)} questions, {sum(one.kind == 'other' for one in asked)} of them with other words")
