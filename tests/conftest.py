"""`csb` as a function, in a folder of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Csb = Callable[..., subprocess.CompletedProcess[str]]

# a shell's background job ignores Ctrl-C, and so would the programs that the tests interrupt
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder, and we are in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path  # type: ignore[return-value]


@pytest.fixture
def csb(place: Path) -> Csb:
    """Run `csb …` as its own process in `place`."""

    def call(*argv: object, code: int | None = 0, **env: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "chatstylebot", *map(str, argv)],
            capture_output=True,
            encoding="utf-8",
            cwd=place,
            env=os.environ | {"PYTHONUTF8": "1"} | env,
        )
        if code is not None:
            assert done.returncode == code, done.stdout + done.stderr
        return done

    return call


@pytest.fixture
def preprocess(csb: Csb, place: Path) -> Csb:
    """`csb preprocess` that holds nothing out unless told to."""

    def call(*argv: object, code: int | None = 0, **env: str) -> subprocess.CompletedProcess[str]:
        more = () if "--heldout" in argv else ("--heldout", "0")
        return csb("preprocess", *argv, *more, code=code, **env)

    return call
