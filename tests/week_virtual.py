"""A week of the bot in virtual time, from many contacts and groups: the real runner, session, policy and SQLite between
a double of the channel interface and a model that says back what it was asked.

The process is killed at any await, and before or after any commit; messages come twice, late, in another order; the
line breaks, sends fail in every way that a channel knows, the model fails. Every message that wants an answer carries a
word of its own, so it is known which got which answer. Everything is drawn from one seed.
"""

import asyncio
import contextlib
import itertools
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import virtual_time
import week_owner
from bot_world import START
from week_owner import OWNER, VOTELIKE, WORD, Owner

from chatstylebot.bot.frame import Frame
from chatstylebot.bot.heard import Channel, Chat, Hear, Heard, NotSent
from chatstylebot.bot.policy import Rules
from chatstylebot.bot.replies import rhythm
from chatstylebot.bot.runner import Outside, Runner
from chatstylebot.bot.store import Store
from chatstylebot.bot.talk import State, Talk
from chatstylebot.card_parts import Manners
from chatstylebot.client import Client, Trouble
from chatstylebot.contacts import Contact
from chatstylebot.feedback.drafts import Drafts

HISTORY = 3
SILENT = 1200  # seconds from the owner's stop to their go
AFTER = 7200  # seconds in which everything is said that is still to be said
NOBODY = ("off", "stranger")  # on the list, and on none
MANNERS = Manners(
    per_contact=10_000, overall=100_000, brake=1_000, quiet=("02:00-02:40",), late=timedelta(days=2), two_answers=0.5
)


class Killed(Exception):
    """This process is dead: nothing that it still does has any effect."""


@dataclass(frozen=True)
class Person:
    """One chat and what becomes of it. `steps`: the owner answers there by hand now and then."""

    chat: Chat
    policy: str
    group: bool = False
    steps: bool = False


@dataclass
class Delivered:
    """A text that arrived."""

    chat: Chat
    text: str
    at: float


@dataclass
class World:
    """What outlives the process: the platform with its queue, the disk, the phones of all people."""

    folder: Path
    dice: random.Random
    people: list[Person]
    length: float  # in seconds
    now: float = 0.0
    queue: list[tuple[float, int, Heard]] = field(default_factory=list)  # when it may be fetched, number, message
    acknowledged: set[int] = field(default_factory=set)
    arrived: list[Delivered] = field(default_factory=list)
    wanted: dict[str, Chat] = field(default_factory=dict)  # word → the chat in which it wants an answer
    excused: set[str] = field(default_factory=set)  # words that came while the owner had silenced the bot
    told: list[str] = field(default_factory=list)
    asked: list[Mapping[str, Any]] = field(default_factory=list)
    prompts: dict[str, Any] = field(default_factory=dict)  # completion → the messages that it answers
    written: list[tuple[Chat, float]] = field(default_factory=list)  # who wrote when
    owner: Owner = field(default_factory=Owner)
    votes: dict[str, Mapping[str, Any]] = field(default_factory=dict)  # what the feedback store has, by id
    stepped: list[tuple[Chat, float, float, str]] = field(
        default_factory=list
    )  # the owner wrote by hand: silent from, to
    silent: list[list[float]] = field(default_factory=list)  # from, to
    kills: int = 0
    faults: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    state: State = field(default_factory=State)  # what is kept at the end

    def called(self, chat: Chat) -> str:
        return chat.id.title()


class Phone:
    """The channel of one process. A message is fetched until its number is acknowledged: at least once."""

    name, length, most = "double", 500, 0

    def __init__(self, world: World, life: "Life") -> None:
        self.world, self.life = world, life

    async def run(self, hear: Hear) -> None:
        dice, world = self.world.dice, self.world
        while True:
            await asyncio.sleep(dice.expovariate(1 / 2))
            if dice.random() < 0.002:
                await asyncio.sleep(dice.uniform(10, 600))  # the line is away
            due = [each for each in world.queue if each[0] <= self.life.time() and each[1] not in world.acknowledged]
            if dice.random() < 0.2:
                dice.shuffle(due)
            for _, number, heard in due:
                await hear(heard)
                if heard.own and heard.id not in {id for _, _, _, id in world.stepped}:
                    written = (heard.at - START).total_seconds()
                    world.stepped.append(
                        (heard.chat, self.life.time(), written + MANNERS.pause.total_seconds(), heard.id)
                    )
                if heard.owner and heard.text in ("/stop", "/go"):
                    self._silence(heard.text == "/stop")
                if dice.random() < 0.05:
                    await asyncio.sleep(dice.random())
                    await hear(heard)
                self.life.check()
                if dice.random() < 0.9:  # else it comes again
                    world.acknowledged.add(number)
            world.queue = [each for each in world.queue if each[1] not in world.acknowledged]

    def _silence(self, on: bool) -> None:
        world = self.world
        if on and not (world.silent and world.silent[-1][1] == float("inf")):
            world.silent.append([self.life.time(), float("inf")])
        elif not on and world.silent:
            world.silent[-1][1] = min(world.silent[-1][1], self.life.time())

    async def send(self, chat: Chat, text: str, id: str) -> None:
        dice, fate = self.world.dice, self.world.dice.random()
        self.life.check()
        await asyncio.sleep(dice.uniform(0, 2))
        self.life.check()
        if fate < 0.03:
            raise NotSent("the server broke", again=True, after=2)
        if fate < 0.04:
            raise NotSent("no line")
        if fate < 0.97 or dice.random() < 0.5:
            self.world.arrived.append(Delivered(chat, text, self.life.time()))
            await asyncio.sleep(dice.uniform(0, 1))  # a process that dies here does not know that it arrived
        if fate >= 0.97:
            raise NotSent("nobody knows", perhaps=True)

    async def typing(self, chat: Chat, on: bool) -> None:
        self.life.check()


class Model(Client):
    """A clone that says back the words of the last turn, in two bubbles; and the feedback store behind it."""

    def __init__(self, world: World, life: "Life") -> None:
        self.world, self.life = world, life

    async def complete(self, payload: Mapping[str, Any], timeout: float = 0) -> dict[str, Any]:
        await asyncio.sleep(self.world.dice.expovariate(1 / 3))
        self.life.check()
        if self.world.dice.random() < 0.03:
            raise Trouble("no engine", 503)
        self.world.asked.append(payload)
        words = " ".join(WORD.findall(payload["messages"][-1]["content"]))
        id = f"c{len(self.world.asked)}"
        # every answer is one of its own
        said = [{"message": {"content": f"you {verb} {words or f'nothing {id}'}\nok"}} for verb in ("said", "heard")]
        self.world.prompts[id] = payload["messages"]
        return {"id": id, "model": "clone", "choices": said[: payload["n"]]}

    async def post(self, path: str, payload: Mapping[str, Any], timeout: float = 0) -> dict[str, Any]:
        fate, known = self.world.dice.random(), self.world.votes.get(payload["id"])
        await asyncio.sleep(self.world.dice.uniform(0, 2))
        self.life.check()
        if fate < 0.1:
            raise Trouble("the disk is full", 503)
        if known not in (None, payload):
            raise Trouble("another vote has this id", 409)
        self.world.votes[payload["id"]] = payload
        await asyncio.sleep(self.world.dice.uniform(0, 2))  # a process that dies here does not know that it is stored
        self.life.check()
        if fate < 0.2:
            raise Trouble("the connection broke")
        return {}

    async def close(self) -> None:
        return


class Disk(Store):
    """The state on the disk; a process may die just before or just after a commit."""

    life: "Life"

    def save(self, before: State, after: State, *more: Any) -> None:
        self.life.check()
        early = self.life.dies()
        if not early:
            super().save(before, after, *more)
        if early or self.life.dies():
            self.life.end()
            raise Killed


class Life:
    """One process, from its start to its end."""

    def __init__(self, world: World, often: float) -> None:
        self.world, self._often, self._began = world, often, world.now
        self._loop = asyncio.get_running_loop()
        self._begun = self._loop.time()
        self.over = asyncio.Event()

    def time(self) -> float:
        return self._began + self._loop.time() - self._begun

    def check(self) -> None:
        if self.over.is_set():
            raise Killed

    def dies(self) -> bool:
        return self.world.dice.random() < self._often / 4

    def end(self) -> None:
        self.over.set()

    async def live(self, until: float) -> None:
        """Work until killed, or until the week is over."""
        world = self.world
        with Disk.open(world.folder / "bot.sqlite") as disk, Drafts.open(world.folder / "drafts.sqlite") as drafts:
            disk.life = self
            channel: Channel = Phone(world, self)
            outside = Outside(
                channel=channel, client=Model(world, self), store=disk, drafts=drafts, frame=lambda: frame(world),
                paused=(world.folder / "paused").is_file, pause=self._pause, tell=world.told.append,
                show=lambda draft: None, counted=self._counted, now=lambda: START + timedelta(seconds=self.time()),
                dice=world.dice,
            )  # fmt: skip
            self._before: Counter[str] = Counter()
            try:
                runner = asyncio.create_task(Runner(outside).run())
                tasks = [runner, asyncio.create_task(self.over.wait())]
                tasks.append(asyncio.create_task(asyncio.sleep(until - self.time())))
                tasks.append(asyncio.create_task(week_owner.decide(world, self, drafts)))
                if until <= world.length:  # afterwards nothing more is said
                    tasks.append(asyncio.create_task(week_owner.talk(world, self)))
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                if runner.done() and not self.over.is_set():
                    world.faults.append(f"the runner ended by itself: {runner.exception()!r}")
            finally:
                world.now = self.time()
                self.over.set()
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    def _pause(self, on: bool) -> None:
        self.check()
        switch = self.world.folder / "paused"
        if on:
            switch.touch()
        else:
            switch.unlink(missing_ok=True)

    def _counted(self, counts: Counter[str]) -> None:
        self.world.counts.update(counts - self._before)
        self._before = counts.copy()


def frame(world: World) -> Frame:
    """The settings, as the workspace would give them."""
    people = {
        f"wx_{each.chat.id}": Contact(
            name=world.called(each.chat),
            policy=each.policy,
            aliases={"double": each.chat.id},  # type: ignore[arg-type]
        )
        for each in world.people if each.policy != "stranger"
    }  # fmt: skip
    rules = Rules(MANNERS, people, ZoneInfo("Asia/Shanghai"), "en")
    return Frame(rules, rhythm({}), "\n", HISTORY, timedelta(hours=1), 500, 0)


def cast(contacts: int, groups: int) -> list[Person]:
    """Who writes to the bot."""
    policies = ["auto", "auto", "draft", "auto", "off", "stranger"]
    people = [
        Person(Chat("double", "me", f"friend{n}"), policies[n % len(policies)], steps=n % 7 == 3)
        for n in range(contacts)
    ]
    return people + [
        Person(Chat("double", "me", f"group{n}"), ["auto", "auto", "off", "stranger"][n % 4], True)
        for n in range(groups)
    ]


def written(world: World, messages: int) -> None:
    """Everything that people write in this time, in bursts; and twice the owner says stop, and a while later go."""
    dice, numbers = world.dice, itertools.count(1)
    spans = [dice.uniform(0.1, 0.5) * world.length, dice.uniform(0.6, 0.9) * world.length]

    def put(at: float, heard: Heard, late: float = 0) -> None:
        world.queue.append((at + late, len(world.queue), replace(heard, at=START + timedelta(seconds=at))))

    def say(person: Person, at: float, text: str, **more: Any) -> None:
        id, name = f"m{next(numbers)}", world.called(person.chat)
        sender, name = (f"member{dice.randrange(5)}", "Member") if person.group else (person.chat.id, name)
        heard = Heard(person.chat, id, sender, name, text, START, group=person.group, **more)
        put(at, heard, dice.uniform(0, 3) if dice.random() < 0.1 else 0)
        world.written.append((person.chat, at))

    for begin in spans:
        for at, word in ((begin, "/stop"), (begin + SILENT, "/go")):
            put(at, Heard(OWNER, f"o{next(numbers)}", "owner", "", word, START, owner=True))
    while (number := len(world.queue)) < messages:
        person, at = dice.choice(world.people), dice.uniform(0, world.length)
        for _ in range(dice.choice([1, 1, 2, 3, 5])):
            word = f"w{number}x"
            mentioned = not person.group or dice.random() < 0.5
            say(person, at, f"about {word}", mentioned=mentioned)
            number += 1
            if mentioned:
                world.wanted[word] = person.chat
                if any(begin - 3600 < at < begin + SILENT + 900 for begin in spans) or person.steps:
                    world.excused.add(word)
            at += dice.choice([0.5, 2, 6])
        if dice.random() < 0.2:  # whoever says it: a vote, a decision or the stop word is the owner's alone
            say(person, at, dice.choice(VOTELIKE))
        if person.steps and dice.random() < 0.5:
            say(person, at + dice.uniform(0, 30), "by hand", own=True)


@contextlib.contextmanager
def week(
    folder: Path, seed: int, messages: int, contacts: int, groups: int, length: timedelta, kills: float = 0.002
) -> Iterator[World]:
    """So many messages in so long a time. `kills`: the chance to die at each commit; a process lives for ten minutes on
    the average, too."""
    world = World(folder, random.Random(seed), cast(contacts, groups), length.total_seconds())
    written(world, messages)

    async def lives() -> None:
        while world.now < world.length:
            end = min(world.now + world.dice.expovariate(1 / 600), world.length + 1)
            await Life(world, kills).live(end)
            world.kills += 1
            world.now += world.dice.uniform(0, 60)  # until somebody starts it again
        await Life(world, 0).live(world.now + AFTER)

    virtual_time.run(lives())
    with Store.open(folder / "bot.sqlite") as kept:
        world.state = kept.load()
    yield world


def wrong(world: World) -> list[str]:
    """What must never be, in words."""
    found = list(world.faults)
    policies = {each.chat: each for each in world.people}
    answers: dict[str, list[Chat]] = defaultdict(list)
    for each in world.arrived:
        if each.chat in policies and policies[each.chat].policy in NOBODY:
            found.append(f"{each.chat.id} is not allowed and got {each.text!r}")
        for word in WORD.findall(each.text) if each.chat != OWNER else ():  # drafts are shown to the owner
            answers[word].append(each.chat)
    for word, chats in answers.items():
        if len(chats) > 1:
            found.append(f"{word} was answered {len(chats)} times")
        if word in world.wanted and set(chats) != {world.wanted[word]}:
            found.append(f"{word} of {world.wanted[word].id} was answered to {chats}")
    told = {
        person.chat for person in world.people for line in world.told
        if "delivered" in line and re.search(rf"\b{person.chat.id}\b", line, re.I)
    }  # fmt: skip
    missing: dict[Chat, list[str]] = defaultdict(list)
    for word, chat in world.wanted.items():
        if policies[chat].policy not in NOBODY and word not in answers and word not in world.excused:
            missing[chat].append(word)
    found += [
        f"{words} of {chat.id} got no answer, and nobody was told"
        for chat, words in missing.items()
        if chat not in told
    ]
    return [*found, *_silence(world), *_histories(world), *week_owner.wrong(world)]


def _silence(world: World) -> list[str]:
    """Nothing is sent where the owner has just answered by hand, and nowhere while the stop word counts. What was
    handed to the channel before may still arrive."""
    flight, found = 4.0, []
    drafted = {
        each.chat for each in world.people if each.policy == "draft"
    }  # a draft is sent whenever the owner says so
    for chat, begin, end, _ in world.stepped:
        late = [each for each in world.arrived if each.chat == chat and begin + flight < each.at < end]
        late = [] if chat in drafted else late
        found += [f"{each.text!r} was sent to {chat.id} although the owner had answered" for each in late]
    for begin, end in world.silent:
        late = [each for each in world.arrived if begin + flight < each.at < end and each.chat != OWNER]
        found += [f"{each.text!r} was sent to {each.chat.id} although the bot was silenced" for each in late]
    return found


def _histories(world: World) -> list[str]:
    """What the model was asked with, and what is kept: it alternates, begins with what was heard, is not too long."""
    found = []
    for body in world.asked:
        roles = [each["role"] for each in body["messages"]]
        if roles != (["user", "assistant"] * HISTORY + ["user"])[-len(roles) :]:
            found.append(f"the model was asked with {roles}")
    found += [f"{talk.chat.id} keeps {_roles(talk)}" for talk in world.state.talks.values() if not _well_formed(talk)]
    return found


def _roles(talk: Talk) -> list[str]:
    return [turn.role for turn in talk.turns]


def _well_formed(talk: Talk) -> bool:
    roles = _roles(talk)
    hour = timedelta(hours=1)  # after which the same side begins another conversation
    alternate = all(a.role != b.role or b.at - a.at > hour for a, b in itertools.pairwise(talk.turns))
    return alternate and len(roles) <= 2 * (HISTORY + 1) and not (talk.burst and talk.ripe is None and not talk.group)
