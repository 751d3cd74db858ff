"""Records of feedback for the tests: `record(id, ...)` with sane values for the rest."""

from datetime import UTC, datetime, timedelta
from typing import Any

from chatstylebot.feedback.records import Message, Record

START = datetime(2024, 5, 1, 12, tzinfo=UTC)
SYSTEM = "You are Mia, texting with a friend. Reply the way you always text."


def prompt(*turns: str, system: str = SYSTEM) -> tuple[Message, ...]:
    """The system prompt and turns, the first of them the user's."""
    talk = (Message("assistant" if n % 2 else "user", text) for n, text in enumerate(turns))
    return (Message("system", system), *talk)


def record(id: str, minute: int = 0, /, *turns: str, **more: Any) -> Record:
    """A thumb up on the one answer "yo", unless told otherwise."""
    values: dict[str, Any] = {
        "id": id,
        "at": START + timedelta(minutes=minute),
        "source": "page",
        "contact": None,
        "model": "smollm2",
        "adapter": "abc123",
        "messages": prompt(*(turns or ("hi",))),
        "candidates": ("yo",),
        "verdict": "good",
    }
    return Record(**values | more)
