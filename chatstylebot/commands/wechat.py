"""the clone on WeChat"""

import os
from typing import Annotated, Literal

import typer

from chatstylebot.errors import UserError
from chatstylebot.workspace import Workspace, inside

Via = Literal["ilink", "itchat"]


def run(
    via: Annotated[
        Via, typer.Option(help="ilink: Tencent's bot interface; itchat: your own account, at a risk to it.")
    ] = "ilink",
    server: Annotated[
        str | None, typer.Option(help="A csb serve that runs already; found, or started, if left out.", metavar="URL")
    ] = None,
    contact: Annotated[
        str | None, typer.Option(help="ilink: show a code that this contact of contacts.yaml scans with their WeChat.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="itchat: the risk to the account is known.")] = False,
    option: Annotated[
        list[str] | None, typer.Option("--serve", help="An option for the server: --serve=--gguf=FILE.")
    ] = None,
) -> None:
    """Put the clone on WeChat until Ctrl-C: scan the code, and talk to it."""
    from chatstylebot.bot import launch, making
    from chatstylebot.corpus import store
    from chatstylebot.serving import keys, leaving

    if contact is not None and via != "ilink":
        raise UserError(
            "--contact is for ilink: through itchat the bot answers from your own account",
            f"leave it out; contacts.yaml says whether {contact} is answered",
        )
    workspace = inside()
    if server is None:
        leaving.agree(workspace, option or ())
    _, key = keys.load(Workspace(workspace).private().keys, os.environ)
    wish = launch.Wish(via, making.Options(yes=yes), contact, server, option or ())
    launch.run(launch.planned(workspace, wish, key, store.pauses(workspace)))
