"""adapter + base → merged model"""

from pathlib import Path
from typing import Annotated

import typer

from chatstylebot import card as cards
from chatstylebot import files, progress
from chatstylebot.errors import UserError


def run(
    model: Annotated[str | None, typer.Option(help="A preset, or the path of a model folder.")] = None,
    adapter: Annotated[Path | None, typer.Option(help="The adapter's folder.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where the merged model goes.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show all that the engine says.")] = False,
) -> None:
    """Merge an adapter into its base model."""
    merge(model, adapter, output, verbose)


def merge(model: str | None, adapter: Path | None, output: Path | None, verbose: bool = False) -> Path:
    """Merge into a new folder, which appears whole or not at all; return it. Raises UserError."""
    import os
    import shutil

    import yaml

    from chatstylebot.training import engine, machine, models, talk

    workspace = files.workspace()
    card = cards.find(workspace) or cards.Card()
    values = talk.recipe(card, workspace, model, adapter, base=False)
    if "adapter_name_or_path" not in values:
        raise UserError(f"{values['model_name_or_path']} is a whole model already", "use it as it is")
    if "quantization_bit" in values:  # merged into the full base: merging into 4 bit is refused by the engine
        values = {key: value for key, value in values.items() if not key.startswith("quantization")}
    source = Path(values["adapter_name_or_path"])
    within = source.relative_to(workspace / "saves") if source.is_relative_to(workspace / "saves") else None
    name = "_".join(within.parts) if within else source.name
    final = output or workspace / "exported" / name
    if file := models.in_the_way(final):
        raise UserError(f"{file} is a file, and no folder for a model", "choose a folder with --output")
    if final.exists() and any(final.iterdir()):
        raise UserError(f"there is something in {final} already", "choose another folder with --output, or remove it")
    size = models.size(Path(values["model_name_or_path"]))
    if machine.disk(final.parent) < size * 1.1:
        raise UserError(f"the merged model needs {size / 1e9:.1f} GB beside {final}", "--output on another disk")
    keep = ("model_name_or_path", "adapter_name_or_path", "template", "finetuning_type")
    draft = final.with_name(f".{final.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    draft.parent.mkdir(parents=True, exist_ok=True)
    recipe = {key: values[key] for key in keep}
    recipe |= {"export_dir": str(draft), "export_size": 5, "export_device": "cpu"}
    path = files.private_folder(workspace / ".csb") / "export.yaml"
    files.write(path, yaml.safe_dump(recipe, allow_unicode=True, sort_keys=False))
    log = workspace / ".csb" / "export.log"
    log.unlink(missing_ok=True)
    try:
        with progress.stage("merging"):
            engine.run(engine.call("export", path, workspace), log, progress.say if verbose else lambda line: None)
        if missing := models.check(draft):
            raise UserError(f"the merged model is not whole: {'; '.join(missing)}", f"read the log: {log}")
        if final.exists():
            final.rmdir()
        os.replace(draft, final)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    typer.echo(f"done: {final} ({models.size(final) / 1e9:.1f} GB)")
    return final
