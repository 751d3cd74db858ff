"""Answers on the disk as they come, so that a long run that was cut off goes on; forgotten when it is whole."""

import json
import os
from pathlib import Path
from typing import Any

from chatstylebot import files
from chatstylebot.errors import UserError


class Journal:
    """JSON lines in a private file: `head`, which says what run it belongs to, then one key and value a line."""

    def __init__(self, path: Path, head: str) -> None:
        self._path = path
        self.found = self._read(head)
        try:
            files.private_folder(path.parent)
            if not self.found:
                files.write(path, json.dumps({"head": head}) + "\n", private=True)
            self._file = path.open("a", encoding="utf-8")
        except OSError as error:
            raise UserError(f"cannot write {path}: {error.strerror}", f"make {path.parent} writable") from None

    def _read(self, head: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if not self._path.is_file():
            return found
        first, *lines = self._path.read_text("utf-8", "replace").split("\n")
        if first != json.dumps({"head": head}):
            return found  # of another run
        for line in lines:
            try:
                found.update(json.loads(line or "{}"))
            except ValueError:  # cut off in the middle: asked again
                continue
        return found

    def add(self, key: str, value: Any) -> None:
        """One more; when this returns, it is on the disk. Raises UserError."""
        try:
            self._file.write("\n" + json.dumps({key: value}) + "\n")  # after a line that was cut off
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise UserError(f"cannot write {self._path}: {error.strerror}", "make room, and try again") from None
        self.found[key] = value

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def end(self) -> None:
        """The run is whole: nothing of it is needed any more."""
        self.close()
        self._path.unlink(missing_ok=True)
