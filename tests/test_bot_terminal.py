"""Drafts decided at the terminal in which `csb bot run` runs: a pseudo terminal, a real QQ client, a real gateway."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gateway import OWNER, Running, fake, limits, running
from onebot_client import Client, connected
from patience import soon
from screen import Screen
from test_bot import CLONE

from chatstylebot.card import Card
from chatstylebot.contacts import Contact
from chatstylebot.processes import free_port

PEOPLE = 'wx_bob: {name: Bob, policy: draft, aliases: {onebot: "20002"}}\n'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("gw")
    card = Card(name="Mia", language="en")
    with running(folder, [fake(folder)], card, limits(), contacts={"wx_bob": Contact(name="Bob")}) as found:
        yield found


async def until(true: Callable[[], object], screen: Screen) -> None:
    await soon(true, lambda: screen.text)


def test_send_edit_and_no_typed_below_the_draft_are_done_and_all_three_are_feedback(
    tmp_path: Path, server: Running
) -> None:
    (tmp_path / "clone.yaml").write_text(CLONE, "utf-8")
    (tmp_path / "contacts.yaml").write_text(PEOPLE, "utf-8")
    token = tmp_path / ".csb" / "bot" / "onebot" / "token"

    async def scene() -> None:
        port = free_port()
        line = ("bot", "run", "onebot", "--server", server.url, "--port", str(port), "--owner", "20009")
        screen = Screen(tmp_path, *line, CSB_OWNER_KEY=OWNER)
        try:
            await until(lambda: "waiting for the QQ client" in screen.text and token.is_file(), screen)
            async with connected(Client(port, token.read_text("utf-8").strip())) as qq:
                await qq.push(qq.private(20002, "are you in"))
                await until(lambda: "draft 1 for" in screen.text, screen)
                assert "are you in\n  → are you in" in screen.text
                assert "send 1, edit 1: …, or no 1" in screen.text
                screen.type("what now\n")  # no decision: what can be decided is told
                await until(lambda: "drafts: 1; send N, edit N: TEXT, or no N" in screen.text, screen)
                assert qq.texts(20002) == []
                screen.type("edit 1: not today\n")
                await until(lambda: qq.texts(20002) == ["not today"], screen)
                await qq.push(qq.private(20002, "and tomorrow"))
                await until(lambda: "send 2, edit 2: …, or no 2" in screen.text, screen)
                screen.type("no 2\n")
                await until(lambda: "rejected" in screen.text, screen)
                await qq.push(qq.private(20002, "then never"))
                await until(lambda: "send 3, edit 3: …, or no 3" in screen.text, screen)
                screen.type("发 3\n")
                await until(lambda: len(qq.texts(20002)) == 3, screen)
                # what got no answer belongs to what is answered next, and the model here says what it hears
                assert qq.texts(20002) == ["not today", "and tomorrow", "then never"]
                await until(lambda: len(votes(server)) == 3, screen)
        finally:
            screen.interrupt()
            code = await asyncio.to_thread(screen.end)
        assert code in (0, 130)
        assert "Traceback" not in screen.text

    asyncio.run(scene())
    assert votes(server) == [("edited", "not today"), ("rejected", None), ("good", None)]


def votes(server: Running) -> list[tuple[str, str | None]]:
    return [(vote.verdict, vote.text) for vote in server.state.votes.records()]  # type: ignore[attr-defined]
