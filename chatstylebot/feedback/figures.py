"""What recorded feedback amounts to: counts, balance, and whether it is enough to train on. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from chatstylebot.feedback.pairs import Resolved
from chatstylebot.feedback.records import Record

STEP = 8  # rows that one step of the DPO and KTO recipes learns from
TRY, GOOD = 50, 500  # rules of thumb: more than 500 pairs were needed to match 4 own texts (DITTO, arXiv 2406.00888)
EVEN = 4 / 3  # KTO: weight times count of the desirable is 1 to 4/3 of that of the undesirable (arXiv 2402.01306)


@dataclass
class Tally:
    """Counts of records, taken while they pass."""

    verdicts: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    days: Counter[str] = field(default_factory=Counter)

    def of(self, records: Iterable[Record]) -> Iterable[Record]:
        """The same records, counted."""
        for record in records:
            self.verdicts[record.verdict] += 1
            self.sources[record.source] += 1
            self.models[f"{record.model} {record.adapter[:12] if record.adapter else '(adapter unknown)'}"] += 1
            self.days[record.at.date().isoformat()] += 1
            yield record


def amount(resolved: Resolved) -> dict[str, Any]:
    """How many rows there are for DPO and KTO, how they are divided, and what was left out."""
    good = sum(label.good for label in resolved.labels)
    bad = len(resolved.labels) - good
    edits, plays = sum(pair.edit for pair in resolved.pairs), sum(pair.play for pair in resolved.pairs)
    picks = len(resolved.pairs) - edits - plays
    return {
        "dpo": {"pairs": len(resolved.pairs), "picks": picks, "edits": edits, "self_play": plays},
        "kto": {"labels": good + bad, "desirable": good, "undesirable": bad, "weights": weights(good, bad)},
        "left_out": dict(resolved.dropped),
    }


def weights(good: int, bad: int) -> dict[str, float]:
    """The engine's weights that even out thumbs up and down; {} where they are even, or all of one kind."""
    if not good or not bad or 1 <= good / bad <= EVEN:
        return {}
    if good < bad:
        return {"kto_chosen_weight": round(bad / good, 2)}
    return {"kto_rejected_weight": round(good / bad, 2)}


def enough(number: int) -> str:
    """A plain word on a number of rows."""
    if number == 0:
        return "none yet"
    if number < STEP:
        return f"too few: {STEP} make one step of training"
    if number < TRY:
        return "enough to see that it works, too few to expect a change"
    return "enough for a first try" if number < GOOD else "plenty"


def advice(found: dict[str, Any]) -> list[str]:
    """What to do with it, one line each."""
    kto, pairs = found["kto"], found["dpo"]["pairs"]
    word = enough(kto["labels"])
    if kto["labels"] and not (kto["desirable"] and kto["undesirable"]):
        kind, other = ("good", "bad") if kto["desirable"] else ("bad", "good")
        word = f"all of them {kind}: KTO learns from the difference, so mark {other} answers, too"
    told = [
        f"csb train dpo: {pairs:,} pairs, {enough(pairs)}",
        f"csb train kto: {kto['labels']:,} labels, {word}",
    ]
    if kto["weights"]:
        words = " ".join(f"{key}={value:g}" for key, value in kto["weights"].items())
        told.append(f"the labels are uneven: csb train kto {words} evens them out")
    return told
