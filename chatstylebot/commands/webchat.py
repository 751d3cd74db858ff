"""talk to the clone in the engine's web page"""

from pathlib import Path
from typing import Annotated

import typer

from chatstylebot import card as cards
from chatstylebot import files, progress


def run(
    model: Annotated[str | None, typer.Option(help="A preset, or the path of a model folder.")] = None,
    adapter: Annotated[Path | None, typer.Option(help="The adapter's folder.")] = None,
    base: Annotated[bool, typer.Option("--base", help="Talk to the base model, without an adapter.")] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where the page is, on this machine only.")] = 7860,
) -> None:
    """Talk to the clone in the engine's web page."""
    import yaml

    from chatstylebot.errors import UserError
    from chatstylebot.training import engine, machine, talk

    workspace = files.workspace()
    card = cards.find(workspace) or cards.Card()
    values = talk.recipe(card, workspace, model, adapter, base)
    if remark := talk.prompt_differs(card, values.get("adapter_name_or_path")):
        progress.say(f"note: {remark}")
    if not machine.port_free(port):
        raise UserError(f"port {port} is taken", f"csb webchat --port {port + 1}")
    path = files.private_folder(workspace / ".csb") / "webchat.yaml"
    files.write(path, yaml.safe_dump(values, allow_unicode=True, sort_keys=False), private=True)
    progress.say(f"starting the engine (about twenty seconds), then open http://127.0.0.1:{port}; Ctrl-C ends it")
    code = engine.front(engine.call("webchat", path, workspace, {"GRADIO_SERVER_PORT": str(port)}))
    if code not in (0, 130, -2):
        raise typer.Exit(1)
