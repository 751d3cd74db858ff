"""the clone on WeChat"""

import os
from typing import Annotated, Literal

import typer

from chatstylebot import card as cards
from chatstylebot.card import Card
from chatstylebot.errors import UserError
from chatstylebot.workspace import Workspace, here

Via = Literal["ilink", "itchat"]


def run(
    via: Annotated[
        Via, typer.Option(help="ilink: Tencent's bot interface; itchat: your own account, at a risk to it.")
    ] = "ilink",
    server: Annotated[
        str | None, typer.Option(help="A csb serve that runs already; found, or started, if left out.", metavar="URL")
    ] = None,
    friend: Annotated[str, typer.Option(help="ilink: let this friend scan a code of their own first.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="itchat: the risk to the account is known.")] = False,
    option: Annotated[
        list[str] | None, typer.Option("--serve", help="An option for the server: --serve=--gguf=FILE.")
    ] = None,
) -> None:
    """Put the clone on WeChat until Ctrl-C: scan the code, and talk to it."""
    from chatstylebot.bot import launch, making
    from chatstylebot.corpus import store
    from chatstylebot.serving import keys

    if friend and via != "ilink":
        raise UserError("--friend is for ilink: through itchat the bot answers from your own account", "leave it out")
    workspace = here()
    card = cards.find(workspace) or Card()
    _, key = keys.load(Workspace(workspace).private().keys, os.environ)
    channel = making.make(via, workspace, making.Options(friend=friend, yes=yes))
    launch.run(launch.Plan(workspace, card, channel, key, server, option or (), pauses=store.pauses(workspace)))
