"""A channel, the clone's server, the state on the disk: put together, run, and ended in order."""

import asyncio
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from chatstylebot import card as cards
from chatstylebot import files, progress
from chatstylebot.bot import lock, making, owner, server, store
from chatstylebot.bot.console import Console
from chatstylebot.bot.heard import Channel, Who
from chatstylebot.bot.runner import Outside, Runner
from chatstylebot.bot.settings import Frames
from chatstylebot.card import Card
from chatstylebot.client import Client
from chatstylebot.contacts import Contact, read_contacts
from chatstylebot.errors import UserError
from chatstylebot.feedback import drafts
from chatstylebot.workspace import Workspace


def switch(workspace: Path) -> Path:
    """The file that is there while the bot is paused."""
    return store.folder(workspace) / "paused"


def pause(workspace: Path, on: bool) -> None:
    """Silence every bot of the workspace, or let it speak again; a running one notices at once. Raises UserError."""
    if not (store.folder(workspace).is_dir() or Workspace(workspace).card.is_file()):
        raise UserError(f"{workspace} is no clone's folder: no bot runs here", "cd into it, then the same line")
    files.private_folder(store.folder(workspace))
    if on:
        files.write(switch(workspace), datetime.now(UTC).isoformat(timespec="seconds") + "\n", private=True)
    else:
        switch(workspace).unlink(missing_ok=True)


def known(people: Mapping[str, Contact], name: str) -> Who:
    """Who is called so in contacts.yaml. Raises UserError that lists the candidates."""
    found = [id for id, one in people.items() if name in (id, one.name, *one.aliases.values())]
    if len(found) == 1:
        return Who(found[0], people[found[0]].name or found[0])
    if found:
        raise UserError(f"several contacts are called {name!r} in contacts.yaml", f"by its id: {', '.join(found)}")
    names = ", ".join(one.name or id for id, one in people.items())
    line = yaml.safe_dump({name: {"name": name, "policy": "auto"}}, allow_unicode=True, default_flow_style=True)
    raise UserError(
        f"no contact is called {name!r} in contacts.yaml",
        f"one of: {names or '(nobody is in it)'}; or a line for them there: {line.strip()[1:-1]}",
    )


def hurried(card: Card) -> Card:
    """The card of a bot that answers at once, for trying: no waiting whether more is said, no pauses."""
    quick = {"wait": timedelta(seconds=0.05), "slowest": timedelta()}
    return card.model_copy(update={"bot": card.bot.model_copy(update=quick)})


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for: the channel with its options, whose words or account `contact` is, a server or the
    options of one of our own, and whether the bot should neither wait nor pause."""

    channel: str
    options: making.Options
    contact: str | None = None
    server: str | None = None
    more: Sequence[str] = ()
    hurry: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to run. `server`: the address of a csb serve, None: one is found or started with the options `more`.

    `pauses`: the person's rhythm as `csb preprocess` measured it, {} for usual ones.
    """

    workspace: Path
    card: Card
    channel: Channel
    console: Console
    key: str
    server: str | None = None
    more: Sequence[str] = ()
    trying: Who | None = None
    pauses: Mapping[str, Any] = field(default_factory=dict)


def planned(workspace: Path, wish: Wish, key: str, pauses: Mapping[str, Any]) -> Plan:
    """What is to run for a wish; the card and contacts.yaml say the rest. Raises UserError."""
    card, people = cards.find(workspace) or Card(), read_contacts(workspace)
    who = known(people, wish.contact) if wish.contact is not None else None
    owner = wish.options.owner or card.bot.owners.get("onebot")
    console = Console(talk=wish.channel == "terminal")
    options = replace(wish.options, owner=owner, contact=who, clone=card.name)
    channel = making.make(wish.channel, workspace, options, console)
    trying = who if wish.channel == "terminal" else None
    if who and people[who.id].policy == "off":
        so = "is answered here as if the policy were auto" if trying else "is not answered"
        progress.say(f"note: {who.name} {so}: contacts.yaml has no policy draft or auto for them")
    card = hurried(card) if wish.hurry else card
    return Plan(workspace, card, channel, console, key, wish.server, wish.more, trying, pauses)


def run(plan: Plan) -> None:
    """Run the bot until it is stopped, or its channel ends. Raises UserError."""
    folder = files.private_folder(store.folder(plan.workspace))
    with (
        lock.held(folder / f"{plan.channel.name}.lock", plan.channel.name),
        store.Store.open(store.path(plan.workspace, plan.channel.name)) as kept,
        drafts.Drafts.open(drafts.path(plan.workspace)) as waiting,
        server.found(plan.server, plan.workspace, plan.key, plan.more, plan.console.say) as url,
    ):
        if sys.stderr.isatty():  # a log is no place for the owner's key
            progress.say(f"the chat page is {server.page(url, plan.key)}")
        line = plan.console.line
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
            asyncio.run(_run(outside, plan.console))
        finally:
            line.end()


async def _run(outside: Outside, console: Console) -> None:
    runner = Runner(outside)

    async def listening() -> None:
        if outside.channel.name != "terminal" and sys.stdin.isatty():
            await console.keyboard.listen(lambda text: _decided(runner, text, console))

    try:
        await runner.run(listening)
    finally:
        await outside.client.close()


async def _decided(runner: Runner, text: str, console: Console) -> None:
    """What the owner types here about drafts: send 1, edit 1: …, no 1."""
    if found := owner.decision(text, runner.state.house.drafted):
        await runner.decide(found.number, found.choice, found.text)
        return
    pending = ", ".join(str(draft.number) for draft in runner.state.house.drafts)
    console.say(f"drafts: {pending or 'none'}; send N, edit N: TEXT, or no N")
