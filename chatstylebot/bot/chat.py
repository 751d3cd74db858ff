"""A talk with the clone in the terminal: lines in, bubbles out as they come, the other model for comparison."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from chatstylebot import progress
from chatstylebot.bot import server
from chatstylebot.client import Client, Trouble
from chatstylebot.errors import UserError

Kind = Literal["clone", "base"]
MOST = 20_000  # characters of a message
KEY = "CSB_SERVER_KEY"  # for a server that was started by somebody else
HELP = """\
/again   another answer to what you said last
/base    from now on the bare base model answers (/again: what you said last); once more: the clone again
/clear   forget this talk
/exit    leave, as Ctrl-D does; Ctrl-C stops an answer, drops a line half typed, and leaves at an empty one
A line that begins with // is sent with one / less; an empty line is no message."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the models to talk to: where it is served, under which name, and as whom it is shown."""

    client: Client
    model: str
    kind: Kind
    name: str
    separator: str
    language: Literal["zh", "en"]

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
        language: Literal["zh", "en"] = "zh" if found["language"] == "zh" else "en"
        offered = {one["kind"]: str(one["id"]) for one in reversed(found["models"])}
        if not {"clone", "base"} & offered.keys():
            raise KeyError("models")
    except (KeyError, TypeError):
        raise UserError(f"{client.url} is no csb serve", f"csb serve --engine url --url {client.url}") from None
    shown = {"clone": name or "the clone", "base": "base"}
    kinds: tuple[Kind, ...] = ("clone", "base")
    return {
        kind: Side(client, offered[kind], kind, shown[kind], separator, language) for kind in kinds if kind in offered
    }


class There:
    """The models of a server that was started by somebody else."""

    def __init__(self, url: str, key: str, stack: ExitStack, loop: asyncio.Runner) -> None:
        """Raises UserError unless a gateway answers there that takes the key."""
        root, key = address(url, key)
        try:
            self._sides = _asked(root, key, stack, loop)
        except Trouble as error:
            if error.status in (401, 403):
                does = "refuses this key" if key else "asks for a key"
                raise UserError(f"{root} {does}", f"{KEY}=… csb chat --server {root}") from None
            if error.status == 429:
                raise UserError(f"{root} has too much to do: {error.message}", "try again in a minute") from None
            remedy = f"start csb serve there; before any other server: csb serve --engine url --url {root}/v1"
            raise UserError(f"no csb serve answers at {root}: {error.message}", remedy) from None

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
    key = (key or hidden).strip()
    if not key.isascii():
        raise UserError("this key has letters that no server takes", f"{KEY}=… as it stands in .csb/keys there")
    place = place if "://" in place else f"http://{place}"
    return place.rstrip("/").removesuffix("/v1"), key


class Own:
    """Servers of this workspace: the one that runs already, or our own, started when they are wanted."""

    def __init__(
        self, workspace: Path, key: str, more: Mapping[Kind, Sequence[str]], stack: ExitStack, loop: asyncio.Runner
    ) -> None:
        """`more` are the options of csb serve for each side."""
        self._workspace, self._key, self._more, self._stack, self._loop = workspace, key, more, stack, loop
        self._sides: dict[Kind, Side] = {}

    def open(self, kind: Kind) -> Side:
        """The side, its server started if need be. Raises UserError."""
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


@dataclass
class Talk:
    """What was said, in turns; the last is the clone's, or one that waits for an answer."""

    turns: list[tuple[str, str]] = field(default_factory=list)

    def hear(self, text: str) -> None:
        """The user said something."""
        self.turns.append(("user", text))

    def again(self) -> bool:
        """Take the last answer back; whether there is anything to answer."""
        if self.turns and self.turns[-1][0] == "assistant":
            self.turns.pop()
        return bool(self.turns)

    @property
    def messages(self) -> list[dict[str, str]]:
        """As the server wants them."""
        return [{"role": role, "content": text} for role, text in self.turns]


class Bubbles:
    """A reply on the screen, a line for each bubble, as it comes."""

    def __init__(self, name: str, separator: str, write: Callable[[str], None]) -> None:
        self._name, self._separator, self._write = name, separator, write
        self._rest = self._blank = ""
        self._begun = False

    def feed(self, text: str) -> None:
        """Show what can be shown."""
        *whole, self._rest = (self._rest + text).split(self._separator)
        for bubble in whole:
            self._show(bubble)
            self._end()
        held = next((n for n in range(len(self._separator) - 1, 0, -1) if self._rest.endswith(self._separator[:n])), 0)
        shown = len(self._rest) - held
        self._show(self._rest[:shown])
        self._rest = self._rest[shown:]

    def end(self) -> None:
        """Show the rest and end the line."""
        self._show(self._rest)
        self._rest = ""
        self._end()

    def _show(self, text: str) -> None:
        text = self._blank + text if self._begun else text.lstrip()
        words = text.rstrip()
        self._blank = text[len(words) :] if words or self._begun else ""
        if words:
            self._write(("" if self._begun else f"{self._name}: ") + progress.plain(words))
            self._begun = True

    def _end(self) -> None:
        if self._begun:
            self._write("\n")
        self._begun, self._blank = False, ""


async def pieces(side: Side, talk: Talk) -> AsyncGenerator[str, None]:
    """The answer to the talk as it comes. Raises Trouble."""
    body = {"model": side.model, "messages": talk.messages}
    async with contextlib.aclosing(side.client.stream(body)) as chunks:
        async for chunk in chunks:
            for choice in chunk.get("choices") or []:
                yield str((choice.get("delta") or {}).get("content") or "")


class Chat:
    """One talk: what each typed line does."""

    def __init__(self, sides: Sides, kind: Kind, loop: asyncio.Runner, write: Callable[[str], None]) -> None:
        self._sides, self._loop, self._write = sides, loop, write
        self.side, self.talk = sides.open(kind), Talk()

    def line(self, typed: str) -> bool:
        """Do what was typed; False when the user wants to leave."""
        text = typed.strip()
        if text.startswith("/") and not text.startswith("//"):
            return self._command(text)
        if len(text) > MOST:
            progress.say(f"that line has {len(text):,} characters, and is left out: a message has {MOST:,} at most")
        elif text:
            self.talk.hear(text.removeprefix("/") if text.startswith("//") else text)
            self._answer()
        return True

    def _command(self, word: str) -> bool:
        match word:
            case "/exit" | "/quit":
                return False
            case "/again":
                if self.talk.again():
                    self._answer()
                else:
                    progress.say("nothing was said yet")
            case "/base":
                self._turn("clone" if self.side.kind == "base" else "base")
            case "/clear":
                self.talk = Talk()
                progress.say("this talk is forgotten")
            case "/help":
                progress.say(HELP)
            case _:
                progress.say(f"{word} is no command: /help lists them; //… sends a line that begins with /")
        return True

    def _turn(self, kind: Kind) -> None:
        try:
            self.side = self._sides.open(kind)
        except KeyboardInterrupt:
            progress.say(f"\n(stopped; {self.side.shown} still answers)")
        except UserError as error:
            progress.say(error.lines)
        else:
            progress.say(f"now {self.side.shown} answers")

    def _answer(self) -> None:
        """Ask, and show the answer; one that was stopped or failed leaves the question where it is."""
        try:
            said = self._loop.run(self._told())
        except KeyboardInterrupt:
            progress.say("\n(stopped; /again asks once more)")
        except Trouble as error:
            remedy = "/again"
            if error.status in (400, 413):  # it would be refused again, and all that is said after it
                self.talk.turns.pop()
                remedy = "say it in fewer words, or /clear: what you said is left out"
            elif not error.status:
                remedy = "/again in a moment; if that does not help, leave, and csb chat once more"
            progress.say(f"error: {error.message}\ntry: {remedy}")
        else:
            self.talk.turns.append(("assistant", said))

    async def _told(self) -> str:
        said, shown = "", Bubbles(self.side.name, self.side.separator, self._write)
        try:
            async for piece in pieces(self.side, self.talk):
                said += piece
                shown.feed(piece)
        finally:
            shown.end()
        if not said.strip():
            raise Trouble("the answer was empty")
        return said
