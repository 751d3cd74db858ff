"""Clone and base model as two sides of one talk: on a server that runs, or on servers of our own."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from chatstylebot import progress
from chatstylebot.bot import server
from chatstylebot.card import Language
from chatstylebot.client import Client, Trouble, root
from chatstylebot.errors import UserError

Kind = Literal["clone", "base"]
KEY = "CSB_SERVER_KEY"  # for a server that was started by somebody else


@dataclass(frozen=True, slots=True)
class Side:
    """One of the models to talk to: where it is served, under which name, and as whom it is shown."""

    client: Client
    model: str
    kind: Kind
    name: str
    separator: str
    language: Language
    owner: bool = False  # whether the server takes our key for its owner's

    @property
    def shown(self) -> str:
        """As the story calls it."""
        return "the bare base model" if self.kind == "base" else self.name


class Sides(Protocol):
    """Where the clone and the base model come from."""

    def open(self, kind: Kind) -> Side:
        """The side, started if need be. Raises UserError."""
        ...


def sides(found: Any, client: Client) -> dict[Kind, Side]:
    """What a server offers, from its /v1/card. Raises UserError for an answer that is no gateway's."""
    try:
        name, separator = str(found["name"]), str(found["separator"]) or "\n"
        language: Language = "zh" if found["language"] == "zh" else "en"
        offered = {one["kind"]: str(one["id"]) for one in reversed(found["models"])}
        if not {"clone", "base"} & offered.keys():
            raise KeyError("models")
    except (KeyError, TypeError):
        raise UserError(f"{client.url} is no csb serve", f"csb serve --engine url --url {client.url}") from None
    shown = {"clone": name or "the clone", "base": "base"}
    kinds: tuple[Kind, ...] = ("clone", "base")
    return {
        kind: Side(client, offered[kind], kind, shown[kind], separator, language, found.get("owner") is True)
        for kind in kinds
        if kind in offered
    }


class There:
    """The models of a server that was started by somebody else."""

    def __init__(self, url: str, key: str, stack: ExitStack, loop: asyncio.Runner) -> None:
        """Raises UserError unless a gateway answers there that takes the key."""
        place, key = address(url, key)
        try:
            self._sides = _asked(place, key, stack, loop)
        except Trouble as error:
            if error.status in (401, 403):
                does = "refuses this key" if key else "asks for a key"
                raise UserError(f"{place} {does}", f"{KEY}=… csb chat --server {place}") from None
            if error.status == 429:
                raise UserError(f"{place} has too much to do: {error.message}", "try again in a minute") from None
            remedy = f"start csb serve there; before any other server: csb serve --engine url --url {place}/v1"
            raise UserError(f"no csb serve answers at {place}: {error.message}", remedy) from None

    def first(self) -> Kind:
        """What the server has: the clone, if it can."""
        return next(iter(self._sides))

    def open(self, kind: Kind) -> Side:
        """The side. Raises UserError where the server does not have it."""
        if kind not in self._sides:
            raise UserError(f"this server does not serve the {kind}", "csb serve --with-base serves both")
        return self._sides[kind]


def address(url: str, key: str) -> tuple[str, str]:
    """Where a server is and the key for it; the chat page's address, with the key in it, will do. Raises UserError."""
    place, _, hidden = url.partition("#key=")
    place, _, word = place.partition("#once=")
    if word:
        raise UserError("this link is for the chat page in a browser", f"{KEY}=… csb chat --server {place}")
    key = (key or hidden).strip()
    if not key.isascii():
        raise UserError("this key has letters that no server takes", f"{KEY}=… as it stands in .csb/keys there")
    place = place if "://" in place else f"http://{place}"
    return root(place), key


class Own:
    """Servers of this workspace: the one that runs already, or our own, started when they are wanted."""

    def __init__(
        self, workspace: Path, key: str, more: Mapping[Kind, Sequence[str]], stack: ExitStack, loop: asyncio.Runner
    ) -> None:
        """`more` are the options of csb serve for each side that there is."""
        self._workspace, self._key, self._more, self._stack, self._loop = workspace, key, more, stack, loop
        self._sides: dict[Kind, Side] = {}

    def open(self, kind: Kind) -> Side:
        """The side, its server started if need be. Raises UserError."""
        if kind not in self._more:
            raise UserError(
                "there is no base model beside the clone: the model at the url of clone.yaml is one, with your prompt",
                "csb chat --base --model qwen3 talks to one of this machine",
            )
        if kind not in self._sides:
            found = server.found(
                None, self._workspace, self._key, self._more[kind], progress.say, f"chat-{kind}", ("--chats", "1")
            )
            url = self._stack.enter_context(found)
            try:
                self._sides = _asked(url, self._key, self._stack, self._loop) | self._sides
            except Trouble as error:
                raise UserError(f"the server ended: {error.message}", "csb serve, to see why") from None
        if kind not in self._sides:
            raise UserError(f"the csb serve that runs here does not serve the {kind}", "stop it first (Ctrl-C there)")
        return self._sides[kind]


def _asked(url: str, key: str, stack: ExitStack, loop: asyncio.Runner) -> dict[Kind, Side]:
    """What the server at `url` offers. Raises Trouble, UserError."""
    client = Client(f"{url}/v1", key)
    stack.callback(lambda: loop.run(client.close()))
    return sides(loop.run(client.get("/v1/card")), client)
