"""presets → config/: the shipped recipes, listed, shown, written"""

import json
import math
from pathlib import Path
from typing import Annotated

import typer

from chatstylebot import files
from chatstylebot.errors import UserError
from chatstylebot.models import presets
from chatstylebot.progress import say
from chatstylebot.training import recipes
from chatstylebot.workspace import Workspace, here

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
COLUMNS = ("name", "model", "method", "stage", "GPUs", "memory")
AsJson = Annotated[bool, typer.Option("--json", help="Print it for a program to read.")]


def _rows() -> list[dict[str, object]]:
    return [
        {
            "name": name,
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
        for name, recipe in recipes.every().items()
    ]


@app.callback(invoke_without_command=True)
def main(context: typer.Context) -> None:
    """List, show or write the training recipes."""
    if context.invoked_subcommand is None:
        list_recipes()


@app.command("list")
def list_recipes(as_json: AsJson = False) -> None:
    """A table of the training recipes with the memory each is estimated to need."""
    rows = _rows()
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
    """A table of the model presets: size, languages, licence."""
    rows = [
        {
            "name": p.name,
            "title": p.title,
            "params": p.params,
            "languages": list(p.languages),
            "licence": p.licence,
            "huggingface": p.huggingface,
            "modelscope": p.modelscope,
            "note": p.note,
        }
        for p in presets.load().values()
    ]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    lines: list[tuple[str, ...]] = [("preset", "model", "size", "languages", "licence", "note")]
    for p in presets.load().values():
        lines.append((p.name, p.title, p.billions, " ".join(p.languages), p.licence, p.note))
    _print(lines)


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
            f"{len(edited)} files differ from what would be written: {some}",
            "csb recipes write --output ELSEWHERE to compare, or --force to overwrite them",
        )
    with files.together() as outputs:
        for path in sorted(stale):
            outputs.bytes(path, made[path], private=False)
    say(f"{len(made)} files in {folder}: {len(stale)} written, {len(made) - len(stale)} as they were")
