"""Where a run's recipe comes from: a file that is named, the workspace's edit of a shipped recipe, or the generator."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from chatstylebot.engine import keys
from chatstylebot.errors import UserError
from chatstylebot.training import recipes
from chatstylebot.training.recipes import Recipe

# without these there is no run; what to write for each
NEEDED = {"model_name_or_path": "models/NAME", "output_dir": "saves/NAME", "dataset": "chat_records"}


@dataclass(frozen=True, slots=True)
class Source:
    """A recipe's values, the file or name it has, and a remark when the user could take it for another."""

    values: dict[str, Any]
    name: str
    notes: list[str] = field(default_factory=list)


def named(recipe: str, workspace: Path) -> Source:
    """The recipe file of that path, else the workspace's recipe of that name, else the shipped one."""
    for path in (Path(recipe), workspace / recipe):
        if path.is_file():
            return Source(read(path), str(path))
    name = recipe.replace("\\", "/").rpartition("/")[2].removesuffix(".yaml")
    if name in recipes.every() or not (workspace / _place(name)).is_file():
        return shipped(recipes.get(recipe), workspace)
    return Source(read(workspace / _place(name)), name, [f"recipe: {_place(name)}"])


def shipped(recipe: Recipe, workspace: Path) -> Source:
    """The generated recipe, or what the user made of its file in the workspace."""
    made = recipes.build(recipe.preset, recipe.stage, recipe.method, recipe.deepspeed)
    path = workspace / recipe.path
    values = read(path) if path.is_file() else made
    if values == made:
        return Source(made, recipe.name)
    return Source(values, recipe.path, [f"recipe: {recipe.path}, which differs from the shipped one"])


def read(path: Path) -> dict[str, Any]:
    """The values of a recipe file, each key checked. Raises UserError."""
    try:
        values = yaml.safe_load(path.read_text("utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        first = str(error).replace("\n", " ")
        raise UserError(f"{path} is not valid YAML: {first}", "repair it") from None
    if not isinstance(values, dict):
        raise UserError(f"{path} holds no keys", "csb recipes show NAME shows what a recipe looks like")
    keys.check(values, source=str(path))
    return values


def check(values: dict[str, Any], name: str) -> None:
    """Raise UserError unless model, data and output are named."""
    empty = [key for key in NEEDED if not str(values.get(key) or "").strip(" ,")]
    if empty:
        problem = f"{name}: " + " and ".join(f"{key} is empty" for key in empty)
        raise UserError(problem, "write " + " ".join(f"{key}={NEEDED[key]}" for key in empty))


def _place(name: str) -> str:
    return f"config/train/{name}.yaml"
