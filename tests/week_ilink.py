"""The week through iLink: the real `csb bot run ilink` with an account for every person, before the strict server."""

import asyncio
import random
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway import CARD, Running, fake, limits, running
from ilink_server import IlinkServer, Sent, ilink_server
from patience import soon
from week import ME, Bot, Week, settled, unfair, votes, workspace
from week_owner import VOTELIKE

from chatstylebot.bot.channels import ilink_accounts
from chatstylebot.bot.channels.ilink_accounts import Account
from chatstylebot.contacts import Contact


def user(number: int) -> str:
    return f"u{number}@im.wechat"


def bot_of(number: int) -> str:
    return f"b{number}@im.bot"


@dataclass
class Phones:
    """Everybody's WeChat."""

    server: IlinkServer

    @property
    def arrived(self) -> Sequence[Sent]:
        return self.server.sent

    @property
    def faults(self) -> Sequence[str]:
        return [*self.server.wrong, *(f"refused: {text}" for text in self.server.refused)]

    def texts(self, chat: int | str) -> list[str]:
        return [one.text for one in self.server.sent if one.to == user(int(chat))]


def enrolled(folder: Path, server: IlinkServer, week: Week) -> None:
    """Everybody has scanned a code."""
    found = []
    for number in (ME, *week.auto, *week.off):
        bot = server.bot(bot_of(number), user(number))
        role, name = ("owner", "") if number == ME else ("friend", f"F{number}")
        found.append(Account(bot.id, role, name, bot.user, bot.id, server.base, bot.token))  # type: ignore[arg-type]
    ilink_accounts.save(folder, found)


async def _talk(server: IlinkServer, week: Week, dice: random.Random, messages: int) -> None:
    """Bursts and duplicates from many people."""
    number = 0
    while number < messages:
        contact = dice.choice([*week.auto, *week.off, ME])
        for _ in range(dice.choice([1, 1, 2, 3])):
            number += 1
            told = server.push(f"w{number}x", bot=bot_of(contact))
            if contact not in week.off:
                week.heard.setdefault(contact, []).append(f"w{number}x")
            if dice.random() < 0.1:
                server.repeat(told)
            await asyncio.sleep(dice.choice([0, 0.01, 0.05]))
        if contact != ME and dice.random() < 0.3:  # nobody's votes count but the owner's
            server.push(dice.choice(VOTELIKE), bot=bot_of(contact))
        await asyncio.sleep(dice.expovariate(30))


def _mischief(server: IlinkServer, dice: random.Random) -> None:
    """Something happens to the lines."""
    what = dice.random()
    if what < 0.4:
        server.cut()
    elif what < 0.7:
        server.fail(dice.choice(["500", "drop", "late", "lost", "504"]))
    else:
        server.fail_polls(*dice.choices(["500", "html", "drop", "late", "-1"], k=2))


async def _up(server: IlinkServer, since: int) -> None:
    """The program has told the server that it listens, on the owner's account at least."""
    await soon(lambda: (bot_of(ME), "start") in server.notified[since:])


async def live(
    folder: Path, week: Week, seed: int, messages: int, kills: int, gateway: Running, server: IlinkServer
) -> None:
    """The week: talk, mischief and kills side by side; then time for everything that is still to be said."""
    dice, phones = random.Random(seed), Phones(server)
    bot = Bot(folder, gateway.url, ["ilink"], week)
    await bot.start()
    await _up(server, 0)
    talking = asyncio.create_task(_talk(server, week, random.Random(seed + 1), messages))
    try:
        while not talking.done() or week.kills < kills:
            await asyncio.sleep(dice.uniform(0.3, 1.2))
            if dice.random() < 0.5 or week.kills == kills:
                _mischief(server, dice)
                continue
            await bot.end()
            week.kills += 1
            before = len(server.notified)
            await bot.start()
            await _up(server, before)
        await talking
        await soon(lambda: not check(week, phones), lambda: check(week, phones))
        await settled(phones)
        server.push("不错", bot=bot_of(ME))
        await soon(lambda: "记下了" in phones.texts(ME))
        before = len(server.notified)
        await bot.end()  # as soon as the owner was told that it is noted
        await bot.start()
        await _up(server, before)
        await soon(lambda: votes(gateway))
        await settled(phones, 3)
    finally:
        talking.cancel()
        code = await bot.end(signal.SIGINT)
    assert code in (0, 130), week.story[-5:]


def run(folder: Path, seed: int, messages: int, kills: int, contacts: int) -> tuple[Week, Phones, Running]:
    """One week. The servers are closed at the end; what they know can still be looked at."""
    week = Week([1000 + n for n in range(contacts)], [2000, 2001])
    place = workspace(folder / "ws", week, lambda number: f"ilink: '{user(number)}'")
    (folder / "gw").mkdir()
    people = {f"wx_{n}": Contact(name=f"F{n}") for n in [*week.auto, *week.off]}
    card = CARD.model_copy(update={"separator": "|", "history": 3})
    spec = fake(folder / "gw", slots=8, env={"FLAT": "|"})
    with (
        ilink_server(hold=1) as server,
        running(folder / "gw", [spec], card, limits(waiting=500), contacts=people) as gateway,
    ):
        server.grace = 1  # a text and a poll may overtake each other on their way
        private = place / ".csb" / "bot" / "ilink"
        private.mkdir(parents=True, mode=0o700)
        enrolled(private, server, week)
        asyncio.run(live(place, week, seed, messages, kills, gateway, server))
        week.voted = votes(gateway)
        return week, Phones(server), gateway


def check(week: Week, phones: Phones) -> Sequence[str]:
    """What went wrong: a word without an answer is none where the owner was told of a text to that very person."""
    wrong = unfair(week, phones)
    for contact, words in week.heard.items():
        missing = [word for word in words if not week.words(phones, contact)[word]]
        told = [
            line for line in week.story if "not delivered" in line and (f"F{contact}" in line or user(contact) in line)
        ]
        if missing and not told:
            wrong.append(f"{missing} of {contact} got no answer, and nobody was told")
    return wrong
