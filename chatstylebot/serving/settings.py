"""config/wechat/settings.json of the original: which model and adapter `api-service --model_name` serves, and how."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatstylebot import files, progress
from chatstylebot.card import Card, parse
from chatstylebot.card_parts import Sampling
from chatstylebot.engine import keys
from chatstylebot.errors import UserError, nearest
from chatstylebot.serving.choose import Backend

# what finds its place in the card, the model's paths and the choice of the engine; the rest is handed to LLaMA-Factory
OURS = {"model_name_or_path", "adapter_name_or_path", "finetuning_type", "infer_backend", "template", "default_system"}


@dataclass(frozen=True, slots=True)
class Settings:
    """What the settings of one model say: the card with their prompt, template and sampling, the paths, the back end,
    and further keys of LLaMA-Factory."""

    card: Card
    model: str
    adapter: Path  # for a base or merged model, that model's own folder
    backend: Backend | None
    engine_keys: dict[str, Any]


def read(path: Path, name: str) -> dict[str, Any]:
    """The arguments of one model, `name` without its ending `_args`. Raises UserError."""
    values = files.read_json(path)
    if not isinstance(values, dict):
        raise UserError(f"{path} holds no models", 'write {"llama3_args": {"model_name_or_path": …}} into it')
    names = [key.removesuffix("_args") for key in values if key.endswith("_args")]
    found = values.get(f"{name}_args")
    if f"{name}_args" in values and not isinstance(found, dict):
        raise UserError(f"{name}_args in {path.name} holds no keys", f'"{name}_args": {{"model_name_or_path": …}}')
    if not isinstance(found, dict):
        near = nearest(name, names)
        hint = f" (did you mean {near}?)" if near else ""
        raise UserError(
            f"{path.name} has no {name}_args{hint}", f"--model_name {'|'.join(names) or '…'}, or add it to {path}"
        )
    # an empty value is none, as in the original's file for a model without an adapter
    given = {key: value for key, value in found.items() if value not in ("", None)}
    if not isinstance(given.get("model_name_or_path"), str):
        raise UserError(f"{name}_args in {path.name} has no model_name_or_path (a path)", f"write it into {path}")
    if given.pop("max_length", None) and "max_new_tokens" not in given:
        progress.say("note: max_length is ignored by the engine; max_new_tokens is the length of a reply")
    keys.check(given, "infer", f"{name}_args in {path.name}")
    return given


def load(before: Card, workspace: Path, path: Path, name: str) -> Settings:
    """What the settings in `path` name. Raises UserError."""
    values = read(path, name)
    sampling = {key: values.pop(key) for key in Sampling.model_fields if key in values}
    told = before.model_dump() | {"sampling": before.sampling.model_dump() | sampling}
    told |= {"template": values["template"]} if values.get("template") else {}
    told |= {"system": values["default_system"]} if values.get("default_system") else {}
    model, adapter = workspace / values["model_name_or_path"], values.get("adapter_name_or_path")
    if adapter and values.get("finetuning_type") == "full":
        why = f"{name}_args in {path.name} has an adapter and finetuning_type: full, which leaves no adapter"
        raise UserError(why, f"take one of the two out of {path}")
    more = {key: value for key, value in values.items() if key not in OURS}
    return Settings(
        parse(told, "settings.json"),
        str(model),
        workspace / adapter if adapter else model,
        values.get("infer_backend"),
        more,
    )
