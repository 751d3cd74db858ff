"""talk to the clone in the engine's web page"""

from pathlib import Path
from typing import Annotated

import typer

from chatstylebot import progress


def run(
    model: Annotated[str | None, typer.Option(help="A preset, or the path of a model folder.")] = None,
    adapter: Annotated[Path | None, typer.Option(help="The adapter's folder.")] = None,
    base: Annotated[bool, typer.Option("--base", help="Talk to the base model, without an adapter.")] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where the page is, on this machine only.")] = 7860,
) -> None:
    """Talk to the clone in the engine's web page."""
    from chatstylebot.engine import llamafactory, machine, talk
    from chatstylebot.errors import UserError

    if not machine.port_free(port):
        raise UserError(f"port {port} is taken", f"csb webchat --port {port + 1 if port < 65535 else 7861}")
    call = talk.begin("webchat", model, adapter, base, {"GRADIO_SERVER_PORT": str(port)})
    progress.say(f"starting the engine (about twenty seconds), then open http://127.0.0.1:{port}; Ctrl-C ends it")
    if llamafactory.front(call) not in (0, 130, -2):
        raise typer.Exit(1)
