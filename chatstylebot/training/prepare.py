"""A recipe in, the same recipe fitted to this workspace and this machine out; every change is said."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chatstylebot.errors import UserError, nearest
from chatstylebot.training.plan import Method, Stage

EVAL = ("eval_dataset", "eval_strategy", "eval_steps", "per_device_eval_batch_size", "load_best_model_at_end")
BEST = ("metric_for_best_model", "greater_is_better", "early_stopping_steps")
# a quarter of assistant-like text moves the two-sample test from .49 to .64 (measuring_style.md §2)
IDENTITY_SHARE = 0.05
MAKES = {
    "chat_records": "csb preprocess EXPORT",
    "chat_records_dev": "csb preprocess EXPORT",
    "identity": "csb id-tag --name NAME --author AUTHOR",
    "dpo_records": "collect corrections first; to try it out: csb train dpo dataset=dpo_zh_demo",
    "kto_records": "collect corrections first; to try it out: csb train kto dataset=kto_en_demo",
    "trump": "csb corpus ARCHIVE --output data/trump.json",
    "elon_musk": "csb corpus ARCHIVE --output data/elon_musk.json",
}


@dataclass(frozen=True)
class Prepared:
    """The recipe as it will run, what was changed, what stands in its way, and how many samples it has."""

    values: dict[str, Any]
    notes: list[str] = field(default_factory=list)
    faults: list[UserError] = field(default_factory=list)
    samples: dict[str, int] = field(default_factory=dict)


def stage_of(values: dict[str, Any]) -> Stage:
    """The stage by our name."""
    stage: Stage = values.get("stage", "sft")
    return "pretrain" if str(stage) == "pt" else stage


def method_of(values: dict[str, Any]) -> Method:
    """The method by our name."""
    if values.get("finetuning_type") == "full":
        return "full"
    return "qlora" if values.get("quantization_bit") else "lora"


def fit(values: dict[str, Any], chosen: Iterable[str], workspace: Path, has_gpu: bool, bf16: bool) -> Prepared:
    """Leave out what is not there, and what this machine cannot do; keys in `chosen` are the user's and stay."""
    values, chosen = dict(values), set(chosen)
    notes: list[str] = []
    faults: list[UserError] = []
    samples = _datasets(values, chosen, workspace, notes, faults)
    if values.get("bf16") and "bf16" not in chosen and not bf16:
        values.pop("bf16")
        if has_gpu:
            values["fp16"] = True
            notes.append("this GPU has no bf16: fp16 instead")
        else:
            notes.append("no GPU: training in float32 on the CPU")
    if not has_gpu and values.get("quantization_bit"):
        faults.append(UserError("4-bit training (qlora) needs an NVIDIA GPU", "--method lora --model smollm2"))
    return Prepared(values, notes, faults, samples)


def _datasets(
    values: dict[str, Any], chosen: set[str], workspace: Path, notes: list[str], faults: list[UserError]
) -> dict[str, int]:
    folder = workspace / str(values.get("dataset_dir", "data"))
    known = _known(folder)
    names = [name.strip() for name in str(values.get("dataset", "")).split(",") if name.strip()]
    samples: dict[str, int] = {}
    for name in list(names):
        found = _count(name, known, folder)
        if isinstance(found, int) and found > 0:
            samples[name] = found
        elif name == "identity" and "dataset" not in chosen and len(names) > 1:
            names.remove(name)
            notes.append(f"without identity samples: {MAKES[name]} adds them")
        else:
            faults.append(found if isinstance(found, UserError) else _empty(name))
    values["dataset"] = ",".join(names)
    share = samples.get("identity", 0) / max(sum(samples.values()), 1)
    if share > IDENTITY_SHARE:
        notes.append(
            f"identity samples are {share:.0%} of the data and may colour the style; dataset=chat_records: without"
        )
    wanted = str(values.get("eval_dataset") or "")
    if wanted and "eval_dataset" not in chosen:
        counts = [_count(name.strip(), known, folder) for name in wanted.split(",")]
        if not all(isinstance(count, int) and count > 0 for count in counts):
            for key in (*EVAL, *BEST):
                if key not in chosen:
                    values.pop(key, None)
            values |= {"save_strategy": "epoch"}
            values.pop("save_steps", None)
            notes.append("no dev samples: no evaluation while training, one checkpoint per epoch")
    return samples


def _known(folder: Path) -> dict[str, Any]:
    try:
        told = json.loads((folder / "dataset_info.json").read_text("utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UserError(f"{folder / 'dataset_info.json'} is not valid JSON: {error}", "repair it") from None
    return told if isinstance(told, dict) else {}


def _empty(name: str) -> UserError:
    return UserError(f"the dataset {name} is empty", MAKES.get(name, "add samples to it"))


def _count(name: str, known: dict[str, Any], folder: Path) -> int | UserError:
    if name not in known:
        near = nearest(name, known)
        hint = f" (did you mean {near}?)" if near else ""
        remedy = MAKES.get(name, f"register it in {folder / 'dataset_info.json'}")
        return UserError(f"the dataset {name} is not in {folder / 'dataset_info.json'}{hint}", remedy)
    path = folder / str(known[name].get("file_name", ""))
    if not path.is_file():
        return UserError(f"the dataset {name} has no file {path}", MAKES.get(name, "make it"))
    try:
        return count(path)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        return UserError(f"{path} is not valid JSON: {error}", MAKES.get(name, "repair it"))


def count(path: Path) -> int:
    """How many samples a dataset file holds. Files we wrote have one a line, and are not parsed for it."""
    with path.open("rb") as file:
        if path.suffix == ".jsonl":
            return sum(1 for line in file if line.strip())
        if file.read(3) == b"[\n{":
            return 1 + sum(1 for line in file if line.startswith(b"{"))
    return len(json.loads(path.read_text("utf-8-sig")))
