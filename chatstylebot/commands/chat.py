"""talk to the clone in the terminal"""

from pathlib import Path
from typing import Annotated

import typer

from chatstylebot import progress

QUIET = {
    "LLAMAFACTORY_VERBOSITY": "ERROR",
    "TRANSFORMERS_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
}


def run(
    model: Annotated[str | None, typer.Option(help="A preset, or the path of a model folder.")] = None,
    adapter: Annotated[Path | None, typer.Option(help="The adapter's folder.")] = None,
    base: Annotated[bool, typer.Option("--base", help="Talk to the base model, without an adapter.")] = False,
) -> None:
    """Talk to the clone in the terminal."""
    from chatstylebot.engine import llamafactory, talk

    # the engine's own log lines would stand between the words of the talk
    call = talk.begin("chat", model, adapter, base, QUIET)
    progress.say("starting the engine (about ten seconds); `clear` forgets the talk, `exit` leaves")
    if llamafactory.front(call) not in (0, 130, -2, 134, -6):  # torch may abort when all is done and the engine leaves
        raise typer.Exit(1)
