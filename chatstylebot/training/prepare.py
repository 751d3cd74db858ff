"""A recipe in, the same recipe fitted to this workspace and this machine out; every change is said."""

import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from chatstylebot import files
from chatstylebot.errors import UserError
from chatstylebot.training import dataset_files
from chatstylebot.training.dataset_files import Dataset
from chatstylebot.training.plan import Method, Stage

EVAL = ("eval_dataset", "eval_strategy", "eval_steps", "per_device_eval_batch_size", "load_best_model_at_end")
BEST = ("metric_for_best_model", "greater_is_better", "early_stopping_steps")
# a quarter of assistant-like text moves the two-sample test from .49 to .64 (measuring_style.md §2)
IDENTITY_SHARE = 0.05
# an override of one of these trains something else into the recipe's folder
KIND = {"stage": "sft", "finetuning_type": "lora", "quantization_bit": None}


class Missing(UserError):
    """What only this machine lacks: no matter for a run elsewhere."""


@dataclass(frozen=True)
class Prepared:
    """The recipe as it will run, what was changed, what stands in its way, and what it learns from."""

    values: dict[str, Any]
    notes: list[str] = field(default_factory=list)
    faults: list[UserError] = field(default_factory=list)
    datasets: list[Dataset] = field(default_factory=list)

    @property
    def samples(self) -> dict[str, int]:
        """How many samples each dataset has, where that is known."""
        return {dataset.name: dataset.samples for dataset in self.datasets if dataset.path is not None}

    @property
    def counted(self) -> bool:
        """Whether all samples are known."""
        return all(dataset.path is not None for dataset in self.datasets)


def stage_of(values: dict[str, Any]) -> Stage:
    """The stage by our name."""
    stage: Stage = values.get("stage", "sft")
    return "pretrain" if str(stage) == "pt" else stage


def method_of(values: dict[str, Any]) -> Method:
    """The method by our name."""
    if values.get("finetuning_type") == "full":
        return "full"
    return "qlora" if values.get("quantization_bit") else "lora"


def same_kind(values: dict[str, Any], given: dict[str, Any], recipe: str | None) -> None:
    """Raise UserError where an override trains something else than the recipe, into its folder."""
    for key, default in KIND.items():
        if key not in given or given[key] == values.get(key, default):
            continue
        wanted = {**values, **given}
        stage, method = stage_of(wanted), method_of(wanted)
        if recipe:
            remedy = f"write {key} into {recipe}, with an output_dir of its own"
        elif key == "stage" and stage in get_args(Stage):
            remedy = f"csb train {stage}"
        elif (
            key != "stage"
            and wanted["finetuning_type"] in ("lora", "full")
            and wanted.get("quantization_bit") in (None, 4)
        ):
            remedy = f"--method {method}"
        else:
            remedy = f"csb train --recipe FILE, with {key} and an output_dir of its own in it"
        shown = "" if given[key] is None else given[key]
        raise UserError(f"{key}={shown} would train something else into {values.get('output_dir')}", remedy)


def fit(values: dict[str, Any], chosen: Iterable[str], workspace: Path, has_gpu: bool, bf16: bool) -> Prepared:
    """Leave out what is not there, and what this machine cannot do; keys in `chosen` are the user's and stay."""
    values, chosen = dict(values), set(chosen)
    notes: list[str] = []
    faults: list[UserError] = []
    datasets = _datasets(values, chosen, workspace, notes, faults)
    if values.get("bf16") and "bf16" not in chosen and not bf16:
        values.pop("bf16")
        if has_gpu:
            values["fp16"] = True
            notes.append("this GPU has no bf16: fp16 instead")
        else:
            notes.append("no GPU: training in float32 on the CPU")
    if values.get("deepspeed"):
        if not has_gpu:
            faults.append(UserError("DeepSpeed needs NVIDIA GPUs, and none is seen here", "leave --deepspeed out"))
        elif importlib.util.find_spec("deepspeed") is None:
            faults.append(Missing("the package deepspeed is not installed", files.install("train,gpu")))
    if has_gpu and values.get("quantization_bit") and importlib.util.find_spec("bitsandbytes") is None:
        faults.append(Missing("the package bitsandbytes is not installed", files.install("train,gpu")))
    if not has_gpu and values.get("quantization_bit"):
        faults.append(UserError("4-bit training (qlora) needs an NVIDIA GPU", "csb train --model smollm2"))
    return Prepared(values, notes, faults, datasets)


def _datasets(
    values: dict[str, Any], chosen: set[str], workspace: Path, notes: list[str], faults: list[UserError]
) -> list[Dataset]:
    folder = workspace / str(values.get("dataset_dir", "data"))
    known = dataset_files.told(folder)
    names = dataset_files.names(values.get("dataset"))
    datasets: list[Dataset] = []
    for name in list(names):
        found = dataset_files.find(name, known, folder)
        if isinstance(found, Dataset):
            datasets.append(found)
            if found.path is None:
                notes.append(f"{name} is fetched by the engine, and its samples are not counted here")
        elif name == "identity" and "dataset" not in chosen and len(names) > 1:
            names.remove(name)
            notes.append(f"without identity samples: {dataset_files.MAKES[name]} adds them")
        else:
            faults.append(found)
    values["dataset"] = ",".join(names)
    samples = {dataset.name: dataset.samples for dataset in datasets}
    share = samples.get("identity", 0) / max(sum(samples.values()), 1)
    if share > IDENTITY_SHARE:
        notes.append(
            f"identity samples are {share:.0%} of the data and may colour the style; dataset=chat_records: without"
        )
    _evaluation(values, chosen, known, folder, notes, faults)
    return datasets


def _evaluation(
    values: dict[str, Any],
    chosen: set[str],
    known: dict[str, Any],
    folder: Path,
    notes: list[str],
    faults: list[UserError],
) -> None:
    """Keep the evaluation where its samples are there; without them, one checkpoint per epoch."""
    if "eval_dataset" not in values:
        return
    found = [dataset_files.find(name, known, folder) for name in dataset_files.names(values["eval_dataset"])]
    missing = [fault for fault in found if isinstance(fault, UserError)]
    if found and "eval_dataset" in chosen:
        faults += missing
    elif missing or not found:
        dropped = {"eval_dataset", *(key for key in (*EVAL, *BEST) if key not in chosen)}
        if "save_strategy" not in chosen and "save_steps" not in chosen:
            dropped.add("save_steps")
            values["save_strategy"] = "epoch"
        for key in dropped:
            values.pop(key, None)
        notes.append("no dev samples: no evaluation while training, one checkpoint per epoch")
