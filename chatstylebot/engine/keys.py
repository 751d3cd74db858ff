"""`key=value` and recipes, checked against the engine's own keys in milliseconds instead of after its imports."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from math import isfinite
from pathlib import Path
from typing import Any, Literal

import yaml

from chatstylebot.errors import UserError, nearest

SOURCE = Path(__file__).with_name("keys.json")
Verb = Literal["train", "infer"]  # chat, api and export read the infer keys

KINDS: dict[str, type | tuple[type, ...]] = {
    "bool": bool,
    "int": int,
    "float": (int, float),
    "str": str,
    "list": list,
    "dict": dict,
    "null": type(None),
}
WORDS = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "list": "a list",
    "dict": "a mapping",
    "null": "null",
}
# YAML 1.1 takes 1e-4 for text: it wants a point and a sign
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
# what people type who know other tools
MEANT = {
    "lr": "learning_rate",
    "epochs": "num_train_epochs",
    "batch_size": "per_device_train_batch_size",
    "rank": "lora_rank",
    "alpha": "lora_alpha",
    "dropout": "lora_dropout",
    "max_seq_length": "cutoff_len",
    "model": "model_name_or_path",
    "adapter": "adapter_name_or_path",
    "output": "output_dir",
}
# with zero of these, or less, there is nothing to do, and the engine divides by some of them
ABOVE_ZERO = {
    "per_device_train_batch_size", "per_device_eval_batch_size", "gradient_accumulation_steps", "num_train_epochs",
    "cutoff_len", "max_samples", "lora_rank", "learning_rate", "logging_steps", "save_steps", "eval_steps",
}  # fmt: skip
# accepted by the engine, and then without any effect (REC-8)
IDLE = {"max_length": "the engine ignores it beside max_new_tokens: set max_new_tokens"}


@cache
def _file() -> dict[str, Any]:
    value: dict[str, Any] = json.loads(SOURCE.read_text("utf-8"))
    return value


def known(verb: Verb = "train") -> dict[str, dict[str, Any]]:
    """Every key the engine takes for a verb: name → {"type": "float|null", "choices": […]}."""
    every: dict[str, dict[str, Any]] = _file()["train"]
    return every if verb == "train" else {name: every[name] for name in _file()["infer"]}


def _kinds(name: str, verb: Verb) -> list[str]:
    entry = known(verb).get(name)
    return entry["type"].split("|") if entry else []


def _typed(name: str, text: str, verb: Verb) -> Any:
    kinds = _kinds(name, verb)
    if text.strip() in ("", "null", "None"):
        return None
    if "str" in kinds and not {"bool", "int", "float", "dict"} & set(kinds):
        return text  # `dataset=2024` is a name, not a number
    if {"int", "float"} & set(kinds) and NUMBER.fullmatch(text.strip()):
        number = float(text)
        whole = re.fullmatch(r"\s*[-+]?\d+\s*", text) or ("int" in kinds and number.is_integer())
        return int(number) if whole else number
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def parse(pairs: Sequence[str], verb: Verb = "train") -> dict[str, Any]:
    """`key=value` words as typed values; a later one wins. Raises UserError that names every fault at once."""
    wrong = [pair for pair in pairs if not re.match(r"\w+=", pair)]
    if wrong:
        raise UserError(f"not key=value: {', '.join(wrong)}", "write for example learning_rate=1e-4")
    values = {name: _typed(name, text, verb) for name, _, text in (pair.partition("=") for pair in pairs)}
    check(values, verb)
    return values


def check(values: Mapping[str, Any], verb: Verb = "train", source: str = "") -> None:
    """Raise UserError if the engine would refuse a key or a value, or ignore one; every fault is named at once."""
    faults = [fault for name, value in values.items() if (fault := _fault(name, value, verb))]
    if faults:
        where = f"{source}: " if source else ""
        remedy = f"edit {source}" if source else "correct the key=value"
        raise UserError(where + "; ".join(faults), f"{remedy}; `csb recipes show NAME` shows keys in use")


def _fault(name: str, value: Any, verb: Verb) -> str:
    entry = known(verb).get(name)
    if entry is None:
        near = MEANT.get(name) or nearest(str(name), known(verb))
        return f"unknown key {name}" + (f" (did you mean {near}?)" if near else "")
    if name in IDLE:
        return f"{name} would have no effect: {IDLE[name]}"
    kinds = entry["type"].split("|")
    if not any(_is(value, kind) for kind in kinds):
        wanted = f"must be {' or '.join(WORDS.get(k, k) for k in kinds if k != 'null')}"
        return f"{name} is empty: it {wanted}" if value is None else f"{name} {wanted}, not {value!r}"
    if isinstance(value, float) and not isfinite(value):
        return f"{name} must be a number, not {value}"
    if name in ABOVE_ZERO and isinstance(value, int | float) and value <= 0:
        return f"{name} must be above 0, not {value}"
    choices = entry.get("choices", [])
    if choices and value is not None and value not in choices:
        near = nearest(str(value), [str(choice) for choice in choices])
        hint = f" (did you mean {near}?)" if near else ""
        return f"{name} must be one of {', '.join(map(str, choices))}, not {value!r}{hint}"
    return ""


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool) and kind in ("int", "float"):
        return False
    return kind not in KINDS or isinstance(value, KINDS[kind])
