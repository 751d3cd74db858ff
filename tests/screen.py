"""A `csb` in a pseudo terminal: what stands on the screen, and what is typed."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from patience import LIMIT, until


class Screen:
    """One program at work; `end` waits for it."""

    def __init__(self, place: Path, *argv: str, **env: str) -> None:
        pty = pytest.importorskip("pty")
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "chatstylebot", *argv], cwd=place, stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True, env=os.environ | {"PYTHONUTF8": "1", "TERM": "dumb"} | env,
        )  # fmt: skip
        os.close(slave)
        self._seen = b""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # the other side is gone
            while chunk := os.read(self._master, 65_536):
                self._seen += chunk

    @property
    def raw(self) -> str:
        """Every character that came, those that steer a terminal among them."""
        return self._seen.decode("utf-8", "replace")

    @property
    def text(self) -> str:
        """Everything that has stood there, without what steers a terminal."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", self.raw)

    def type(self, text: str) -> None:
        """Letters as they are; a line ends with its own line end."""
        os.write(self._master, text.encode())

    def wait(self, words: str, times: int = 1) -> None:
        """Until the words have stood there so often; a program that has ended says nothing more."""

        def there() -> bool:
            return self.text.count(words) >= times

        until(lambda: there() or not (self.process.poll() is None or self._reader.is_alive()), lambda: self.text)
        assert there(), self.text

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def end(self) -> int:
        """The exit status of the program, which ends by itself."""
        code = self.process.wait(LIMIT)
        self._reader.join(LIMIT)
        os.close(self._master)
        return code
