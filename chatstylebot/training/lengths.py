"""How long the samples of a dataset are, in tokens."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chatstylebot.models import tokenizer
from chatstylebot.training import dataset_files
from chatstylebot.training.cutoff import PER_TURN, estimated
from chatstylebot.training.dataset_files import Dataset

ROLES = ("from", "role")


def of(dataset: Dataset, model: Path) -> list[int]:
    """Tokens of some of its samples, spread over it; [] where the engine is to fetch it.

    Counted with the model's own tokenizer where it is here, else estimated.
    """
    if dataset.path is None:
        return []
    path = model / tokenizer.FILE
    count = (tokenizer.counter(path) if path.is_file() else None) or estimated
    found = [list(texts(row)) for row in dataset_files.rows(dataset.path, dataset.samples // dataset_files.ENOUGH)]
    counted = count(["\n".join(row) for row in found])
    return [tokens + PER_TURN * len(row) for tokens, row in zip(counted, found, strict=True)]


def texts(row: Any) -> Iterator[str]:
    """All that is said in a row of any form; of two answers, the longer one."""
    match row:
        case str() if row:
            yield row
        case list():
            for part in row:
                yield from texts(part)
        case dict():
            answers = [list(texts(row[key])) for key in ("chosen", "rejected") if key in row]
            for key, part in row.items():
                if key not in (*ROLES, "chosen", "rejected"):
                    yield from texts(part)
            yield from max(answers, key=lambda answer: sum(map(len, answer)), default=[])
