"""The cutoff_len that the samples of this workspace need, rather than the recipe's own."""

import json
from pathlib import Path
from typing import Any

from chatstylebot.training import tokenizer
from chatstylebot.training.dataset_files import Dataset

COVERED = 0.99  # of the samples fit, as in the report of `csb preprocess`
SAMPLED = 2_000
PER_TURN = 8  # tokens that a chat template puts around a turn, about
LOWEST, HIGHEST, STEP = 256, 4096, 64


def suggested(workspace: Path, model: Path, datasets: list[Dataset]) -> tuple[int, str] | None:
    """The cutoff for the samples that `csb preprocess` wrote last and where it comes from; None where they are no part.

    Counted with the model's own tokenizer where it is here, else as the report estimated it.
    """
    report = _report(workspace)
    output = workspace / str(report.get("output", ""))
    mine = [dataset for dataset in datasets if dataset.path is not None and dataset.path.resolve() == output.resolve()]
    if not mine or not isinstance(report.get("cutoff_len"), int):
        return None
    path = model / "tokenizer.json"
    count = tokenizer.counter(path) if path.is_file() else None
    if count is None:
        return report["cutoff_len"], "estimated by csb preprocess"
    lengths = sorted(_lengths(output, count))
    if not lengths:
        return None
    top = lengths[min(int(len(lengths) * COVERED), len(lengths) - 1)]
    return min(max(-(-top // STEP) * STEP, LOWEST), HIGHEST), f"{COVERED:.0%} of your samples fit"


def _report(workspace: Path) -> dict[str, Any]:
    try:
        found = json.loads((workspace / ".csb" / "report.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _lengths(path: Path, count: Any) -> list[int]:
    """Tokens of some of the samples, spread over the file."""
    try:
        rows = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return []
    rows = rows[:: max(1, len(rows) // SAMPLED)]
    texts, turns = [], []
    for row in rows:
        past = [text for pair in row.get("history") or [] for text in pair]
        texts.append("\n".join([row.get("system") or "", *past, row.get("instruction") or "", row.get("output") or ""]))
        turns.append(len(past) + 3)
    return [tokens + PER_TURN * number for tokens, number in zip(count(texts), turns, strict=True)]
