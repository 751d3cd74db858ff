"""A text as SQLite's full-text index takes it: words between spaces, in languages that have none, too.

Chinese becomes its words (jieba's, longer ones with what is in them) and its characters; Japanese and Korean syllables
become pairs. All else stays as it is: the index's own tokenizer (unicode61) splits it, and `porter` takes English
endings away.
"""

import re
from collections.abc import Callable
from functools import cache

from chatstylebot import files
from chatstylebot.errors import UserError

TOKENIZER = "porter unicode61 remove_diacritics 2"
HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]+")
WORD = re.compile(r"[^\W_]+")
SYLLABLES = re.compile(r"[\u3041-\u30ff\u31f0-\u31ff\uac00-\ud7af]+")


def spaced(text: str) -> str:
    """The text with a space between any two words."""
    if not text.isascii():
        text = HAN.sub(lambda run: f" {' '.join(_han(run[0]))} ", text)
        text = SYLLABLES.sub(lambda run: f" {' '.join(_pairs(run[0]))} ", text)
    return text


def of(text: str) -> list[str]:
    """The different words of a text, in their order."""
    return list(dict.fromkeys(WORD.findall(spaced(text))))


def _han(run: str) -> list[str]:
    # a word of one character is that character, and counts once
    return [*(word for word in _cutter()(run) if len(word) > 1), *run]


@cache
def _cutter() -> Callable[[str], list[str]]:
    """jieba's cut for search engines. Raises UserError where it is not installed."""
    try:
        import rjieba
    except ImportError:
        raise UserError("rjieba, which finds Chinese words, is not installed", files.install("rag")) from None
    cut: Callable[[str], list[str]] = rjieba.cut_for_search
    return cut


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]
