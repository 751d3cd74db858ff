"""The shipped configuration: every recipe as values, as text, and as the files of config/."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from chatstylebot.card import Card
from chatstylebot.errors import UserError, nearest
from chatstylebot.models import presets
from chatstylebot.models.presets import Preset
from chatstylebot.training import deepspeed as zero
from chatstylebot.training import recipe_notes, recipe_values
from chatstylebot.training.plan import Method, Stage, Zero

WIDTH = 120
TOLD: tuple[Method, ...] = ("lora", "qlora", "full")  # in the order of what they need
LARGE, TINY = 3e9, 1e9  # from here on several GPUs pay; below this 4 bit saves nothing worth having


@dataclass(frozen=True, slots=True)
class Recipe:
    """One training recipe by what it combines; its name is its file's."""

    preset: Preset
    stage: Stage
    method: Method
    deepspeed: Zero | None = None

    @property
    def name(self) -> str:
        """`llama3_lora_sft_ds3`, the original's way of naming."""
        end = f"_ds{self.deepspeed[1]}" if self.deepspeed else ""
        return f"{self.preset.name}_{self.method}_{self.stage}{end}"

    @property
    def path(self) -> str:
        """Its file, from the workspace."""
        return f"config/train/{self.name}.yaml"

    @property
    def gpus(self) -> int:
        """How many GPUs it is laid out for; 0: a CPU."""
        return 0 if self.preset.cpu else recipe_values.gpus(self.method, self.deepspeed)

    @property
    def gigabytes(self) -> float:
        """Estimated memory on each of its GPUs (on the machine, for a CPU recipe), in 10⁹ bytes."""
        return recipe_notes.gigabytes(self.preset, self.stage, self.method, self.deepspeed)

    @property
    def need(self) -> str:
        """That memory as it is told: `9 GB`, `4 × 22 GB`."""
        size = f"{math.ceil(round(self.gigabytes, 1))} GB"
        return f"{self.gpus} × {size}" if self.gpus > 1 else size


def combinations(preset: Preset) -> list[Recipe]:
    """The training recipes that make sense for a model."""
    methods: tuple[Method, ...] = ("lora",) if preset.params < TINY else ("lora", "qlora")
    stages: tuple[Stage, ...] = ("sft", "dpo", "kto", "pretrain")
    found = [Recipe(preset, stage, method) for stage in stages for method in methods]
    if preset.params < LARGE:
        return [*found, Recipe(preset, "sft", "full")]
    # one card holds none of these models' full training: only divided over several
    several: list[tuple[Stage, Method, Zero]] = [
        ("sft", "lora", "z0"),
        ("sft", "lora", "z3"),
        ("pretrain", "lora", "z3"),
        ("sft", "full", "z3"),
    ]
    return found + [Recipe(preset, stage, method, deepspeed) for stage, method, deepspeed in several]


def every() -> dict[str, Recipe]:
    """All training recipes by name."""
    return {recipe.name: recipe for preset in presets.load().values() for recipe in combinations(preset)}


def smallest(preset: Preset) -> dict[Method, Recipe | None]:
    """By method the SFT recipe with the fewest GPUs, the figures of the README's table; None where there is none."""
    found = [recipe for recipe in combinations(preset) if recipe.stage == "sft"]
    own = {method: [recipe for recipe in found if recipe.method == method] for method in TOLD}
    return {method: min(made, key=lambda recipe: recipe.gpus, default=None) for method, made in own.items()}


def needs(preset: Preset) -> list[str]:
    """The memory for LoRA, QLoRA and full training as it is told, "–" where there is no recipe."""
    return [recipe.need if recipe else "–" for recipe in smallest(preset).values()]


def get(name: str) -> Recipe:
    """The recipe of that name (a path to it will do). Raises UserError that names the nearest."""
    known, wanted = every(), name.replace("\\", "/").rpartition("/")[2].removesuffix(".yaml")
    if wanted not in known:
        near = nearest(wanted, known)
        hint = f" (did you mean {near}?)" if near else ""
        raise UserError(f"there is no shipped recipe {name!r}{hint}", "csb recipes list")
    return known[wanted]


def build(preset: Preset, stage: Stage, method: Method, deepspeed: Zero | None = None) -> dict[str, Any]:
    """A training recipe: the engine's keys in the order of the file."""
    parts = recipe_values.sections(preset, stage, method, deepspeed)
    return {key: value for part in parts.values() for key, value in part.items()}


def _value(value: object) -> str:
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, width=10_000)
    return text.removesuffix("...\n").strip()


def _text(header: list[str], sections: Mapping[str, Mapping[str, Any]], stage: Stage | None) -> str:
    lines = [f"# {line}".rstrip() for line in header]
    for title, values in sections.items():
        lines += ["", f"### {title}"]
        for key, value in values.items():
            reason = recipe_notes.why(key, stage, value)
            line = f"{key}: {_value(value)}"
            beside = f"{line}  # {reason}" if reason else line
            lines += [beside] if len(beside) <= WIDTH else [f"# {reason}:", line]
    return "\n".join(lines) + "\n"


def render(preset: Preset, stage: Stage, method: Method, deepspeed: Zero | None = None) -> str:
    """A training recipe as its file: what it needs, costs and how to run it on top, reasons beside the values."""
    name = Recipe(preset, stage, method, deepspeed).name
    header = recipe_notes.train_header(preset, stage, method, deepspeed, name)
    return _text(header, recipe_values.sections(preset, stage, method, deepspeed), stage)


def merge(preset: Preset, stage: Stage = "sft", method: Method = "lora") -> dict[str, Any]:
    """An export recipe: base + adapter → one folder."""
    parts = recipe_values.merging(preset, stage, method)
    return {key: value for part in parts.values() for key, value in part.items()}


def inference(preset: Preset, stage: Stage | None = "sft", method: Method = "lora") -> dict[str, Any]:
    """A chat recipe: base + adapter, or without a stage the merged folder."""
    parts = recipe_values.talking(preset, stage, method)
    return {key: value for part in parts.values() for key, value in part.items()}


def wechat() -> dict[str, Any]:
    """The original's settings.json: how `api-service --model_name` finds and samples a model."""
    sampling = Card().sampling.model_dump()
    order = ("repetition_penalty", "temperature", "max_new_tokens", "top_p")
    found = {}
    for name in ("llama3", "qwen2", "glm4"):
        preset = presets.get(name)
        found[f"{name}_args"] = {
            "model_name_or_path": preset.folder,
            "adapter_name_or_path": recipe_values.output(preset, "lora", "sft"),
            "template": preset.template,
            "finetuning_type": "lora",
            **{key: sampling[key] for key in order},
        }
    return found


def _of(preset: Preset) -> dict[str, str]:
    """The files of one model."""
    made = combinations(preset)
    found = {f"train/{r.name}.yaml": render(r.preset, r.stage, r.method, r.deepspeed) for r in made}
    for recipe in made:
        stage, method, name = recipe.stage, recipe.method, recipe.name.partition("_ds")[0]
        if stage == "pretrain" or f"inference/{name}.yaml" in found:
            continue  # text that was only read makes no clone yet
        header = recipe_notes.chat_header(preset, stage, method, name, f"csb train --recipe {recipe.path}")
        found[f"inference/{name}.yaml"] = _text(header, recipe_values.talking(preset, stage, method), None)
        if method != "full":
            header = recipe_notes.merge_header(preset, stage, method, name, recipe.path)
            found[f"merge_lora/{name}.yaml"] = _text(header, recipe_values.merging(preset, stage, method), None)
    source = f"llamafactory-cli export config/merge_lora/{preset.name}_lora_sft.yaml"
    header = recipe_notes.chat_header(preset, None, "lora", preset.name, source)
    found[f"inference/{preset.name}.yaml"] = _text(header, recipe_values.talking(preset, None, "lora"), None)
    return found


def files() -> dict[str, str]:
    """The whole config/ tree: path below config/ → text."""
    found: dict[str, str] = {}
    for preset in presets.load().values():
        found |= _of(preset)
    plain = zero.files() | {"wechat/settings.json": wechat()}
    return found | {path: json.dumps(value, ensure_ascii=False, indent=2) + "\n" for path, value in plain.items()}
