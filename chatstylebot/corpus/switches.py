"""What the user chose about samples, beside the card."""

from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from chatstylebot import looks
from chatstylebot.corpus.choice import Choice
from chatstylebot.corpus.foreign import Bots
from chatstylebot.corpus.recall import Recall


@dataclass(frozen=True)
class Switches:
    """The options of `csb preprocess` that belong to one run."""

    heldout: float = 0.1
    groups: bool = True
    drop_pasted: bool = True
    cap_repeats: bool = True
    max_share: float = 0.4
    gap_auto: bool = False
    person: str | None = None
    choice: Choice = field(default_factory=Choice)
    block: Path | None = None
    # control tokens (a pattern), what keeps them from being ones, and what one begins with (another pattern)
    special: tuple[str, str, str] | None = None
    bots: Bots | None = None  # what a bot has said from the person's account
    recall: Recall | None = None  # what puts earlier talk into samples

    def broken(self, texts: pl.Series) -> pl.Series:
        """The texts with every control token in them broken."""
        if self.special is None:
            return texts
        pattern, whole, signs = self.special
        places = looks.places(texts, signs)  # a sixth of the time of a look for the pattern
        places = places.filter(texts.gather(places).str.contains(pattern))
        return texts.scatter(places, texts.gather(places).str.replace_all(pattern, whole)) if len(places) else texts
