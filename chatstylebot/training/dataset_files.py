"""The datasets of a run as files: which is where, how many samples it holds, and with what system prompt."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from chatstylebot.errors import UserError, nearest

MAKES = {
    "chat_records": "csb preprocess EXPORT",
    "chat_records_dev": "csb preprocess EXPORT",
    "identity": "csb id-tag --name NAME --author AUTHOR",
    "dpo_records": "csb feedback export, once there are votes; to try it (Chinese): csb train dpo dataset=dpo_zh_demo",
    "kto_records": "csb feedback export, once there are votes; to try it out: csb train kto dataset=kto_en_demo",
    "trump": "csb corpus ARCHIVE --output data/trump.json",
    "elon_musk": "csb corpus ARCHIVE --output data/elon_musk.json",
}
# with one of these the engine does not look at file_name
HUBS = ("hf_hub_url", "ms_hub_url", "om_hub_url", "script_url", "cloud_file_name")
ENOUGH = 2000  # rows from which the system prompts of a dataset are known


@dataclass(frozen=True, slots=True)
class Dataset:
    """One dataset that can be trained on; one without a file is the engine's to fetch and to count."""

    name: str
    entry: Mapping[str, Any]
    path: Path | None
    samples: int


def names(value: object) -> list[str]:
    """The names in `dataset: a,b`."""
    return [name.strip() for name in str(value or "").split(",") if name.strip()]


def told(folder: Path) -> dict[str, Any]:
    """What dataset_info.json says, {} where there is none. Raises UserError."""
    try:
        found = json.loads((folder / "dataset_info.json").read_text("utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UserError(f"{folder / 'dataset_info.json'} is not valid JSON: {error}", "repair it") from None
    return found if isinstance(found, dict) else {}


def find(name: str, known: Mapping[str, Any], folder: Path) -> Dataset | UserError:
    """The dataset of that name, or why it cannot be trained on."""
    info = folder / "dataset_info.json"
    if name not in known:
        near = nearest(name, known)
        hint = f" (did you mean {near}?)" if near else ""
        return UserError(f"the dataset {name} is not in {info}{hint}", MAKES.get(name, f"register it in {info}"))
    entry = known[name]
    if not isinstance(entry, dict):
        remedy = MAKES.get(name, f'write "{name}": {{"file_name": "{name}.json"}} there')
        return UserError(f"{info} says nothing usable about {name}: {json.dumps(entry)[:60]}", remedy)
    if any(entry.get(key) for key in HUBS):
        return Dataset(name, entry, None, 0)
    path = folder / str(entry.get("file_name") or f"{name}.json")
    if path.exists() and path.suffix not in (".json", ".jsonl"):  # a table, or a folder of files
        return Dataset(name, entry, None, 0)
    if not path.is_file():
        return UserError(f"the dataset {name} has no file {path}", MAKES.get(name, "make it"))
    try:
        samples = count(path)
    except ValueError as error:  # not UTF-8, not JSON, or no list
        return UserError(f"{path} is not valid JSON: {error}", MAKES.get(name, "repair it"))
    if not samples:
        return UserError(f"the dataset {name} is empty", MAKES.get(name, "add samples to it"))
    return Dataset(name, entry, path, samples)


def count(path: Path) -> int:
    """How many samples a dataset file holds. Files we wrote have one a line, and are not parsed for it."""
    with path.open("rb") as file:
        if path.suffix == ".jsonl":
            return sum(1 for line in file if line.strip())
        if file.read(3) == b"[\n{":
            return 1 + sum(1 for line in file if line.startswith(b"{"))
    return len(_whole(path))


def system(dataset: Dataset) -> set[str]:
    """The system prompts in the samples, as the engine reads them."""
    if dataset.path is None:
        return set()
    columns = dataset.entry.get("columns") or {}
    tags = dataset.entry.get("tags") or {}
    found = set()
    for row in (row for row in rows(dataset.path) if isinstance(row, dict)):
        text = row.get(columns.get("system"))
        if text is None and dataset.entry.get("formatting") == "sharegpt":
            [first, *_] = row.get(columns.get("messages", "conversations")) or [{}]
            if isinstance(first, dict) and first.get(tags.get("role_tag", "from")) == tags.get("system_tag", "system"):
                text = first.get(tags.get("content_tag", "value"))
        if isinstance(text, str) and text:
            found.add(text)
    return found


def neutral(report: Mapping[str, Any], workspace: Path, datasets: list[Dataset]) -> str | None:
    """The neutral prompt that `csb preprocess` wrote into one of these datasets; None: none of them is its work."""
    if not isinstance(report.get("output"), str):
        return None
    output, prompt = (workspace / report["output"]).resolve(), report.get("system")
    ours = any(dataset.path is not None and dataset.path.resolve() == output for dataset in datasets)
    return prompt if ours and isinstance(prompt, str) else None


def rows(path: Path, step: int = 1) -> list[Any]:
    """The first rows of a file, or as many of which each is `step` behind the one before."""
    step = max(step, 1)
    with path.open("rb") as file:
        head = file.read(3)
        file.seek(0)
        try:
            if path.suffix == ".jsonl" or head == b"[\n{":  # one a line
                lines = (line.strip().rstrip(b",") for line in file)
                whole = (line for line in lines if line[:1] == b"{")
                return [json.loads(line) for line in islice(whole, 0, ENOUGH * step, step)]
        except ValueError:
            pass
    return _whole(path)[: ENOUGH * step : step]


def _whole(path: Path) -> list[Any]:
    value = json.loads(path.read_text("utf-8-sig"))
    if not isinstance(value, list):
        raise ValueError("it holds no list of samples")
    return value
