"""talk to the clone in the terminal"""

from pathlib import Path
from typing import Annotated

import typer

from chatstylebot import card as cards
from chatstylebot import files, progress

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
    import yaml

    from chatstylebot.training import engine, talk

    workspace = files.workspace()
    card = cards.find(workspace) or cards.Card()
    values = talk.recipe(card, workspace, model, adapter, base)
    if remark := talk.prompt_differs(card, values.get("adapter_name_or_path")):
        progress.say(f"note: {remark}")
    path = files.private_folder(workspace / ".csb") / "chat.yaml"
    files.write(path, yaml.safe_dump(values, allow_unicode=True, sort_keys=False), private=True)
    progress.say("starting the engine (about ten seconds); `clear` forgets the talk, `exit` leaves")
    # its own log lines would stand between the words of the talk
    code = engine.front(engine.call("chat", path, workspace, QUIET))
    if code not in (0, 130, -2, 134, -6):  # torch may abort when the engine is already done and leaves
        raise typer.Exit(1)
