"""`csb` as a function, in a folder of its own."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import tiny_workspace

from chatstylebot import processes

if TYPE_CHECKING:
    from selenium import webdriver

Csb = Callable[..., subprocess.CompletedProcess[str]]

# a shell's background job ignores Ctrl-C, and so would the programs that the tests interrupt
signal.signal(signal.SIGINT, signal.default_int_handler)
# torch's threads do not spin either in what the tests run themselves
os.environ.update(processes.calm())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with the real engine first: begun last, one of them would run alone at the end, beside an idle core."""
    slow = {item.path for item in items if item.get_closest_marker("engine")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session", autouse=True)
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where base models of all workspaces go: no test finds one of the person who runs it."""
    folder: Path = tmp_path_factory.mktemp("library")
    os.environ["CSB_MODELS"] = str(folder)
    return folder


@pytest.fixture(scope="module")
def engine() -> Iterator[str]:
    """Somebody's OpenAI-style server: its address."""
    from gateway import alone

    with alone() as address:
        yield address


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder, and we are in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path  # type: ignore[return-value]


@pytest.fixture
def csb(place: Path) -> Csb:
    """Run `csb …` as its own process in `place`."""

    return partial(tiny_workspace.csb, place)


@pytest.fixture
def preprocess(csb: Csb, place: Path) -> Csb:
    """`csb preprocess` that holds nothing out unless told to."""

    def call(*argv: object, code: int | None = 0, **env: str) -> subprocess.CompletedProcess[str]:
        more = () if "--heldout" in argv else ("--heldout", "0")
        return csb("preprocess", *argv, *more, code=code, **env)

    return call


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator["webdriver.Chrome"]:
    """A headless Chromium for the tests of one file."""
    import browser

    driver = browser.start(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()
