"""HTTP/1.1 as uvicorn speaks it, without patience for clients that send their request drop by drop (slow-loris).

Nor for those that do not read their answer: it would hold its slot as long as they like.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

SECONDS = 20.0  # from the first byte of a request to its last, and from a connection to its first request
STUCK = 60.0  # in which a client takes nothing of what waits for it


class PunctualProtocol(H11Protocol):
    """Closes a connection whose request is not there in time; answering may take as long as it takes."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._alarm: asyncio.TimerHandle | None = None
        self._stuck: asyncio.TimerHandle | None = None
        self._await()

    def data_received(self, data: bytes) -> None:
        if self._alarm is None and self._complete():  # the first byte of the next request
            self._await()
        super().data_received(data)
        if self._received():
            self._rest()

    def connection_lost(self, exc: Exception | None) -> None:
        self._rest()
        self._flowing()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._flowing()
        self._stuck = self.loop.call_later(STUCK, self.transport.abort)

    def resume_writing(self) -> None:
        self._flowing()
        super().resume_writing()

    def _complete(self) -> bool:
        """Whether nothing is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def _received(self) -> bool:
        """Whether a request is there, body included."""
        return self.cycle is not None and not self.cycle.more_body

    def _await(self) -> None:
        self._rest()
        self._alarm = self.loop.call_later(SECONDS, self._late)

    def _rest(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _flowing(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def _late(self) -> None:
        self._alarm = None
        if not self._received() or self._complete():
            self.transport.close()
