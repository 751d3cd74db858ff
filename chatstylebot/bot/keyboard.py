"""What is typed where the bot runs: the answer to a question that is open, else a line for whoever listens.

One reader for both: two would take each other's lines.
"""

import asyncio
import os
from collections import deque
from collections.abc import Awaitable, Callable

from chatstylebot.bot.channels.terminal import lines


class Keyboard:
    """The lines of a terminal or a pipe, from the first `ask` or `listen` on; both belong to one loop."""

    def __init__(self, source: int = 0) -> None:
        self._source = source
        self._reading: asyncio.Task[None] | None = None
        self._asked: deque[asyncio.Future[str]] = deque()
        self._heard: Callable[[str], Awaitable[None]] | None = None
        self._early: deque[str] = deque()  # lines that came before anybody wanted them

    async def ask(self, question: str) -> str:
        """The line typed next; "" when no more can come."""
        if os.isatty(self._source):
            self._early.clear()  # typed before it was asked
        self._start()
        os.write(2, question.encode())
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        if self._over or self._early:
            answer.set_result(self._early.popleft() if self._early else "")
        self._asked.append(answer)
        try:
            line = await answer
            if self._over and not line:
                os.write(2, b"\n")  # nobody answered: the next line begins at the left
            return line
        finally:
            self._asked.remove(answer)

    async def listen(self, heard: Callable[[str], Awaitable[None]]) -> None:
        """Hand on every line that answers no question, until the end of the input."""
        self._heard = heard
        await self._start()

    def _start(self) -> "asyncio.Task[None]":
        self._reading = self._reading or asyncio.create_task(self._read())
        return self._reading

    @property
    def _over(self) -> bool:
        return self._reading is not None and self._reading.done()

    async def _read(self) -> None:
        async for line in lines(self._source):
            if open := next((each for each in self._asked if not each.done()), None):
                open.set_result(line)
            elif self._heard:
                await self._heard(line)
            else:
                self._early.append(line)
        for each in self._asked:
            if not each.done():
                each.set_result("")
