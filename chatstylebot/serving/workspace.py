"""A gateway over the files of a workspace: its keys, votes, contacts, secrets, and on demand a log of every chat."""

import asyncio
import json
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING

from chatstylebot import progress
from chatstylebot.card import Card
from chatstylebot.contacts import Contact, read_contacts
from chatstylebot.corpus.privacy.known_secrets import Known
from chatstylebot.feedback.store import Store
from chatstylebot.live import Live
from chatstylebot.serving import gateway, keys, routes, server
from chatstylebot.serving.answers import Served
from chatstylebot.serving.links import Links
from chatstylebot.serving.state import Choices, State
from chatstylebot.serving.supervisor import Engine
from chatstylebot.workspace import Workspace

if TYPE_CHECKING:
    from chatstylebot.memory.at_work import AtWork

QUIET = ("/v1/card", "/v1/drafts")  # the page asks for them by itself


def serve(
    card: Card,
    workspace: Path,
    models: Sequence[Served],
    choices: Choices,
    where: socket,
    secrets: bytes,
    log_chats: bool,
    ready: Callable[[Links], None],
) -> Engine | None:
    """Run until told to stop; `ready` gets the links that open the chat page for the owner, `secrets` are the hashes of
    what was redacted.

    Returns an engine that did not start. Raises UserError.
    """
    own = Workspace(workspace).private()
    known, owner = keys.load(own.keys, os.environ)
    detector = Known(secrets, card.language)
    log = _chat_log(own.chats) if log_chats else None
    contacts, links = Live(own.contacts, lambda: read_contacts(workspace)), Links(owner)
    with ExitStack() as stack:
        votes = stack.enter_context(Store.open(own.feedback))
        memory = stack.enter_context(_memory(own, card)) if card.memory.enabled else None
        state = State(
            card, contacts, models, known, votes, detector, choices, lambda: datetime.now(UTC), log, own.drafts, links,
            memory,
        )  # fmt: skip
        app, engines = gateway.build(state, _seen), [one.engine for one in models]
        progress.say("starting the engine")
        told: list[int] = []
        with ExitStack() as loading:
            loading.enter_context(progress.stage("loading the model"))

            def now() -> None:
                loading.close()
                ready(links)

            failed = asyncio.run(server.serve(app, where, engines, now, told.append))
        for number in told:  # now that everything is closed, it ends us, too
            signal.raise_signal(number)
        return failed


def _memory(own: Workspace, card: Card) -> "AbstractContextManager[AtWork | None]":
    """What is remembered. Raises UserError."""
    from chatstylebot.memory import at_work

    nobody: Mapping[str, Contact] = {}
    return at_work.opened(own, card, Live(own.contacts, lambda: read_contacts(own.folder), nobody))


def _seen(method: str, path: str, status: int, seconds: float) -> None:
    """One line for each request of the API; never a word of a chat, nor of a path that somebody made up."""
    if path.startswith("/v1/") and path not in QUIET:
        asked = path if path in routes.PATHS else "/v1/…"
        progress.say(f"{datetime.now():%H:%M:%S} {method} {asked} {status} {seconds:.2f} s")


def _chat_log(path: Path) -> Callable[[dict[str, object]], None]:
    """Adds one line of JSON for each answer to a file that only its owner can read."""
    progress.say(f"note: every chat is written into {path}")

    def add(value: dict[str, object]) -> None:
        line = json.dumps({"at": datetime.now(UTC).isoformat(), **value}, ensure_ascii=False)
        with open(path, "a", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(line + "\n")

    return add
