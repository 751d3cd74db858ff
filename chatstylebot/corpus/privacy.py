"""Private data out of the text: what the rules of `detectors` find, contacts' names, words of the user's own list."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from chatstylebot.corpus.clean import REASONS
from chatstylebot.corpus.detectors import NAMES, RULES, SUSPECT
from chatstylebot.errors import UserError

# fullwidth digits and at-signs are found as well; one character for one, so that places stay
ASCII = str.maketrans("０１２３４５６７８９＠＋．－", "0123456789@+.-")
WIDE = re.compile("[０-９＠＋．－]")
SPOKEN = str.maketrans("零〇一幺二两三四五六七八九", "0011223456789")
# short forms of address are words, not names
COMMON = frozenset(
    [
        "妈妈",
        "爸爸",
        "老公",
        "老婆",
        "宝贝",
        "老师",
        "老板",
        "哥哥",
        "姐姐",
        "弟弟",
        "妹妹",
        "爷爷",
        "奶奶",
        "朋友",
        "同学",
        "me",
        "mum",
        "mom",
        "dad",
        "我",
    ]
)


PLACEHOLDER = re.compile(
    r"\[(?:" + "|".join(re.escape(name) for names in NAMES.values() for name in names.values()) + r")_?\d+\]"
)


def _flat(text: str) -> str:
    """The text as the rules read it, character for character: ASCII digits, and placeholders without their words.

    Line ends stand in a placeholder, which no rule crosses: what an earlier rule or run has put there is no context.
    """
    if WIDE.search(text):
        text = text.translate(ASCII)
    return PLACEHOLDER.sub(lambda found: f"[{chr(10) * (len(found[0]) - 2)}]", text) if "[" in text else text


@dataclass
class Finder:
    """Finds private values and gives each its placeholder: one number per value and type within a run."""

    language: str
    names: Sequence[str] = ()
    block: Sequence[re.Pattern[str]] = ()
    known: dict[tuple[str, str], int] = field(default_factory=dict)  # (type, value) → its number
    kinds: dict[str, int] = field(default_factory=dict)  # type → how many values
    counts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        wanted = sorted((n for n in set(self.names) if hideable(n)), key=lambda name: (-len(name), name))
        self._names = re.compile("|".join(map(_bordered, wanted))) if wanted else None

    def replace(self, text: str) -> str:
        """The text with every private value replaced, for example by [电话1]."""
        flat = _flat(text)
        for kind, signs, pattern, holds in RULES:
            if not signs or any(sign in flat for sign in signs):
                text, flat = self._each(text, flat, kind, pattern, holds)
        for pattern in self.block:
            text, flat = self._each(text, flat, "blocked", pattern, bool)
        if self._names:
            text, flat = self._each(text, flat, "name", self._names, bool)
        return text

    def _each(
        self, text: str, flat: str, kind: str, pattern: re.Pattern[str], holds: Callable[[str], bool]
    ) -> tuple[str, str]:
        """The text (and its flat form) with the matches of one rule replaced."""
        pieces: list[str] = []
        end = 0
        for found in pattern.finditer(flat):
            group = 1 if pattern.groups and kind != "blocked" and found[1] is not None else 0
            start, stop = found.span(group)
            if start < end or start == stop or not holds(found[group]):
                continue
            pieces += [text[end:start], self._placeholder(kind, found[group])]
            end = stop
        if not end:
            return text, flat
        text = "".join(pieces) + text[end:]
        return text, _flat(text)

    def _placeholder(self, kind: str, value: str) -> str:
        key = (kind, plain(kind, value))
        if key not in self.known:
            self.kinds[kind] = self.kinds.get(kind, 0) + 1
            self.known[key] = self.kinds[kind]
        number = self.known[key]
        self.counts[kind] = self.counts.get(kind, 0) + 1
        return f"[{NAMES[self.language][kind]}{'_' * (self.language == 'en')}{number}]"


def _bordered(name: str) -> str:
    """A name as a pattern: Latin letters need a border, 汉字 have none."""
    left = r"(?<![A-Za-z])" if name[0].isascii() else ""
    right = r"(?![A-Za-z])" if name[-1].isascii() else ""
    return left + re.escape(name) + right


def hideable(name: str) -> bool:
    """Whether a contact's name can be hidden without hiding ordinary words: two characters or more, and no 妈妈."""
    bare = name.strip()
    return len(bare) >= (2 if not bare.isascii() else 3) and bare.lower() not in COMMON and not bare.isdigit()


def plain(kind: str, value: str) -> str:
    """One spelling per value: no spaces, dashes or country code, lower case."""
    if kind not in ("phone", "id_card", "bank_card", "ssn", "qq"):
        return value.strip().lower() if kind not in ("password", "blocked") else value
    bare = re.sub(r"[^\dXx+零〇一幺二两三四五六七八九]", "", value).lower()
    bare = bare.translate(SPOKEN)
    return re.sub(r"^(\+?86)(?=1[3-9]\d{9}$)", "", bare) if kind == "phone" else bare


def block_list(path: Path) -> list[re.Pattern[str]]:
    """The patterns of the user's own list: a word a line, `re:` before a regular expression, # before a comment.

    Words match whatever their case. Raises UserError with the number of the line for what is no expression.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}", "give a text file (UTF-8) with a word a line") from None
    found = []
    for number, line in enumerate(lines, 1):
        word = line.strip()
        if not word or word.startswith("#"):
            continue
        try:
            pattern = re.compile(word[3:].strip() if word.startswith("re:") else re.escape(word), re.IGNORECASE)
        except re.error as error:
            raise UserError(f"{path} line {number} is no regular expression: {error}", "correct the line") from None
        if pattern.match(""):
            raise UserError(f"{path} line {number} matches everything", "correct the line")
        found.append(pattern)
    return found


def suspects(texts: pl.Series, finder: Finder) -> pl.Series:
    """The places of the texts that are worth the slow look."""
    if finder.block or finder._names:
        return texts.is_not_null().arg_true()
    return texts.str.contains(SUSPECT).fill_null(False).arg_true()


def redact(
    messages: pl.DataFrame,
    mode: str,
    language: str,
    alias: Callable[[str], str],
    names: Sequence[str] = (),
    block: Sequence[re.Pattern[str]] = (),
) -> tuple[pl.DataFrame, Finder]:
    """Messages whose text, quotes and names hold no private value any more, and the finder that knows what was there.

    `mode` is redact (typed placeholders), drop (the message is marked `private`) or off. An id that is a private
    value becomes its `alias`, the same in every run. `names` are hidden where they stand, `block` is the user's list.
    """
    finder = Finder(language, names, block)
    if mode == "off":
        return messages, finder
    for column in ("text", "quoted"):
        places, after = _replaced(messages[column], finder)
        if len(places) == 0:
            continue
        messages = messages.with_columns(messages[column].scatter(places, after))
        if mode == "drop":
            reasons = messages["dropped"].scatter(places, pl.Series(["private"] * len(places), dtype=REASONS))
            messages = messages.with_columns(reasons)
    for column in ("sender_name", "chat_name"):  # an unsaved contact is often called by its number
        messages = _renamed(messages, column, finder)
    probe = Finder(language)  # an id counts as its name does, once
    for column in ("chat_id", "sender_id"):
        ids = messages.select(pl.col(column).unique()).filter(_private(column))[column]
        private = [value for value in ids if probe.replace(value) != value or (names and value in names)]
        if private:
            messages = messages.with_columns(pl.col(column).replace(private, [alias(value) for value in private]))
    return messages, finder


def _private(column: str) -> pl.Expr:
    # where names are hidden, an id that is a name is as well
    return pl.col(column).is_not_null()


def _renamed(messages: pl.DataFrame, column: str, finder: Finder) -> pl.DataFrame:
    names = messages.select(pl.col(column).unique()).filter(_private(column))[column].sort()
    replaced = {name: shown for name in names if (shown := finder.replace(name)) != name}
    return messages.with_columns(pl.col(column).replace(replaced)) if replaced else messages


def _replaced(texts: pl.Series, finder: Finder) -> tuple[pl.Series, pl.Series]:
    """The places of the texts that hold something private, and these texts without it."""
    places = suspects(texts, finder)
    before = texts.gather(places)
    after = pl.Series(texts.name, [finder.replace(text) for text in before], pl.String)
    hit = after != before
    return places.filter(hit), after.filter(hit)


def preview(messages: pl.DataFrame, block: Sequence[re.Pattern[str]] = ()) -> dict[str, int]:
    """How many private values of each type stand in the texts and quotes; the messages stay as they are."""
    finder = Finder("en", block=block)
    for column in ("text", "quoted"):
        _replaced(messages[column], finder)
    return dict(sorted(finder.counts.items()))


def names_hidden(names: Sequence[str], mode: str, language: str) -> dict[str, str]:
    """File names that hold a private value (an export is often called by its chat), and what stands for them."""
    probe = Finder(language)
    return {} if mode == "off" else {name: shown for name in names if (shown := probe.replace(name)) != name}


def hidden(line: str, names: Mapping[str, str]) -> str:
    """A line about a file, with the names that must not stand in it replaced."""
    for name, shown in names.items():
        line = line.replace(name, shown)
    return line


def redacted_share(texts: pl.Series) -> float:
    """The share of the texts that hold a placeholder."""
    marked = texts.filter(texts.str.contains("[", literal=True).fill_null(False))
    return int(marked.str.contains(PLACEHOLDER.pattern).sum()) / len(texts) if len(texts) else 0.0
