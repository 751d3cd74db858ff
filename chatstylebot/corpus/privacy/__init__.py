"""Private data out of the text: what the rules of `detectors` find, contacts' names, words of the user's own list."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from chatstylebot import looks
from chatstylebot.corpus.clean import REASONS
from chatstylebot.corpus.privacy import suspects
from chatstylebot.corpus.privacy.blocked import block_list, hideable, pattern_of
from chatstylebot.corpus.privacy.detectors import DIGITS, NAMES, SPOKEN, worth
from chatstylebot.corpus.privacy.suspects import DASHES, TRADITIONAL

__all__ = [
    "Finder",
    "block_list",
    "hidden",
    "hideable",
    "names_hidden",
    "plain",
    "preview",
    "redact",
    "redacted_share",
]
# fullwidth digits, letters and at-signs are found as well, and dashes of all lengths; one character for one, so that
# places stay
ASCII = {code: code - 0xFEE0 for code in map(ord, "＠＋．＿＃＝")} | {
    code: code - 0xFEE0 for first, last in ("０９", "ＡＺ", "ａｚ") for code in range(ord(first), ord(last) + 1)
}
ASCII |= dict.fromkeys(map(ord, DASHES), ord("-"))
WIDE = re.compile(f"[０-９Ａ-Ｚａ-ｚ＠＋．＿＃＝{DASHES}]")
# the rules are written in simplified characters; what is found is cut from the text as it stands
SIMPLE = str.maketrans(*TRADITIONAL)
COMPLEX = re.compile(f"[{TRADITIONAL[0]}]")
NUMBERS = ("phone", "id_card", "bank_card", "ssn", "qq")
PLACEHOLDER = re.compile(
    r"\[(?:" + "|".join(re.escape(name) for names in NAMES.values() for name in names.values()) + r")_?\d+\]"
)
# without one of these no rule holds
REST = re.compile(rf"[0-9A-Za-z０-９{SPOKEN}路街道巷弄同里村]")
BETWEEN = re.compile(rf"[^\dXx+{SPOKEN}]")
COUNTRY = re.compile(r"^(\+?86|0086)(?=1[3-9]\d{9}$)")
Span = tuple[int, int, str]  # from, to, type


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
        self._names = pattern_of(self.names)

    def replace(self, text: str) -> str:
        """The text with every private value replaced, for example by [电话1]; done again, nothing changes."""
        # what goes can bare what it hid: a digit too many beside a number is none beside a placeholder
        while (shorter := self.once(text)) != text:
            text = shorter
        return text

    def once(self, text: str) -> str:
        """The text with what is seen at once replaced."""
        pieces: list[str] = []
        end = 0
        for start, stop, kind in _apart(flat := narrowed(text), self.spans(flat, text)):
            pieces += [text[end:start], self._placeholder(kind, flat[start:stop])]
            end = stop
        return "".join(pieces) + text[end:] if pieces else text

    def spans(self, flat: str, text: str = "") -> Iterator[Span]:
        """All that the rules find, whether or not it overlaps."""
        simple = flat.translate(SIMPLE) if COMPLEX.search(flat) else flat
        for rule in worth(simple.lower()) if REST.search(simple) else ():
            # most rules find nothing, which a search says sooner than an iterator
            for found in rule.pattern.finditer(simple) if rule.search(simple) else ():
                start, stop = found.span(rule.pattern.groups)  # the one group, or all of it
                if rule.takes(simple, start, stop):
                    yield start, stop, rule.kind
        more = [("blocked", pattern) for pattern in self.block] + ([("name", self._names)] if self._names else [])
        for kind, pattern in more:
            for said in (flat, text) if text != flat else (flat,):  # a name may hold fullwidth letters itself
                for found in pattern.finditer(said):
                    if found[0]:
                        yield *found.span(), kind

    def _placeholder(self, kind: str, value: str) -> str:
        key = (kind, plain(kind, value))
        if key not in self.known:
            self.kinds[kind] = self.kinds.get(kind, 0) + 1
            self.known[key] = self.kinds[kind]
        number = self.known[key]
        self.counts[kind] = self.counts.get(kind, 0) + 1
        return f"[{NAMES[self.language][kind]}{'_' * (self.language == 'en')}{number}]"


def narrowed(text: str) -> str:
    return text.translate(ASCII) if WIDE.search(text) else text


def _apart(flat: str, spans: Iterable[Span]) -> list[Span]:
    """Those that do not overlap, in order: the longest of two that do, and of two as long the one of the earlier rule.

    None of them reaches into a placeholder: those of an earlier run are no private values.
    """
    longest = sorted(spans, key=lambda span: span[0] - span[1])
    if not longest:
        return []
    taken = bytearray(len(flat))
    for found in PLACEHOLDER.finditer(flat):
        taken[found.start() : found.end()] = b"x" * (found.end() - found.start())
    kept = []
    for start, stop, kind in longest:
        if not any(taken[start:stop]):
            taken[start:stop] = b"x" * (stop - start)
            kept.append((start, stop, kind))
    return sorted(kept)


def plain(kind: str, value: str) -> str:
    """One spelling per value: no spaces, dashes or country code, lower case."""
    if kind not in NUMBERS:
        return value if kind in ("password", "key", "blocked") else value.strip().lower()
    bare = BETWEEN.sub("", value).lower().translate(DIGITS)
    return COUNTRY.sub("", bare) if kind == "phone" else bare


def _suspects(texts: pl.Series, finder: Finder) -> pl.Series:
    """The places of the texts that are worth the slow look."""
    places = suspects.places(texts)
    if not (finder.names or finder.block):
        return places
    seen = pl.Series([False]).new_from_index(0, len(texts)).scatter(places, True)
    if names := [name.strip() for name in finder.names if hideable(name)]:
        seen |= texts.str.contains_any(names, ascii_case_insensitive=True)
    if finder.block:  # the user's expressions are Python's; Rust reads some of them otherwise
        both = ({text or "", narrowed(text or "")} for text in texts)
        seen |= pl.Series([any(pattern.search(text) for pattern in finder.block for text in said) for said in both])
    return seen.fill_null(False).arg_true()


def _replaced(texts: pl.Series, finder: Finder) -> tuple[pl.Series, pl.Series]:
    """The places of the texts that hold something private, and these texts without it."""
    if texts.null_count() == len(texts):
        return pl.Series([], dtype=pl.UInt32), texts.clear()
    places = _suspects(texts, finder)
    before = texts.gather(places)
    after = before.to_list()
    looked = list(range(len(after)))
    while looked:
        changed = []
        for n in looked:
            shorter = finder.once(after[n])
            if shorter != after[n]:
                after[n] = shorter
                changed.append(n)
        # the quick look says in a tenth of the time that nothing more is in them
        more = _suspects(pl.Series([after[n] for n in changed], dtype=pl.String), finder)
        looked = [changed[n] for n in more]
    done = pl.Series(texts.name, after, pl.String)
    hit = done != before
    return places.filter(hit), done.filter(hit)


def redact(
    messages: pl.DataFrame,
    mode: str,
    finder: Finder,
    alias: Callable[[str], str],
) -> pl.DataFrame:
    """Messages whose text, quotes and names hold no private value any more; the finder knows what was there.

    `mode` is redact (typed placeholders), drop (the message is marked `private`) or off. An id that is a private
    value becomes its `alias`, the same in every run.
    """
    if mode == "off":
        return messages
    for column in ("text", "quoted"):
        places, after = _replaced(messages[column], finder)
        if len(places) == 0:
            continue
        messages = messages.with_columns(messages[column].scatter(places, after))
        if mode == "drop":
            reasons = messages["dropped"].scatter(places, pl.Series(["private"] * len(places), dtype=REASONS))
            messages = messages.with_columns(reasons)
    columns = ("sender_name", "chat_name", "chat_id", "sender_id")
    known = looks.distinct(messages, *columns).select(
        pl.col(name).unique().drop_nulls().sort().implode() for name in columns
    )
    for column in columns[:2]:  # an unsaved contact is often called by its number
        shown = {name: new for name in known[column].explode() if (new := finder.replace(name)) != name}
        if shown:
            messages = messages.with_columns(pl.col(column).replace(shown))
    probe = Finder(finder.language, finder.names, finder.block)  # an id counts as its name does, once
    for column in columns[2:]:
        private = [value for value in known[column].explode() if probe.replace(value) != value]
        if private:
            messages = messages.with_columns(pl.col(column).replace(private, [alias(value) for value in private]))
    return messages


def preview(messages: pl.DataFrame, block: Sequence[re.Pattern[str]] = ()) -> dict[str, int]:
    """How many private values of each type stand in texts and quotes; no value is told."""
    finder = Finder("en", block=block)
    for column in ("text", "quoted"):
        _replaced(messages[column], finder)
    return dict(sorted(finder.counts.items()))


def redacted_share(texts: pl.Series) -> float:
    """The share of the texts that hold a placeholder."""
    marked = texts.gather(looks.places(texts, r"\["))
    return int(marked.str.contains(PLACEHOLDER.pattern).sum()) / len(texts) if len(texts) else 0.0


def names_hidden(names: Sequence[str], mode: str, language: str, people: Sequence[str] = ()) -> dict[str, str]:
    """File names that hold a private value (an export is often called by its chat), and what stands for them."""
    probe = Finder(language, people)
    return {} if mode == "off" else {name: shown for name in names if (shown := probe.replace(name)) != name}


def hidden(line: str, names: Mapping[str, str]) -> str:
    """A line about a file, with the names that must not stand in it replaced."""
    for name, shown in names.items():
        line = line.replace(name, shown)
    return line
