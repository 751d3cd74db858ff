"""The runner: what goes wrong where nobody waits for it is not swallowed."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import virtual_time
from bot_world import OWNER, START, frame

from chatstylebot.bot import session
from chatstylebot.bot.actions import Count, Tell
from chatstylebot.bot.heard import Chat, Hear, Heard
from chatstylebot.bot.runner import Outside, Runner
from chatstylebot.bot.store import Store
from chatstylebot.bot.talk import State
from chatstylebot.client import Client
from chatstylebot.errors import UserError
from chatstylebot.feedback.drafts import Drafts


class FullDisk(Store):
    """There is room until something was sent."""

    sent = False

    def save(self, before: State, after: State, *more: Any) -> None:
        if self.sent:
            raise UserError("the disk is full", "make room, then the same line again")
        super().save(before, after, *more)


class Model(Client):
    """It always says yes."""

    def __init__(self) -> None:
        return

    async def complete(self, payload: Any, timeout: float = 0) -> dict[str, Any]:
        return {"id": "c1", "model": "clone", "choices": [{"message": {"content": "yes"}}]}


class Phone:
    """One message comes, and then none."""

    name, length, most = "onebot", 500, 0

    def __init__(self, said: Callable[[], None], text: str = "hi") -> None:
        self._said, self._text, self.texts = said, text, list[str]()
        self.answered = asyncio.Event()

    async def run(self, hear: Hear) -> None:
        await hear(Heard(OWNER, f"m-{self._text}", "me", self._text, self._text, START, owner=True))
        await self.answered.wait()

    async def send(self, chat: Chat, text: str, id: str) -> None:
        self.texts.append(text)
        self._said()

    async def typing(self, chat: Chat, on: bool) -> None:
        return


def world(phone: Phone, store: Store, drafts: Drafts, told: list[str]) -> Outside:
    """Everything around a runner."""
    return Outside(
        channel=phone, client=Model(), store=store, drafts=drafts, frame=frame, paused=lambda: False,
        pause=lambda on: None, tell=told.append, show=lambda draft: None, counted=lambda counts: None,
        now=lambda: START + timedelta(minutes=1), dice=Random(1),
    )  # fmt: skip


def test_a_disk_that_is_full_when_a_bubble_is_out_ends_the_bot_and_nothing_is_sent_twice(tmp_path: Path) -> None:
    told: list[str] = []

    async def life() -> list[str]:
        with FullDisk.open(tmp_path / "bot.sqlite") as disk, Drafts.open(tmp_path / "drafts.sqlite") as drafts:
            phone = Phone(lambda: setattr(disk, "sent", True))
            outside = world(phone, disk, drafts, told)
            with pytest.raises(UserError, match="the disk is full"):
                await Runner(outside).run()
            return phone.texts

    assert virtual_time.run(life()) == ["yes"]
    with Store.open(tmp_path / "bot.sqlite") as kept:
        state, actions = session.recover(frame(), kept.load(), START, Random(1))
    assert state.talk(OWNER).reply is None
    assert [type(each) for each in actions] == [Count, Tell]
    assert "perhaps not delivered" in actions[-1].text  # type: ignore[union-attr]


def test_half_a_character_is_kept_answered_and_ends_nothing(tmp_path: Path) -> None:
    async def life() -> list[str]:
        with Store.open(tmp_path / "bot.sqlite") as store, Drafts.open(tmp_path / "drafts.sqlite") as drafts:
            phone = Phone(lambda: phone.answered.set(), "half \ud83d")
            await Runner(world(phone, store, drafts, [])).run()
            return phone.texts

    assert virtual_time.run(life()) == ["yes"]
    with Store.open(tmp_path / "bot.sqlite") as kept:
        assert [turn.text for turn in kept.load().talk(OWNER).turns] == ["half \ufffd", "yes"]
