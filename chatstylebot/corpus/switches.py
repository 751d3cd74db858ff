"""What the user chose about samples, beside the card."""

from dataclasses import dataclass, field
from pathlib import Path

from chatstylebot.corpus.choice import Choice


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
