"""A talk with the clone in the terminal: lines in, bubbles out as they come, the other model for comparison."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import Any

from chatstylebot import progress
from chatstylebot.bot import model
from chatstylebot.bot.sides import Kind, Side, Sides
from chatstylebot.client import Trouble
from chatstylebot.errors import UserError
from chatstylebot.words import begun

MOST = 20_000  # characters of a message
HELP = """\
/again   another answer to what you said last
/base    from now on the bare base model answers (/again: what you said last); once more: the clone again
/clear   forget this talk
/exit    leave, as Ctrl-D does; Ctrl-C stops an answer, drops a line half typed, and leaves at an empty one
A line that begins with // is sent with one / less; an empty line is no message."""


Recall = Callable[[str], dict[str, Any]]


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
        shown = len(self._rest) - begun(self._rest, self._separator)
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


async def pieces(side: Side, talk: Talk, **extra: Any) -> AsyncGenerator[str, None]:
    """The answer to the talk as it comes; `extra` is what the owner may tell the server. Raises Trouble."""
    told = ({"owner": True} if side.owner else {}) | extra
    body = {"model": side.model, "messages": model.messages(talk.turns)} | ({"csb": told} if told else {})
    async with contextlib.aclosing(side.client.stream(body)) as chunks:
        async for chunk in chunks:
            for choice in chunk.get("choices") or []:
                yield str((choice.get("delta") or {}).get("content") or "")


class Chat:
    """One talk: what each typed line does."""

    def __init__(
        self, sides: Sides, kind: Kind, loop: asyncio.Runner, write: Callable[[str], None], recall: Recall | None = None
    ) -> None:
        """`recall` gives what the owner tells the server beside a question: what is remembered, who asks."""
        self._sides, self._loop, self._write, self._recall = sides, loop, write, recall
        self.side, self.talk = sides.open(kind), Talk()

    def ask(self, question: str) -> str:
        """Put one question, and show the answer; one without an answer is as if it had not been put. Raises Trouble."""
        self.talk.hear(question)
        try:
            answer = self._loop.run(self._told())
        except Trouble:
            self.talk.turns.pop()
            raise
        self.talk.turns.append(("assistant", answer))
        return answer

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
        extra = self._recall(self.talk.turns[-1][1]) if self._recall else {}
        try:
            async for piece in pieces(self.side, self.talk, **extra):
                said += piece
                shown.feed(piece)
        finally:
            shown.end()
        if not said.strip():
            raise Trouble("the answer was empty")
        return said
