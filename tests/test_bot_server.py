"""The server that a bot starts for itself: the real `csb bot run` and its real `csb serve`, before a fake engine."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from gateway import ENGINE_KEY
from patience import LIMIT, until
from test_bot import CLONE, PEOPLE
from test_supervisor import alive

from chatstylebot.bot import model
from chatstylebot.bot.actions import Ask
from chatstylebot.bot.heard import Chat
from chatstylebot.client import Client, Trouble

ENV = os.environ | {"CSB_ENGINE_KEY": ENGINE_KEY, "PYTHONUTF8": "1"}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "clone.yaml").write_text(CLONE, "utf-8")
    (tmp_path / "contacts.yaml").write_text(PEOPLE, "utf-8")
    return tmp_path


def start(workspace: Path, *more: str) -> "subprocess.Popen[str]":
    line = [sys.executable, "-m", "chatstylebot", "bot", "run", "terminal", *more]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(line, cwd=workspace, env=ENV, encoding="utf-8", **pipes)  # type: ignore[call-overload]


def children(pid: int) -> list[int]:
    """The processes under this one, of every depth."""
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()
    return [one for child in found for one in (int(child), *children(int(child)))]


def heard(bot: "subprocess.Popen[str]", line: str) -> str:
    """What comes back for a line."""
    assert bot.stdin
    assert bot.stdout
    bot.stdin.write(line + "\n")
    bot.stdin.flush()
    return bot.stdout.readline()


def test_a_server_of_its_own_is_started_and_ended_with_the_bot(workspace: Path, engine: str) -> None:
    with start(workspace, f"--serve=--url={engine}") as bot:
        assert heard(bot, "hello there") == "hello there\n"
        under = children(bot.pid)
        assert len(under) >= 2  # the leash and the server
        _, told = bot.communicate("", timeout=LIMIT)
    assert bot.returncode == 0
    assert "engine: url" in told
    assert "hello" not in told
    until(lambda: not any(alive(pid) for pid in under))


def test_kill_9_of_the_bot_leaves_no_server_behind(workspace: Path, engine: str) -> None:
    with start(workspace, f"--serve=--url={engine}") as bot:
        assert heard(bot, "hello") == "hello\n"
        under = children(bot.pid)
        bot.kill()
        bot.communicate(timeout=LIMIT)
    until(lambda: not any(alive(pid) for pid in under))


def test_a_server_that_cannot_start_says_why_in_its_own_words(workspace: Path) -> None:
    with start(workspace, "--serve=--gguf=nowhere.gguf") as bot:
        said, told = bot.communicate("hi\n", timeout=LIMIT)
    assert (bot.returncode, said) == (1, "")
    assert told.splitlines()[-2:] == ["error: there is no file nowhere.gguf", "try: check the path of --gguf"]


def test_an_option_that_the_server_does_not_know_is_an_error_with_the_log(workspace: Path) -> None:
    with start(workspace, "--serve=--no-such-option") as bot:
        said, told = bot.communicate("hi\n", timeout=LIMIT)
    assert (bot.returncode, said) == (1, "")
    assert "--no-such-option" in told
    assert told.splitlines()[-1].startswith("try: ")
    assert "Traceback" not in told


def test_a_server_that_dies_is_started_again_and_the_question_answered_once(workspace: Path, engine: str) -> None:
    with start(workspace, f"--serve=--url={engine}") as bot:
        assert heard(bot, "one") == "one\n"
        for pid in reversed(children(bot.pid)):
            os.kill(pid, signal.SIGKILL)
        said, told = bot.communicate("two\n", timeout=LIMIT)
    assert said == "two\n"
    assert "the server ended by itself; it is started again in 1 s" in told
    assert "Traceback" not in told
    assert bot.returncode == 0


def test_an_answer_of_another_shape_is_trouble_that_says_so(engine: str) -> None:
    async def asked() -> None:
        client = Client(engine, ENGINE_KEY)  # an engine, which gives its answers no id: no gateway
        try:
            await model.answer(client, Ask(Chat("terminal", "me", "me"), 1, (("user", "hello"),), None))
        finally:
            await client.close()

    with pytest.raises(Trouble, match="another shape"):
        asyncio.run(asked())


def test_the_fake_engine_is_no_gateway_of_ours(workspace: Path, engine: str) -> None:
    assert httpx.get(engine + "/models", headers={"Authorization": f"Bearer {ENGINE_KEY}"}).status_code == 200
    with start(workspace, "--server", engine) as bot:
        said, told = bot.communicate("hi\n", timeout=LIMIT)
    assert (bot.returncode, said) == (1, "")
    assert "is no csb serve of this workspace" in told
