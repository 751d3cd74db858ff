"""talk to the clone in the engine's web page"""

from pathlib import Path
from typing import Annotated

import typer

from chatstylebot import progress
from chatstylebot.workspace import Workspace


def run(
    model: Annotated[str | None, typer.Option(help="A preset, or the path of a model folder.")] = None,
    adapter: Annotated[Path | None, typer.Option(help="The adapter's folder.")] = None,
    base: Annotated[bool, typer.Option("--base", help="Talk to the base model, without an adapter.")] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where the page is, on this machine only.")] = 7860,
) -> None:
    """Talk to the clone in the engine's web page."""
    from chatstylebot.engine import llamafactory, machine, talk, webpage
    from chatstylebot.errors import UserError

    if not machine.port_free(port):
        raise UserError(f"port {port} is taken", f"csb webchat --port {port + 1 if port < 65535 else 7861}")
    call = llamafactory.page(talk.begin("webchat", model, adapter, base, {"GRADIO_SERVER_PORT": str(port)}))
    log, told = Workspace(call.folder).log("webchat"), False

    def heard(line: str) -> None:
        nonlocal told
        if not told and (line == webpage.READY or "Running on local URL" in line):  # of llamafactory-cli's own page
            told = True
            progress.tell(f"ready: http://127.0.0.1:{port} (open it in a browser; Ctrl-C here ends it)")

    progress.say(f"starting the engine, which takes about twenty seconds; Ctrl-C ends it; its log: {log}")
    llamafactory.run(call, log, heard, "page")
