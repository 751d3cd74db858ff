"""A channel, the clone's server, the state on the disk: put together, run, and ended in order."""

import asyncio
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chatstylebot import files, progress
from chatstylebot.bot import lock, owner, server, store
from chatstylebot.bot.heard import Channel
from chatstylebot.bot.runner import Outside, Runner
from chatstylebot.bot.settings import Frames
from chatstylebot.bot.status import Line
from chatstylebot.card import Card
from chatstylebot.client import Client
from chatstylebot.contacts import Contact
from chatstylebot.errors import UserError
from chatstylebot.feedback import drafts


def switch(workspace: Path) -> Path:
    """The file that is there while the bot is paused."""
    return store.folder(workspace) / "paused"


def pause(workspace: Path, on: bool) -> None:
    """Silence every bot of the workspace, or let it speak again; a running one notices at once."""
    files.private_folder(store.folder(workspace))
    if on:
        files.write(switch(workspace), datetime.now(UTC).isoformat(timespec="seconds") + "\n", private=True)
    else:
        switch(workspace).unlink(missing_ok=True)


def known(people: dict[str, Contact], name: str) -> str:
    """The id in contacts.yaml of who is called so. Raises UserError that lists the candidates."""
    found = [id for id, one in people.items() if name in (id, one.name, *one.aliases.values())]
    if len(found) == 1:
        return found[0]
    names = ", ".join(one.name or id for id, one in people.items())
    why = "several contacts are" if found else "no contact is"
    raise UserError(f"{why} called {name!r} in contacts.yaml", f"one of: {names or '(nobody is in it)'}")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to run. `server`: the address of a csb serve, None: one is found or started with the options `more`.

    `pauses`: the person's rhythm as `csb preprocess` measured it, {} for usual ones.
    """

    workspace: Path
    card: Card
    channel: Channel
    key: str
    server: str | None = None
    more: Sequence[str] = ()
    trying: str | None = None
    pauses: Mapping[str, Any] = field(default_factory=dict)


def run(plan: Plan) -> None:
    """Run the bot until it is stopped, or its channel ends. Raises UserError."""
    folder = files.private_folder(store.folder(plan.workspace))
    with (
        lock.held(folder / f"{plan.channel.name}.lock", plan.channel.name),
        store.Store.open(store.path(plan.workspace, plan.channel.name)) as kept,
        drafts.Drafts.open(drafts.path(plan.workspace)) as waiting,
        server.found(plan.server, plan.workspace, plan.key, plan.more, progress.say) as url,
    ):
        progress.say(f"the chat page is {url}/#key={plan.key}")
        line = Line()
        outside = Outside(
            channel=plan.channel,
            client=Client(f"{url}/v1", plan.key),
            store=kept,
            drafts=waiting,
            frame=Frames(plan.workspace, plan.card, plan.pauses, plan.channel, plan.trying),
            paused=switch(plan.workspace).is_file,
            pause=lambda on: pause(plan.workspace, on),
            tell=line.tell,
            show=line.show,
            counted=line.counted,
            now=lambda: datetime.now(UTC),
            dice=random.Random(),
        )
        try:
            asyncio.run(_run(outside))
        finally:
            line.end()


async def _run(outside: Outside) -> None:
    runner = Runner(outside)
    deciding = None
    if outside.channel.name != "terminal" and sys.stdin.isatty():
        deciding = asyncio.create_task(_decisions(runner))
    try:
        await runner.run()
    finally:
        if deciding:
            deciding.cancel()
        await outside.client.close()


async def _decisions(runner: Runner) -> None:
    """What the owner types here about drafts: send 1, edit 1 …, no 1."""
    from chatstylebot.bot.channels import terminal

    async for text in terminal.lines():
        pending = [draft.number for draft in runner.state.house.drafts]
        found = owner.decision(text, pending)
        if found is None or found.number is None:
            progress.say(f"drafts: {', '.join(map(str, pending)) or 'none'}; send N, edit N TEXT, or no N")
        else:
            await runner.decide(found.number, found.choice, found.text)
