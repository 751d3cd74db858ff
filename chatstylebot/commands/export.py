"""adapter + base → merged model, and on demand a GGUF and an Ollama Modelfile"""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from chatstylebot import card as cards
from chatstylebot import files, progress
from chatstylebot.errors import UserError
from chatstylebot.workspace import Workspace, inside


def run(
    model: Annotated[str | None, typer.Option(help="A preset, or the path of a model folder.")] = None,
    adapter: Annotated[Path | None, typer.Option(help="The adapter's folder.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where the merged model goes.")] = None,
    gguf: Annotated[
        str | None, typer.Option(help="Also write a GGUF and an Ollama Modelfile: q8_0, f16, q4_k_m …")
    ] = None,
    base: Annotated[bool, typer.Option("--base", help="With --gguf: of the bare base model.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show all that the engine says.")] = False,
) -> None:
    """Merge an adapter into its base model; with --gguf, write it for llama.cpp and Ollama, too."""
    from chatstylebot.engine import gguf as ggufs
    from chatstylebot.engine import merge, talk
    from chatstylebot.models import folders

    kind = None if gguf is None else gguf.lower()  # llama.cpp writes them in capitals
    if kind is not None:
        ggufs.check_kind(kind)
    elif base:
        raise UserError("the base model needs no merging", "csb export --base --gguf q8_0 makes a GGUF of it")
    if base and adapter:
        raise UserError("--base and --adapter together make no sense", "leave one of them out")
    workspace = inside(model or adapter)
    card = cards.find(workspace) or cards.Card()
    values = talk.recipe(card, workspace, model, adapter, base)
    source = values.get("adapter_name_or_path")
    if not source and not kind:
        raise UserError(f"{values['model_name_or_path']} is a whole model already", "use it as it is, or --gguf q8_0")
    whole = Path(values["model_name_or_path"])
    final = output or Workspace(workspace).exported / (merge.name(Path(source), workspace) if source else whole.name)
    with merge.turn(workspace):
        again = bool(kind and source) and merge.there(values, final)
        if not again:
            merge.check_free(final)
        if kind:
            _check_free(final, kind)
        if again:
            progress.say(f"the merged model in {final} is of this adapter and base: it is used again")
            whole = final
        elif source:
            whole = merge.merge(values, workspace, final, verbose)
            typer.echo(f"done: {final} ({folders.size(final) / 1e9:.1f} GB)")
            if not kind:
                shown = shlex.quote(folders.place(final))
                progress.say(
                    f"next: csb serve --model {shown} --no-adapter serves it; csb export --gguf q8_0 makes a file"
                )
        if kind:
            _gguf(card, workspace, values, whole, final, kind)


def _check_free(final: Path, kind: str) -> None:
    """Raise UserError where a file that will be written is there already."""
    for path in (_file(final, kind), _modelfile(final, kind)):
        if path.exists():
            raise UserError(f"{path} is there already", "choose another folder with --output, or remove it")


def _file(final: Path, kind: str) -> Path:
    return final.with_name(f"{final.name}-{kind}.gguf")


def _modelfile(final: Path, kind: str) -> Path:
    return final.with_name(f"{final.name}-{kind}.Modelfile")


def _gguf(card: cards.Card, workspace: Path, values: dict[str, object], whole: Path, final: Path, kind: str) -> None:
    """The GGUF of a whole model, checked, and the Modelfile that Ollama makes a model of."""
    from chatstylebot.engine import clone_file
    from chatstylebot.engine import gguf as ggufs

    file, recipe = _file(final, kind), _modelfile(final, kind)
    told = clone_file.make(workspace, values, file, kind, whole)
    files.write(recipe, ggufs.modelfile(file.name, told, card), private=True)
    typer.echo(f"done: {file}\nand: {recipe} (ollama create my-clone -f {shlex.quote(str(recipe))})")
    progress.say(f"next: csb serve --gguf {shlex.quote(str(file))} serves it")
