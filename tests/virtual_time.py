"""An event loop whose clock jumps to the next thing that is due: hours pass in seconds, always in the same way."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any


class Jumping(selectors.DefaultSelector):
    """Waits for nothing: what it was to wait is added to the clock."""

    clock = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        found = super().select(0)
        if not found and timeout is None:
            raise RuntimeError("everybody waits for somebody: nothing will ever happen again")
        if not found and timeout:
            self.clock += timeout
        return found


class Loop(asyncio.SelectorEventLoop):
    """The loop; `time()` is seconds since it began."""

    def __init__(self) -> None:
        self._jumping = Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.clock


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """The result of the work."""
    with asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(work)
