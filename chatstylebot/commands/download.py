"""hub, mirror or package → a base model in the library, a folder for all workspaces"""

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from chatstylebot import card as cards
from chatstylebot import progress
from chatstylebot.errors import UserError
from chatstylebot.models import folders, hubs
from chatstylebot.workspace import Workspace, here, inside, library


def run(
    model: Annotated[
        str | None,
        typer.Argument(
            help="A preset (`csb recipes models`) or a hub id like Qwen/Qwen3-8B; left out, clone.yaml's model.",
            show_default=False,
        ),
    ] = None,
    source: Annotated[
        folders.Source | None, typer.Option(help="Where from; left out, the preset's own source, else huggingface.")
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            help="The folder it goes to; left out, one for all your workspaces (CSB_MODELS names another).",
            file_okay=False,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Fetch it again although it is there.")] = False,
) -> None:
    """Fetch a base model, for all workspaces.

    It is fetched once, and models/ of the workspace leads to it. An interrupted download goes on where it stopped.
    HF_ENDPOINT names a mirror of Hugging Face.
    """
    workspace = here()
    wanted = folders.find(model or _of_card(), source, to, workspace)
    if to is None and wanted.folder.parent != library() and os.environ.get("CSB_MODELS"):
        progress.say(f"note: models/ of this workspace holds it, or leads to it: CSB_MODELS ({library()}) is not asked")
    shown = folders.place(wanted.folder)
    faults = folders.check(wanted.folder)
    if not faults and not force:
        typer.echo(
            f"{shown} is there and whole ({folders.size(wanted.folder) / 1e6:,.0f} MB); --force fetches it again"
        )
        _link(wanted.folder, workspace)
        return
    if wanted.folder.is_dir() and faults:
        progress.say(f"{shown} is not whole: {'; '.join(faults)}; going on with it")
    mirror = f" through {hubs.endpoint()}" if wanted.source == "huggingface" and hubs.endpoint() else ""
    progress.say(f"{wanted.id} from {wanted.source}{mirror} → {shown}")
    start = time.monotonic()
    hubs.fetch(wanted, force)
    seconds = time.monotonic() - start
    typer.echo(f"{shown}: {folders.size(wanted.folder) / 1e6:,.0f} MB in {seconds:.0f} s, whole")
    _link(wanted.folder, workspace)


def _of_card() -> str:
    """The model that clone.yaml names. Raises UserError where it names none of this machine."""
    card = cards.find(inside(None)) or cards.Card()
    if card.url:
        raise UserError(
            f"clone.yaml names a server ({card.url}) whose model answers: none is needed here",
            "csb chat; or name one: csb download qwen3",
        )
    return card.model


def _link(folder: Path, workspace: Path) -> None:
    if Workspace(workspace).begun and folders.link(folder, workspace):
        progress.say(f"models/{folder.name} leads to it; your other workspaces find it as well")
