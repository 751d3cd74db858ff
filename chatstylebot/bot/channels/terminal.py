"""The terminal as a channel: lines in, bubbles out, on a screen or a pipe."""

import asyncio
import codecs
import os
import secrets
import sys
import threading
import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import TextIO

from chatstylebot.bot.heard import Chat, Hear, Heard, NotSent, Who

OWNER = Chat("terminal", "owner", "owner")
DOTS = "…"


class Terminal:
    """Each line that is typed is a message of the owner or, with `contact`, of that contact.

    `called`: who speaks, before every bubble on a screen. At the end of the input `rest` is awaited: it returns when
    every answer that is still to come has come.
    """

    name, length, most = "terminal", 4000, 0

    def __init__(
        self, contact: Who | None = None, *, called: str = "", source: int = 0, output: TextIO | None = None,
        rest: Callable[[], Awaitable[None]] | None = None, now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        # the owner is no contact, whatever a contact is called
        self.chat = Chat("terminal", "contact", contact.id) if contact else OWNER
        self._contact, self._name = (contact.id, contact.name) if contact else ("", OWNER.id)
        self._source, self._output = source, output or sys.stdout
        self._rest, self._now = rest, now
        self._called, self._dots = called, False

    async def run(self, hear: Hear) -> None:
        """Bring every line until the input ends."""
        async for line in lines(self._source):
            if text := line.strip():
                await hear(self._heard(text))
        if self._rest:
            await self._rest()

    def _heard(self, text: str) -> Heard:
        id, owner = secrets.token_hex(8), self.chat == OWNER
        return Heard(self.chat, id, self.chat.id, self._name, text, self._now(), owner=owner, contact=self._contact)

    async def send(self, chat: Chat, text: str, id: str) -> None:
        """Print one bubble. Raises NotSent when nobody can read it any more."""
        self._erase()
        called = f"{self._called}: " if self._called and self._output.isatty() else ""
        self._print(_plain(called + text) + "\n")

    async def typing(self, chat: Chat, on: bool) -> None:
        """Show dots on a screen; a pipe gets none."""
        if not self._output.isatty():
            return
        if on and not self._dots:
            self._dots = True
            self._quietly(f"\r{DOTS}")
        elif not on:
            self._erase()

    def _erase(self) -> None:
        if self._dots:
            self._dots = False
            self._quietly("\r" + " " * len(DOTS) + "\r")

    def _quietly(self, text: str) -> None:
        try:
            self._print(text)
        except NotSent:
            return

    def _print(self, text: str) -> None:
        encoding = self._output.encoding or "utf-8"
        try:
            self._output.write(text.encode(encoding, "replace").decode(encoding))
            self._output.flush()
        except (OSError, ValueError):  # ValueError: it was closed
            raise NotSent("the terminal is gone") from None


def _plain(text: str) -> str:
    """The text without what would steer the terminal."""
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) != "Cc")


async def lines(source: int = 0) -> AsyncIterator[str]:
    """The lines of a file, a pipe or a terminal as they come, until its end."""
    found: asyncio.Queue[str | None] = asyncio.Queue()
    # a thread, for files and Windows' console cannot be waited for in the loop; it dies with the process
    threading.Thread(target=_read, args=(source, found, asyncio.get_running_loop()), daemon=True).start()
    while (line := await found.get()) is not None:
        yield line


def _read(source: int, lines: asyncio.Queue[str | None], loop: asyncio.AbstractEventLoop) -> None:
    try:
        for line in _lines(source):
            loop.call_soon_threadsafe(lines.put_nowait, line)
        loop.call_soon_threadsafe(lines.put_nowait, None)
    except RuntimeError:  # the loop is closed: nobody reads any more
        return


def _lines(source: int) -> Iterator[str]:
    """The lines as soon as they are there. Not through sys.stdin: its lock would be held when the process ends."""
    decoder = codecs.getincrementaldecoder(_encoding(source))("replace")
    text = ""
    while chunk := _chunk(source):
        *whole, text = (text + decoder.decode(chunk)).split("\n")
        yield from whole
    if text := text + decoder.decode(b"", True):
        yield text


def _encoding(source: int) -> str:
    return (sys.stdin.encoding or "utf-8") if source == 0 and sys.stdin else "utf-8"


def _chunk(source: int) -> bytes:
    try:
        return os.read(source, 65_536)
    except OSError:  # a pseudo terminal whose other side is gone says EIO
        return b""
