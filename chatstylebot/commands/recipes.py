"""presets → config/: the shipped recipes, listed, shown, written"""

import json
from pathlib import Path
from typing import Annotated

import typer

from chatstylebot import files
from chatstylebot.errors import UserError
from chatstylebot.progress import say
from chatstylebot.training import recipes

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
COLUMNS = ("name", "model", "method", "stage", "GPUs", "memory")
AsJson = Annotated[bool, typer.Option("--json", help="Print it for a program to read.")]


def _rows() -> list[dict[str, object]]:
    return [
        {
            "name": name,
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
    lines = [COLUMNS]
    for row in rows:
        where = "CPU" if row["gpus"] == 0 else str(row["gpus"])
        need = f"{row['gigabytes']:.0f} GB" + (" each" if row["deepspeed"] else "")
        lines.append((str(row["name"]), str(row["model"]), str(row["method"]), str(row["stage"]), where, need))
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    for line in lines:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    say("memory is an estimate from the model's shape at full length, not measured; csb recipes show NAME")


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
    folder = output or files.workspace() / "config"
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
