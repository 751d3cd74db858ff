"""config/wechat/settings.json of the original: which model and adapter `api-service --model_name` serves."""

from pathlib import Path
from typing import Any

from chatstylebot import files, progress
from chatstylebot.card import Card, parse
from chatstylebot.errors import UserError, nearest

SAMPLING = {"temperature", "top_p", "repetition_penalty", "max_new_tokens"}
KNOWN = SAMPLING | {
    "model_name_or_path",
    "adapter_name_or_path",
    "template",
    "finetuning_type",
    "max_length",
    "infer_backend",
}


def read(path: Path, name: str) -> dict[str, Any]:
    """The arguments of one model, `name` without its ending `_args`. Raises UserError."""
    values = files.read_json(path)
    if not isinstance(values, dict):
        raise UserError(f"{path} holds no models", 'write {"llama3_args": {"model_name_or_path": …}} into it')
    names = [key.removesuffix("_args") for key in values if key.endswith("_args")]
    found = values.get(f"{name}_args")
    if not isinstance(found, dict):
        near = nearest(name, names)
        hint = f" (did you mean {near}?)" if near else ""
        raise UserError(
            f"{path.name} has no {name}_args{hint}", f"--model_name {'|'.join(names) or '…'}, or add it to {path}"
        )
    if not isinstance(found.get("model_name_or_path"), str):
        raise UserError(f"{name}_args in {path.name} has no model_name_or_path", f"write it into {path}")
    if unknown := sorted(set(found) - KNOWN):
        raise UserError(f"{name}_args in {path.name}: unknown key {unknown[0]}", f"take it out of {path}")
    return found


def card(before: Card, values: dict[str, Any]) -> Card:
    """The card with the template and the sampling of the settings. Raises UserError."""
    sampling = before.sampling.model_dump() | {key: values[key] for key in sorted(SAMPLING & set(values))}
    told = before.model_dump() | {"sampling": sampling}
    if values.get("template"):
        told["template"] = values["template"]
    return parse(told, "settings.json")


def paths(values: dict[str, Any], workspace: Path) -> tuple[str, Path]:
    """The base model's folder and the adapter's (for a model trained in full, that model's own)."""
    model = workspace / values["model_name_or_path"]
    adapter = values.get("adapter_name_or_path")
    return str(model), workspace / adapter if adapter else model


def load(before: Card, workspace: Path, path: Path, name: str) -> tuple[Card, str, Path]:
    """Card, model and adapter that the settings in `path` name. Raises UserError."""
    values = read(path, name)
    if "max_length" in values and "max_new_tokens" not in values:
        progress.say("note: max_length is ignored by the engine; max_new_tokens is the length of a reply")
    return card(before, values), *paths(values, workspace)
