"""`csb serve` as a process: found by its workspace's own programs, and ended in order, whatever is being answered."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from patience import LIMIT, until
from screen import Screen
from test_bot_server import ENV

from chatstylebot import processes
from chatstylebot.processes import free_port
from chatstylebot.workspace import Workspace

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of a POSIX system")


@contextmanager
def serving(place: Path, url: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """`csb serve --url …` in a workspace, and its address."""
    (place / "clone.yaml").write_text("name: Mia\nlanguage: en\n")
    port = free_port()
    line = [sys.executable, "-m", "chatstylebot", "serve", "--url", url, "--port", str(port)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **processes.mortal()}
    with subprocess.Popen(line, cwd=place, env=ENV, encoding="utf-8", **pipes) as process:  # type: ignore[call-overload]
        try:
            yield process, f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def ready(url: str) -> None:
    def answers() -> bool:
        try:
            return httpx.get(f"{url}/readyz").status_code == 200
        except httpx.HTTPError:
            return False

    until(answers)


def slow(stream: bool) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": "well !sleep 600 too late"}], "stream": stream}


def test_who_is_being_answered_when_it_ends_is_told_so(place: Path, engine: str) -> None:
    with serving(place, engine) as (process, url):
        ready(url)
        whole: list[httpx.Response] = []
        waiting = threading.Thread(
            target=lambda: whole.append(httpx.post(f"{url}/v1/chat/completions", json=slow(False), timeout=LIMIT))
        )
        waiting.start()
        with httpx.stream("POST", f"{url}/v1/chat/completions", json=slow(True), timeout=LIMIT) as answer:
            lines = answer.iter_lines()
            assert any("well" in line for line in lines)
            until(lambda: 'csb_slots_busy{model="clone"} 2.0' in httpx.get(f"{url}/metrics").text)
            process.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGINT)  # without patience
            rest = [line for line in lines if line]
        waiting.join(LIMIT)
        _, told = process.communicate(timeout=LIMIT)
    assert json.loads(rest[-2].removeprefix("data: "))["error"]["code"] == "engine_unavailable"
    assert rest[-1] == "data: [DONE]"
    assert whole[0].status_code == 503
    assert whole[0].json()["error"]["code"] == "engine_unavailable"
    assert "Traceback" not in told
    assert process.returncode in (130, -signal.SIGINT)


def test_a_server_elsewhere_that_is_away_is_told_at_once_and_nobody_waits(place: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # never listens
        with serving(place, f"http://127.0.0.1:{nobody.getsockname()[1]}/v1") as (process, url):
            assert process.stderr is not None
            assert any("does not answer" in line for line in process.stderr)
            body = {"messages": [{"role": "user", "content": "hi"}]}
            assert httpx.post(f"{url}/v1/chat/completions", json=body, timeout=LIMIT).status_code == 503


def test_the_server_of_a_workspace_is_found_there_and_nowhere_else(place: Path, engine: str) -> None:
    own = Workspace(place)
    assert own.server() is None
    with serving(place, engine) as (process, url):
        until(own.server)
        assert own.server() == url
        done = subprocess.run(
            [sys.executable, "-m", "chatstylebot", "chat"], cwd=place, input="hi\n", env=ENV, capture_output=True,
            encoding="utf-8", timeout=LIMIT,
        )  # fmt: skip
        assert done.stdout == "Mia: hi\n"
        assert f"the server at {url} is used" in done.stderr
        process.kill()
        process.wait(LIMIT)
        # what is written there by a server that is gone, or by anybody else, is no server
        assert own.server_url.read_text().strip() == url
        assert own.server() is None


def test_on_a_terminal_there_is_always_one_link_that_opens_the_page_and_each_opens_it_once(
    place: Path, engine: str
) -> None:
    (place / "clone.yaml").write_text("name: Mia\nlanguage: en\n")
    port = free_port()
    screen = Screen(place, "serve", "--url", engine, "--port", str(port), **ENV)
    screen.wait("Ctrl-C stops it")
    keys = Workspace(place).keys.read_text("utf-8")

    def shown() -> list[str]:
        return re.findall(rf"http://127\.0\.0\.1:{port}/#once=([\w-]+)\s", screen.text)

    def opened(word: str) -> httpx.Response:
        return httpx.post(f"http://127.0.0.1:{port}/v1/links/open", json={"once": word})

    [first] = shown()
    key = opened(first).json()["key"]
    assert f"owner {key}\n" in keys
    until(lambda: len(shown()) == 2)
    assert opened(first).status_code == 410
    assert opened(shown()[1]).json() == {"key": key}
    screen.interrupt()
    screen.end()
    assert key not in screen.text
