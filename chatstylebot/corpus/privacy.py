"""Private data out of the text: phone, ID card, bank card and e-mail, also where they touch a Chinese character."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from chatstylebot.corpus.clean import REASONS

NAMES = {
    "zh": {"id_card": "身份证", "bank_card": "银行卡", "phone": "电话", "email": "邮箱"},
    "en": {"id_card": "ID", "bank_card": "CARD", "phone": "PHONE", "email": "EMAIL"},
}
# What must stand in a text before the slow look at it is worth it: 11 digits, an at-sign between two words, a plus
# before 8 digits, or 3-3-4 digits. No looser, for talk is full of 520, 2333, +1 and @somebody: a third of the texts
# that had 7 digits. Between digits people put spaces, dashes, dots, and apps put characters that nobody sees.
SUSPECT = "|".join(
    [
        r"(?:[0-9０-９][ \-－.．\u200b\u2060\u00a0]?){11}",
        r"[0-9]{3}[)\-. ]{1,2}[0-9]{3}[\-. ][0-9]{4}",
        r"[A-Za-z0-9０-９._%+\-．＋－][@＠][A-Za-z0-9０-９\-－]",
        r"[+＋][0-9０-９](?:[ ()\-－]{0,2}[0-9０-９]){7}",
    ]
)
# fullwidth digits and at-signs are found as well; one character for one, so that places stay
ASCII = str.maketrans("０１２３４５６７８９＠＋．－", "0123456789@+.-")
WIDE = re.compile("[０-９＠＋．－]")


def is_id_card(value: str) -> bool:
    """Whether the last of 18 characters is the check digit of the others (GB 11643-1999, ISO 7064 MOD 11-2)."""
    weighted = sum(int(digit) * 2 ** (17 - place) for place, digit in enumerate(value[:17]))
    return "10X98765432"[weighted % 11] == value[17].upper()


def is_bank_card(value: str) -> bool:
    """Whether 13 to 19 digits pass the Luhn check (ISO/IEC 7812-1)."""
    digits = [int(digit) for digit in value if digit.isdigit()]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return 13 <= len(digits) <= 19 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _always(value: str) -> bool:
    return True


def _flat(text: str) -> str:
    return text.translate(ASCII) if WIDE.search(text) else text


# never \b: Python counts 汉字 as \w (PRI-1)
DETECTORS: list[tuple[str, str, re.Pattern[str], Callable[[str], bool]]] = [  # type, a sign of it, how it looks, proof
    (
        "email",
        "@",
        re.compile(r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}"),
        _always,
    ),
    (
        "id_card",
        "",
        re.compile(r"(?<!\d)[1-9]\d{5}(?:19|20)\d\d(?:0[1-9]|1[0-2])\d{5}[\dXx](?![\dA-Za-z])"),
        is_id_card,
    ),
    (
        "phone",
        "",
        re.compile(r"(?<![\d+])(?:\+?86[ -]?)?1[3-9]\d(?:[ .\u200b\u2060\u00a0-]?\d{4}){2}(?!\d)"),
        _always,
    ),
    ("bank_card", "", re.compile(r"(?<!\d)[3-69]\d{3}(?:[ -]?\d){9,15}(?!\d)"), is_bank_card),
    ("phone", "+", re.compile(r"(?<!\d)\+\d{1,3}(?:[ ()-]{0,2}\d){7,13}(?!\d)"), _always),
    # North America, as it is written there; ten digits in a row would be anything
    ("phone", "", re.compile(r"(?<!\d)(?:\([2-9]\d\d\) ?|[2-9]\d\d[-. ])\d{3}[-. ]\d{4}(?!\d)"), _always),
]


@dataclass
class Finder:
    """Finds private values and gives each its placeholder: one number per value and type within a run."""

    language: str
    known: dict[tuple[str, str], int] = field(default_factory=dict)  # (type, value) → its number
    kinds: dict[str, int] = field(default_factory=dict)  # type → how many values
    counts: dict[str, int] = field(default_factory=dict)

    def replace(self, text: str) -> str:
        """The text with every private value replaced, for example by [电话1]."""
        flat = _flat(text)
        for kind, sign, pattern, holds in DETECTORS:
            if sign not in flat:
                continue
            pieces: list[str] = []
            end = 0
            for found in pattern.finditer(flat):
                if holds(found[0]):
                    pieces += [text[end : found.start()], self._placeholder(kind, found[0])]
                    end = found.end()
            if end:
                text = "".join(pieces) + text[end:]
                flat = _flat(text)
        return text

    def _placeholder(self, kind: str, value: str) -> str:
        key = (kind, plain(kind, value))
        if key not in self.known:
            self.kinds[kind] = self.kinds.get(kind, 0) + 1
            self.known[key] = self.kinds[kind]
        number = self.known[key]
        self.counts[kind] = self.counts.get(kind, 0) + 1
        return f"[{NAMES[self.language][kind]}{'_' * (self.language == 'en')}{number}]"


def plain(kind: str, value: str) -> str:
    """One spelling per value: no spaces, dashes or country code, lower case."""
    bare = (value if kind == "email" else re.sub(r"[^\dXx+]", "", value)).lower()
    return re.sub(r"^(\+?86)(?=1[3-9]\d{9}$)", "", bare) if kind == "phone" else bare


def redact(
    messages: pl.DataFrame, mode: str, language: str, alias: Callable[[str], str]
) -> tuple[pl.DataFrame, Finder]:
    """Messages whose text, quotes and names hold no private value any more, and the finder that knows what was there.

    `mode` is redact (typed placeholders), drop (the message is marked `private`) or off. An id that is a private
    value becomes its `alias`, the same in every run.
    """
    finder = Finder(language)
    if mode == "off":
        return messages, finder
    for column in ("text", "quoted"):
        suspects = messages[column].str.contains(SUSPECT).fill_null(False).arg_true()
        before = messages[column].gather(suspects)
        after = pl.Series(column, [finder.replace(text) for text in before], pl.String)
        hit = after != before
        places = suspects.filter(hit)
        if len(places) == 0:
            continue
        messages = messages.with_columns(messages[column].scatter(places, after.filter(hit)))
        if mode == "drop":
            reasons = messages["dropped"].scatter(places, pl.Series(["private"] * len(places), dtype=REASONS))
            messages = messages.with_columns(reasons)
    for column in ("sender_name", "chat_name"):  # an unsaved contact is often called by its number
        names = messages.select(pl.col(column).unique()).filter(pl.col(column).str.contains(SUSPECT))[column]
        if len(names):
            replaced = [finder.replace(name) for name in names]
            messages = messages.with_columns(pl.col(column).replace(names.to_list(), replaced))
    probe = Finder(language)  # an id counts as its name does, once
    for column in ("chat_id", "sender_id"):
        ids = messages.select(pl.col(column).unique()).filter(pl.col(column).str.contains(SUSPECT))[column]
        private = [value for value in ids if probe.replace(value) != value]
        if private:
            messages = messages.with_columns(pl.col(column).replace(private, [alias(value) for value in private]))
    return messages, finder


def names_hidden(names: Sequence[str], mode: str, language: str) -> dict[str, str]:
    """File names that hold a private value (an export is often called by its chat), and what stands for them."""
    probe = Finder(language)
    return {} if mode == "off" else {name: shown for name in names if (shown := probe.replace(name)) != name}


def hidden(line: str, names: Mapping[str, str]) -> str:
    """A line about a file, with the names that must not stand in it replaced."""
    for name, shown in names.items():
        line = line.replace(name, shown)
    return line
