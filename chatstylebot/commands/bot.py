"""the clone on a channel: run, paused, resumed, its figures, its drafts"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from chatstylebot import locks, progress
from chatstylebot.errors import UserError
from chatstylebot.workspace import Workspace, inside

if TYPE_CHECKING:
    from chatstylebot.feedback.drafts import Draft, Drafts

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True)
ChannelName = Literal["terminal", "ilink", "itchat", "onebot"]
AsJson = Annotated[bool, typer.Option("--json", help="Print it for a program to read.")]


@app.callback()
def main() -> None:
    """Put the clone on a channel; pause it, resume it, see what it does, decide about its drafts."""


@app.command("run")
def run_channel(
    channel: Annotated[ChannelName, typer.Argument(help="Where: terminal, ilink or itchat (WeChat), onebot (QQ).")],
    server: Annotated[
        str | None, typer.Option(help="A csb serve that runs already; found, or started, if left out.", metavar="URL")
    ] = None,
    contact: Annotated[
        str | None,
        typer.Option(
            help="terminal: what you type is theirs, to see what they would get. ilink: they scan a code of their own."
        ),
    ] = None,
    no_pauses: Annotated[bool, typer.Option("--no-pauses", help="terminal: answer at once, for trying.")] = False,
    host: Annotated[str, typer.Option(help="onebot: the address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="onebot: the port to listen on.", min=1, max=65535)] = 8765,
    owner: Annotated[str | None, typer.Option(help="onebot: your own QQ number.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="itchat: the risk to the account is known.")] = False,
    option: Annotated[
        list[str] | None, typer.Option("--serve", help="An option for the server: --serve=--gguf=FILE.")
    ] = None,
) -> None:
    """Run the bot on a channel until Ctrl-C."""
    from chatstylebot.bot import launch, making
    from chatstylebot.corpus import store
    from chatstylebot.serving import keys, leaving

    if contact is not None and channel not in ("terminal", "ilink"):
        raise UserError(
            "--contact is for terminal and ilink",
            f"in contacts.yaml give {contact} a policy and, as alias on {channel}, the id that the bot shows",
        )
    if no_pauses and channel != "terminal":
        raise UserError("--no-pauses is for the terminal", "clone.yaml has wait and slowest, under bot")
    workspace = inside()
    if server is None:
        leaving.agree(workspace, option or ())
    _, key = keys.load(Workspace(workspace).private().keys, os.environ)
    options = making.Options(host, port, owner, yes)
    wish = launch.Wish(channel, options, contact, server, option or (), no_pauses)
    launch.run(launch.planned(workspace, wish, key, store.pauses(workspace)))


@app.command()
def pause() -> None:
    """Silence the bot on every channel, now, until csb bot resume."""
    from chatstylebot.bot import launch

    launch.pause(inside(), True)
    typer.echo("the bot is silent (csb bot resume lets it speak again)")


@app.command()
def resume() -> None:
    """Let the bot speak again. What was said meanwhile is not answered."""
    from chatstylebot.bot import launch

    launch.pause(inside(), False)
    typer.echo("the bot goes on")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Which bots run, whether they are paused, and what they did today."""
    from chatstylebot.bot import launch, store
    from chatstylebot.bot.channels import CHANNELS

    workspace = inside()
    found = {}
    for name in CHANNELS:
        path = store.path(workspace, name)
        if not path.is_file():
            continue
        with store.Store.open(path) as kept:
            running = locks.taken(store.folder(workspace) / f"{name}.lock")
            found[name] = {"running": running, "today": dict(kept.counts(datetime.now(UTC)))}
    paused, waiting = launch.switch(workspace).is_file(), len(_waiting(workspace))
    if as_json:
        typer.echo(json.dumps({"paused": paused, "drafts": waiting, "channels": found}, ensure_ascii=False, indent=2))
        return
    if not found:
        progress.say("no bot has run in this workspace yet: csb bot run terminal")
    for name, about in found.items():
        did = ", ".join(f"{number} {what}" for what, number in sorted(about["today"].items())) or "nothing"  # type: ignore[attr-defined]
        typer.echo(f"{name:9} {'running' if about['running'] else 'stopped'}; today: {did}")
    typer.echo(f"{'paused (csb bot resume)' if paused else 'not paused'}; {waiting} drafts wait")


@app.command()
def drafts(
    send: Annotated[str | None, typer.Option(help="Send this draft.", metavar="ID")] = None,
    edit: Annotated[
        tuple[str, str] | None, typer.Option(help="Send these words in the place of this draft.", metavar="ID TEXT")
    ] = None,
    no: Annotated[str | None, typer.Option("--no", help="Do not send this draft.", metavar="ID")] = None,
    as_json: AsJson = False,
) -> None:
    """The replies that wait for your word, and your word on one of them."""
    from chatstylebot.feedback import drafts as kept

    workspace = inside()
    chosen = [(send, "send", ""), (edit[0], "edit", edit[1]) if edit else (None, "edit", ""), (no, "no", "")]
    decided = [(id, choice, text) for id, choice, text in chosen if id is not None]
    if not decided:
        _list(_waiting(workspace), as_json)
        return
    if len({id for id, _, _ in decided}) < len(decided):
        raise typer.BadParameter("two decisions on one draft", param_hint="--send, --edit, --no")
    with kept.Drafts.open(kept.path(workspace)) as waiting:
        for id, choice, text in decided:
            _decide(waiting, id, choice, text)


def _decide(waiting: "Drafts", id: str, choice: str, text: str) -> None:
    alike = [one.id for one in waiting.waiting() if id in (one.id, str(one.number))]
    if len(alike) > 1:
        raise UserError(f"several drafts are called {id}", f"one of: {', '.join(alike)}")
    id = alike[0] if alike else id
    try:
        there = waiting.decide(id, choice, text)  # type: ignore[arg-type]
    except ValueError as error:
        raise UserError(str(error), f"csb bot drafts --edit {id} 'what is to be said'") from None
    if not there:
        raise UserError(f"no draft {id} waits", "csb bot drafts lists them")
    channel = id.rpartition("-")[0]
    running = locks.taken(Workspace(inside()).bot / f"{channel}.lock")
    typer.echo(f"{id}: {choice}" + ("" if running else f", when the bot runs again on {channel}"))


def _waiting(workspace: Path) -> "list[Draft]":
    from chatstylebot.feedback import drafts as kept

    path = kept.path(workspace)
    if not path.is_file():  # looking makes no file
        return []
    with kept.Drafts.open(path) as waiting:
        return waiting.waiting()


def _list(found: "list[Draft]", as_json: bool) -> None:
    if as_json:
        rows = [
            {"id": one.id, "name": one.name, "heard": one.heard, "proposed": one.proposed, "at": one.at.isoformat()}
            for one in found
        ]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for one in found:
        heard, proposed = (" / ".join(text.splitlines()) for text in (one.heard, one.proposed))
        progress.tell(f"{one.id}  {one.at.astimezone():%H:%M}  {one.name}: {heard}\n    → {proposed}")
    progress.say("csb bot drafts --send ID, --edit ID TEXT, --no ID" if found else "no draft waits")
