"""A week of the bot in minutes: the real `csb bot run onebot`, killed and started again, between a QQ client's double
and a real gateway before a fake engine. Every message carries a word of its own, and the engine says back what it was
asked: so it is known which message got which answer."""

import asyncio
import contextlib
import os
import random
import re
import signal
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from gateway import CARD, OWNER, Running, fake, limits, running
from onebot_client import Client
from patience import LIMIT, soon
from week_owner import VOTELIKE

from chatstylebot.contacts import Contact

ME, TEAM = 900, 777  # the owner's own number; a group
TOKEN = "t" * 24
CLONE = """\
name: 小林
timezone: Asia/Shanghai
separator: "|"
bot:
  others: off
  wait: 0.15s
  slowest: 0.05s
  per_contact: 10000
  overall: 100000
  brake: 10000
  two_answers: 0
  never: [forbidden]
"""


class Phone(Protocol):
    """The other side of a channel: what each contact got, and what a real client would not have taken."""

    @property
    def arrived(self) -> Sequence[object]: ...

    @property
    def faults(self) -> Sequence[str]: ...

    def texts(self, chat: int | str) -> list[str]: ...


@dataclass
class Week:
    """What was said and what came of it."""

    auto: list[int]  # numbers of the contacts that may be answered
    off: list[int]
    heard: dict[int, list[str]] = field(default_factory=dict)  # contact → words that should be answered
    story: list[str] = field(default_factory=list)  # what the bot told its owner on the terminal
    kills: int = 0
    voted: int = 0

    def words(self, client: Phone, contact: int) -> Counter[str]:
        """How often each word of a contact came back to them."""
        return Counter(re.findall(r"w\d+x", " ".join(client.texts(contact))))


def alias(number: int) -> str:
    return f"onebot: '{number}'"


def workspace(folder: Path, week: Week, alias: Callable[[int], str] = alias) -> Path:
    """A workspace with a card and contacts."""
    folder.mkdir()
    (folder / "clone.yaml").write_text(CLONE, "utf-8")
    rows = [f"wx_{number}: {{name: F{number}, policy: auto, aliases: {{{alias(number)}}}}}" for number in week.auto]
    rows += [f"wx_{number}: {{name: F{number}, aliases: {{{alias(number)}}}}}" for number in week.off]
    rows.append(f"team: {{name: Team, policy: auto, aliases: {{onebot: 'group:{TEAM}'}}}}")
    (folder / "contacts.yaml").write_text("\n".join(rows) + "\n", "utf-8")
    return folder


class Bot:
    """The program, started again whenever it is dead."""

    def __init__(self, folder: Path, url: str, line: Sequence[str], week: Week) -> None:
        self._folder, self._url, self._line, self._week = folder, url, line, week
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        line = [sys.executable, "-m", "chatstylebot", "bot", "run", *self._line]
        self.process = await asyncio.create_subprocess_exec(
            *line, "--server", self._url, cwd=self._folder, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
            env=os.environ | {"CSB_OWNER_KEY": OWNER, "PYTHONUTF8": "1", "NO_PROXY": "127.0.0.1"},
        )  # fmt: skip
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process
        assert self.process.stderr
        async for line in self.process.stderr:
            self._week.story.append(line.decode().rstrip())

    async def end(self, how: signal.Signals = signal.SIGKILL) -> int:
        assert self.process
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(how)
        code = await self.process.wait()
        await self._reading
        return code


async def _talk(client: Client, week: Week, dice: random.Random, messages: int) -> None:
    """Bursts, duplicates and reordering from many people, in any order."""
    number = 0
    while number < messages:
        contact = dice.choice([*week.auto, *week.off, TEAM, ME])
        burst = []
        for _ in range(dice.choice([1, 1, 2, 3])):
            number += 1
            burst.append((f"w{number}x", contact))
        events = [_event(client, week, dice, word, contact) for word, contact in burst]
        if dice.random() < 0.2:
            events.reverse()
        for event in events:
            await client.push(event)
            if dice.random() < 0.1:
                await client._tell(event)  # the same event once more
            await asyncio.sleep(dice.choice([0, 0.01, 0.05]))
        await asyncio.sleep(dice.expovariate(40))


def _event(client: Client, week: Week, dice: random.Random, word: str, contact: int) -> dict[str, object]:
    if contact == TEAM:
        named = dice.random() < 0.3
        rows = [{"type": "text", "data": {"text": word}}]
        at = [{"type": "at", "data": {"qq": str(client.account)}}]
        return client.group(TEAM, 42, at + rows if named else rows)
    if contact in week.auto and dice.random() < 0.9:
        week.heard.setdefault(contact, []).append(word)
        return client.private(contact, word)
    if contact in week.auto:
        return client.private(contact, dice.choice(["hm", *VOTELIKE]))  # nobody's votes count but the owner's
    return client.private(contact, word)


async def live(folder: Path, week: Week, seed: int, messages: int, kills: int, server: Running, port: int) -> Client:
    """The week: talk, broken lines and kills side by side; then time for everything that is still to be said."""
    dice = random.Random(seed)
    client = Client(port, TOKEN)
    bot = Bot(folder, server.url, ["onebot", "--port", str(port), "--owner", str(ME)], week)
    await bot.start()
    work = asyncio.create_task(client.work())
    talking = asyncio.create_task(_talk(client, week, random.Random(seed + 1), messages))
    try:
        await asyncio.wait_for(client.connected.wait(), LIMIT)
        while not talking.done() or week.kills < kills:
            await asyncio.sleep(dice.uniform(0.5, 2))
            what = dice.random()
            if what < 0.4:
                await client.drop()
            elif what < 0.5:
                client.fail()
            elif week.kills < kills:
                await bot.end()
                week.kills += 1
                await bot.start()
                await asyncio.wait_for(client.connected.wait(), LIMIT)
        await talking
        await soon(lambda: not check(week, client), lambda: check(week, client))
        await settled(client)
        for number, word in enumerate(["不错", "不好", "不错"], 1):
            await client.push(client.private(ME, word))
            await soon(lambda n=number: client.texts(ME).count("记下了") >= n)  # type: ignore[misc]
            await bot.end()  # as soon as the owner was told that it is noted
            await bot.start()
            await soon(lambda n=number: votes(server) >= n)  # type: ignore[misc]
            await asyncio.wait_for(client.connected.wait(), LIMIT)
        await settled(client)
    finally:
        talking.cancel()
        code = await bot.end(signal.SIGINT)
        work.cancel()
    assert code in (0, 130), week.story[-5:]
    return client


def votes(server: Running) -> int:
    """How many votes the gateway has kept."""
    return sum(1 for _ in server.state.votes.records())  # type: ignore[attr-defined]


async def settled(client: Phone, quiet: float = 6) -> None:
    """Until nothing has arrived for a while."""
    before = -1
    while before != len(client.arrived):
        before = len(client.arrived)
        await asyncio.sleep(quiet)


def run(folder: Path, seed: int, messages: int, kills: int, contacts: int, port: int) -> tuple[Week, Client, Running]:
    """One week. The gateway is closed at the end; its state can still be looked at."""
    week = Week([1000 + n for n in range(contacts)], [2000 + n for n in range(max(2, contacts // 5))])
    place = workspace(folder / "ws", week)
    token = place / ".csb" / "bot" / "onebot"
    token.mkdir(parents=True)
    (token / "token").write_text(TOKEN)
    (token / "token").chmod(0o600)
    card = CARD.model_copy(update={"separator": "|", "history": 3})
    people = {f"wx_{n}": Contact(name=f"F{n}") for n in [*week.auto, *week.off]}
    (folder / "gw").mkdir()
    with running(
        folder / "gw", [fake(folder / "gw", slots=8, env={"FLAT": "|"})], card, limits(waiting=500), contacts=people
    ) as server:
        client = asyncio.run(live(place, week, seed, messages, kills, server, port))
        week.voted = votes(server)
        return week, client, server


def unfair(week: Week, client: Phone) -> list[str]:
    """Who was answered and must not be, what was answered twice, and what no real client would have taken."""
    wrong = [f"{number} was not allowed and got {client.texts(number)}" for number in week.off if client.texts(number)]
    for contact, words in week.heard.items():
        found = week.words(client, contact)
        wrong += [f"{word} of {contact} was answered {found[word]} times" for word in words if found[word] > 1]
    return [*wrong, *client.faults]


def check(week: Week, client: Phone) -> Sequence[str]:
    """What went wrong, in words; nothing is wrong where nothing stands here."""
    wrong = unfair(week, client)
    unsure = sum("perhaps not delivered" in line or "not delivered to" in line for line in week.story)
    missing = []
    for contact, words in week.heard.items():
        found = week.words(client, contact)
        missing += [f"{word} of {contact}" for word in words if not found[word]]
    if len(missing) > 3 * unsure:
        wrong.append(f"{missing} got no answer, and the owner was told of {unsure} only")
    return wrong
