"""presets → config/: the shipped recipes, listed, shown, written"""

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, get_args

import typer

from chatstylebot import files
from chatstylebot.errors import UserError, nearest
from chatstylebot.models import presets
from chatstylebot.models.presets import Preset
from chatstylebot.progress import say
from chatstylebot.training import recipes
from chatstylebot.training.plan import Stage
from chatstylebot.training.recipes import Recipe
from chatstylebot.words import many
from chatstylebot.workspace import Workspace, here

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
STAGES: tuple[str, ...] = get_args(Stage)
MODELS = ("preset", "model", "size", "LoRA", "QLoRA", "full", "languages", "licence", "note")
COLUMNS = ("name", "model", "method", "stage", "GPUs", "memory")
AsJson = Annotated[bool, typer.Option("--json", help="Print it for a program to read.")]


def _rows(found: Iterable[Recipe]) -> list[dict[str, object]]:
    return [
        {
            "name": recipe.name,
            "preset": recipe.preset.name,
            "model": recipe.preset.title,
            "params": recipe.preset.params,
            "method": recipe.method,
            "stage": recipe.stage,
            "deepspeed": recipe.deepspeed,
            "gpus": recipe.gpus,
            "gigabytes": round(recipe.gigabytes, 1),
            "path": recipe.path,
        }
        for recipe in found
    ]


def _preset(model: str | None) -> str | None:
    """The preset's name. Raises UserError for a folder or a hub's name, too: recipes are made for presets."""
    known = presets.load()
    if model is None or model in known:
        return model
    if "/" not in model and "\\" not in model and not model.startswith("."):
        return presets.get(model).name  # says what is near
    same = [p.name for p in known.values() if Path(model).name.lower() == p.title.lower()]
    raise UserError(
        f"{model} is a folder or a name on a hub, and recipes are listed by preset",
        (f"csb recipes list {same[0]}, or " if same else "") + "csb recipes models, which names the presets",
    )


def _one_of(option: str, given: str | None, known: Iterable[str]) -> str | None:
    """What was given. Raises UserError that names the nearest."""
    if given is None or given in (names := list(known)):
        return given
    near = nearest(given, names)
    hint = f" (did you mean {near}?)" if near else ""
    raise UserError(f"there is no {option[2:]} {given!r}{hint}", f"{option} {' | '.join(names)}")


@app.callback(invoke_without_command=True)
def main(context: typer.Context) -> None:
    """List, show or write the training recipes."""
    if context.invoked_subcommand is None:
        list_recipes()


@app.command("list")
def list_recipes(
    model: Annotated[str | None, typer.Argument(help="Only this preset's: qwen3.")] = None,
    stage: Annotated[str | None, typer.Option(help=f"Only this stage's: {', '.join(STAGES)}.")] = None,
    method: Annotated[str | None, typer.Option(help=f"Only this method's: {', '.join(recipes.TOLD)}.")] = None,
    named: Annotated[str | None, typer.Option("--model", hidden=True)] = None,
    as_json: AsJson = False,
) -> None:
    """A table of the training recipes with the memory each is estimated to need."""
    preset, stage = _preset(model or named), _one_of("--stage", stage, STAGES)
    method = _one_of("--method", method, recipes.TOLD)
    own = [recipe for recipe in recipes.every().values() if preset in (None, recipe.preset.name)]
    found = [recipe for recipe in own if stage in (None, recipe.stage) and method in (None, recipe.method)]
    if not found:
        asked = " ".join(word for word in (preset, method, stage) if word)
        there = sorted({f"{recipe.method} {recipe.stage}" for recipe in own})
        raise UserError(
            f"no recipe is {asked}; {preset or 'all together'}: {', '.join(there)}", f"csb recipes list {preset or ''}"
        )
    rows = _rows(found)
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    lines: list[tuple[str, ...]] = [COLUMNS]
    for row in rows:
        where = "CPU" if row["gpus"] == 0 else str(row["gpus"])
        need = f"{math.ceil(float(str(row['gigabytes'])))} GB" + (" each" if row["deepspeed"] else "")
        lines.append((str(row["name"]), str(row["model"]), str(row["method"]), str(row["stage"]), where, need))
    _print(lines)
    say("memory is an estimate from the model's shape at full length, not measured; csb recipes show NAME")


@app.command()
def models(as_json: AsJson = False) -> None:
    """A table of the model presets: size, estimated memory for training, languages, licence."""
    known = presets.load().values()
    if as_json:
        typer.echo(json.dumps([_told(preset) for preset in known], ensure_ascii=False, indent=2))
        return
    lines: list[tuple[str, ...]] = [MODELS]
    for p in known:
        talks = " ".join(p.languages) + ("" if "zh" in p.languages else " (no Chinese)")
        lines.append((p.name, p.title, p.billions, *recipes.needs(p), talks, p.licence, p.note))
    _print(lines)
    say(
        "LoRA, QLoRA, full: GPU memory for csb train by each method, estimated, not measured; 4 × 22 GB: four GPUs; "
        "–: no recipe\nsmollm2 is trained on the CPU, in ordinary memory; en (no Chinese): it cannot write Chinese"
    )


def _told(preset: Preset) -> dict[str, object]:
    """A preset for a program; memory is null where there is no recipe."""
    need = {
        method: {"gpus": recipe.gpus, "gigabytes": round(recipe.gigabytes, 1), "text": recipe.need} if recipe else None
        for method, recipe in recipes.smallest(preset).items()
    }
    return {
        "name": preset.name,
        "title": preset.title,
        "params": preset.params,
        "memory": need,
        "languages": list(preset.languages),
        "chinese": "zh" in preset.languages,
        "licence": preset.licence,
        "huggingface": preset.huggingface,
        "modelscope": preset.modelscope,
        "note": preset.note,
    }


def _print(lines: list[tuple[str, ...]]) -> None:
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    for line in lines:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


@app.command()
def show(name: Annotated[str, typer.Argument(help="A recipe's name: qwen3_lora_sft.")]) -> None:
    """Print a recipe: what it needs, what it costs, and every value with its reason."""
    recipe = recipes.get(name)
    typer.echo(recipes.render(recipe.preset, recipe.stage, recipe.method, recipe.deepspeed), nl=False)


@app.command()
def write(
    output: Annotated[
        Path | None, typer.Option(help="The folder to write to; default: config/ of the workspace.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite recipes that were edited.")] = False,
) -> None:
    """Write all recipes anew, all or none; an edited one is kept safe unless --force is given."""
    folder = output or Workspace(here()).config
    made = {folder / path: text.encode() for path, text in recipes.files().items()}
    stale = {path for path, text in made.items() if not path.is_file() or path.read_bytes() != text}
    edited = sorted(str(path) for path in stale if path.exists())
    if edited and not force:
        some = ", ".join(edited[:3]) + (" …" if len(edited) > 3 else "")
        raise UserError(
            f"{many(len(edited), 'file')} differ{'s' * (len(edited) == 1)} from what would be written: {some}",
            "csb recipes write --output ELSEWHERE to compare, or --force to overwrite them",
        )
    with files.together() as outputs:
        for path in sorted(stale):
            outputs.bytes(path, made[path], private=False)
    say(f"{many(len(made), 'file')} in {folder}: {len(stale)} written, {len(made) - len(stale)} as they were")
