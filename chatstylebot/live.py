"""What a file says as it stands now: read again as soon as it is another one."""

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from chatstylebot import progress
from chatstylebot.errors import UserError

Value = TypeVar("Value")


class Live(Generic[Value]):
    """The value of a file that its owner edits while we run. Raises UserError where it cannot be read at first; while
    it cannot be read later, `instead` counts, or what it said before."""

    def __init__(self, path: Path, read: Callable[[], Value], instead: Value | None = None) -> None:
        self._path, self._read, self._instead = path, read, instead
        self._seen = self._stamp()
        self._value = read()

    def __call__(self) -> Value:
        """The value; the same object as long as the file is the same."""
        if (stamp := self._stamp()) != self._seen:
            self._seen = stamp
            try:
                self._value = self._read()
            except UserError as error:
                if self._instead is not None:
                    self._value = self._instead
                    progress.say(f"note: {error.problem}: until it can be read, nobody is told what it allows")
                else:
                    progress.say(f"note: {error.problem}: {self._path.name} as it was stays in force")
        return self._value

    def _stamp(self) -> tuple[int, int]:
        try:
            told = self._path.stat()
        except OSError:
            return 0, 0
        return told.st_mtime_ns, told.st_size
