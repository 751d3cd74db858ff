"""The cutoff_len that the samples of this workspace need, rather than the recipe's own."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from chatstylebot.models import tokenizer
from chatstylebot.training.dataset_files import Dataset
from chatstylebot.workspace import Workspace

COVERED = 0.99  # of the samples fit, as in the report of `csb preprocess`
SAMPLED = 2_000
PER_TURN = 8  # tokens that a chat template puts around a turn, about
LOWEST, HIGHEST, STEP = 256, 4096, 64
HAN = re.compile(r"[\u2e80-\u9fff\u3040-\u30ff\uac00-\ud7af\uff00-\uffef]")


def estimated(said: Sequence[str]) -> list[int]:
    """Tokens of texts, about: one a Chinese character, one for 3 Latin letters, as `csb preprocess` reckons."""
    han = [len(HAN.findall(text)) for text in said]
    return [wide + (len(text) - wide) // 3 for text, wide in zip(said, han, strict=True)]


def suggested(
    report: Mapping[str, Any], workspace: Path, model: Path, datasets: list[Dataset]
) -> tuple[int, str] | None:
    """The cutoff for the samples that `csb preprocess` wrote last and where it comes from; None where they are no part.

    `report`, its account, says which they are; where that stayed on another machine, they are where they usually lie.
    Counted with the model's own tokenizer where it is here, else estimated: on every machine alike.
    """
    output = workspace / str(report["output"]) if "output" in report else Workspace(workspace).samples
    mine = [dataset for dataset in datasets if dataset.path is not None and dataset.path.resolve() == output.resolve()]
    if not mine:
        return None
    path = model / "tokenizer.json"
    count = tokenizer.counter(path) if path.is_file() else None
    found = _covering(_lengths(output, count or estimated, _sample))
    return (found, f"{COVERED:.0%} of your samples fit{'' if count else ', by estimate'}") if found else None


def longer(model: Path, datasets: list[Dataset], now: int) -> tuple[int, str] | None:
    """The cutoff for preference data where `now` is too short: the engine would cut the end of the prompt."""
    path = model / "tokenizer.json"
    count = tokenizer.counter(path) if path.is_file() else None
    if count is None:
        return None
    lengths = [n for dataset in datasets if dataset.path for n in _lengths(dataset.path, count, _preference)]
    found = _covering(lengths)
    return (found, f"{COVERED:.0%} of the answers stand behind their whole prompt") if found and found > now else None


def _covering(lengths: list[int]) -> int | None:
    if not lengths:
        return None
    top = sorted(lengths)[min(int(len(lengths) * COVERED), len(lengths) - 1)]
    return min(max(-(-top // STEP) * STEP, LOWEST), HIGHEST)


def _lengths(path: Path, count: Any, texts: Callable[[Any], list[str]]) -> list[int]:
    """Tokens of some of the samples, spread over the file."""
    try:
        rows = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return []
    found = [texts(row) for row in rows[:: max(1, len(rows) // SAMPLED)]]
    counted = count(["\n".join(turns) for turns in found])
    return [tokens + PER_TURN * len(turns) for tokens, turns in zip(counted, found, strict=True)]


def _sample(row: Any) -> list[str]:
    """What is said in an Alpaca row."""
    past = [text for pair in row.get("history") or [] for text in pair]
    return [row.get("system") or "", *past, row.get("instruction") or "", row.get("output") or ""]


def _preference(row: Any) -> list[str]:
    """What is said in a row as `csb feedback export` writes it, with the longer of two answers."""
    if not isinstance(row, dict):
        return []
    answers = [row[key].get("value", "") for key in ("chosen", "rejected") if isinstance(row.get(key), dict)]
    turns = row.get("conversations") or row.get("messages") or []
    said = [turn.get("value") or turn.get("content") or "" for turn in turns if isinstance(turn, dict)]
    return [str(text) for text in (*said, *sorted(answers, key=len)[-1:])]
