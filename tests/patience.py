"""Waiting for what must come true: for the condition, never for a time, and long enough for a busy machine."""

import asyncio
import time
from collections.abc import Callable

LIMIT = 300  # seconds after which something has failed; a quiet machine needs a fraction of one


def until(true: Callable[[], object], what: Callable[[], object] = lambda: "it did not come true") -> None:
    """Wait in a thread; `what` is told when it never comes true."""
    end = time.monotonic() + LIMIT
    while not true():
        assert time.monotonic() < end, what()
        time.sleep(0.02)


async def soon(true: Callable[[], object], what: Callable[[], object] = lambda: "it did not come true") -> None:
    """Wait in an event loop."""
    end = time.monotonic() + LIMIT
    while not true():
        assert time.monotonic() < end, what()
        await asyncio.sleep(0.005)
