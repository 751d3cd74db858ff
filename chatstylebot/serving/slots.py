"""A bounded queue before an engine: so many answers at once, so many waiting, the rest is told when to come again."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Full(Exception):
    """Too many are waiting; `retry_after` is in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("too many requests are waiting")
        self.retry_after = retry_after


class Slots:
    """First come, first served. A request takes as many slots as it wants answers, all at once."""

    def __init__(self, slots: int, waiting: int, patience: float) -> None:
        """`slots` answers at once, `waiting` requests in the queue, each for `patience` seconds at most."""
        self.slots, self.waiting, self.patience = slots, waiting, patience
        self.busy = 0
        self.queue: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._pace = 5.0  # seconds that an answer takes, a moving mean

    @asynccontextmanager
    async def take(self, wanted: int) -> AsyncIterator[None]:
        """Hold slots for one request. Raises Full when the queue is, or when the wait was too long."""
        wanted = min(wanted, self.slots)
        await self._enter(wanted)
        begin = time.monotonic()
        try:
            yield
        finally:
            self._pace += 0.2 * (time.monotonic() - begin - self._pace)
            self._leave(wanted)

    async def _enter(self, wanted: int) -> None:
        if not self.queue and self.busy + wanted <= self.slots:
            self.busy += wanted
            return
        self.check(wanted)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.queue.append((wanted, turn))
        try:
            async with asyncio.timeout(self.patience):  # wait_for loses a cancellation up to Python 3.11
                await turn
        except TimeoutError:
            self._give_up(wanted, turn)
            raise Full(self.retry_after()) from None
        except asyncio.CancelledError:
            self._give_up(wanted, turn)
            raise

    def check(self, wanted: int) -> None:
        """Raise Full when a request would be turned away now: before any work is done for it."""
        free = not self.queue and self.busy + min(wanted, self.slots) <= self.slots
        if not free and len(self.queue) >= self.waiting:
            raise Full(self.retry_after())

    def _give_up(self, wanted: int, turn: "asyncio.Future[None]") -> None:
        """Out of the queue; a slot that was given in the same moment goes back."""
        if (wanted, turn) in self.queue:
            self.queue.remove((wanted, turn))
            self._next()  # a smaller one behind it may fit now
        elif turn.done() and not turn.cancelled():
            self._leave(wanted)

    def _leave(self, held: int) -> None:
        self.busy -= held
        self._next()

    def _next(self) -> None:
        while self.queue and self.busy + self.queue[0][0] <= self.slots:
            wanted, turn = self.queue.popleft()
            if not turn.done():
                self.busy += wanted
                turn.set_result(None)

    def retry_after(self) -> int:
        """In how many seconds about half of those waiting will have been served: 1 to 60."""
        ahead = sum(wanted for wanted, _ in self.queue) + self.busy
        return int(min(max(ahead / self.slots * self._pace / 2, 1), 60))
