"""The owner in the week of week_virtual.py: asks the bot, votes, changes their mind, decides about drafts; and what of
that must be in the feedback store afterwards, no more and no less.

The owner votes as people do: a while after a whole answer has arrived, and before they write anything else.
"""

import asyncio
import itertools
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot_world import START

from chatstylebot.bot.heard import Chat, Heard
from chatstylebot.feedback.drafts import Draft, Drafts

if TYPE_CHECKING:
    from week_virtual import Life, World

OWNER = Chat("double", "me", "owner")
THUMBS = {"good": "good", "不错": "good", "bad": "bad", "不好": "bad"}
# what friends write as well, and what means nothing when they do
VOTELIKE = (*THUMBS, "1", "2", "send 1", "no 1", "edit 1: haha", "发 2", "不 2", "/stop")
VERDICTS = {"send": "good", "edit": "edited", "no": "rejected"}
FIRST = 1_000_000  # the owner's words begin here


@dataclass(frozen=True)
class Meant:
    """A vote that the owner gave: on the answer to the message with this word, which said `text`."""

    word: str
    verdict: str
    text: str


@dataclass
class Decision:
    """The owner's latest word on a draft, and the draft as they saw it."""

    draft: Draft
    choice: str
    text: str


@dataclass
class Owner:
    """What outlives every process: what the owner has written and meant."""

    meant: list[Meant] = field(default_factory=list)
    decided: dict[int, Decision] = field(default_factory=dict)
    settled: bool = False  # no choice between two answers is open
    last: int = -1  # the number of their last message
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(FIRST))


def write(world: "World", life: "Life", text: str) -> int:
    """The owner writes to the bot; the number of the message."""
    number = world.owner.last = next(world.owner.numbers)
    heard = Heard(OWNER, f"o{number}", "owner", "", text, START + timedelta(seconds=life.time()), owner=True)
    world.queue.append((life.time(), number, heard))
    return number


async def talk(world: "World", life: "Life") -> None:
    """Ask, wait for the whole answer, vote."""
    dice = world.dice
    while True:
        while world.owner.last not in world.acknowledged and world.owner.last >= 0:
            await asyncio.sleep(1)
        await asyncio.sleep(dice.uniform(20, 300))
        if world.owner.settled and dice.random() < 0.2:  # what would be a vote at another time
            write(world, life, dice.choice(["1", "2"]))
            await asyncio.sleep(dice.uniform(5, 60))
        begun = len(world.arrived)
        word = f"w{next(world.owner.numbers)}x"
        write(world, life, f"about {word}")
        world.owner.settled = False
        texts = await _answer(world, life, word, begun)
        world.owner.settled = len(texts) == 1
        while texts:
            await asyncio.sleep(dice.uniform(5, 30))
            texts = _vote(world, life, word, texts)
            while world.owner.last not in world.acknowledged:
                await asyncio.sleep(1)
            if dice.random() < 0.6:
                break


async def _answer(world: "World", life: "Life", word: str, begun: int) -> list[str]:
    """The one or two answers that have arrived as wholes; [] where none has after a while."""
    end = life.time() + 400
    one, two = f"you said {word}", f"you heard {word}"
    while life.time() < end:
        seen = [each.text for each in world.arrived[begun:] if each.chat == OWNER]
        if "ok" in seen[seen.index(one) + 1 :] if one in seen else False:
            return [f"{one}\nok"]
        if {f"1. {one}\nok", f"2. {two}\nok", "1 or 2?"} <= set(seen):
            return [f"{one}\nok", f"{two}\nok"]
        await asyncio.sleep(1)
    return []


def _vote(world: "World", life: "Life", word: str, texts: list[str]) -> list[str]:
    """The owner says which is better, or what they think of the one; what a further word would be about."""
    if len(texts) == 2:
        index = world.dice.randrange(2)
        said, meant = str(index + 1), Meant(word, "chosen", texts[index])
    else:
        said = world.dice.choice(list(THUMBS))
        meant = Meant(word, THUMBS[said], texts[0])
        if world.owner.meant and world.owner.meant[-1] == meant:  # the same once more is the same vote
            return []
    write(world, life, said)
    world.owner.meant.append(meant)
    world.owner.settled = True
    return [meant.text]


async def decide(world: "World", life: "Life", drafts: Drafts) -> None:
    """The owner decides about drafts, on the page or in their chat; after a stop they send none."""
    dice = world.dice
    while True:
        await asyncio.sleep(dice.uniform(20, 200))
        for draft in drafts.waiting() if not (world.folder / "paused").is_file() else ():
            words = " ".join(WORD.findall(draft.proposed))
            choice = dice.choice(["send", "send", "send", "edit", "no"])
            text = f"rather {words} {dice.randrange(1000)}" if choice == "edit" else ""
            if dice.random() < 0.8:
                if not drafts.decide(draft.id, choice, text):  # type: ignore[arg-type]
                    continue
            else:
                while world.owner.last not in world.acknowledged and world.owner.last >= 0:
                    await asyncio.sleep(1)
                write(world, life, f"{choice} {draft.number}" + (f": {text}" if text else ""))
            if choice == "no":
                world.excused.update(WORD.findall(draft.heard))
            world.owner.decided[draft.number] = Decision(draft, choice, text)


WORD = re.compile(r"w\d+x")


def wrong(world: "World") -> list[str]:
    """What of the owner's votes and decisions is not in the store, and what is there that is none of them."""
    votes = list(world.votes.values())
    drafted = [vote for vote in votes if "contact" in vote]
    found = [f"{vote['source']}?" for vote in votes if vote["source"] != "bot-double"]
    found += [
        f"a vote on {vote['completion']} is about another prompt" for vote in votes
        if vote["messages"] != world.prompts[vote["completion"]]
    ]  # fmt: skip
    stored = Counter(Meant(_word(vote), vote["verdict"], _judged(vote)) for vote in votes if "contact" not in vote)
    meant = Counter(world.owner.meant)
    found += [f"lost: {each}" for each in meant - stored] + [f"nobody's: {each}" for each in stored - meant]
    found += [f"not handed on: {vote.id}" for vote in world.state.house.votes]
    return [*found, *_drafts(world, drafted)]


def _word(vote: Mapping[str, Any]) -> str:
    words: Sequence[str] = WORD.findall(vote["messages"][-1]["content"])
    return words[-1] if words else ""


def _judged(vote: Mapping[str, Any]) -> str:
    return str(vote["candidates"][vote["index"]])


def _drafts(world: "World", votes: Sequence[Mapping[str, Any]]) -> list[str]:
    found = []
    by_draft: dict[str, Mapping[str, Any]] = {}
    for vote in votes:
        if _judged(vote) in by_draft:
            found.append(f"a draft has two verdicts: {_judged(vote)}")
        by_draft[_judged(vote)] = vote
    for one in world.owner.decided.values():
        done = by_draft.pop(one.draft.proposed, None)
        if done is None:
            if not _overtaken(world, one.draft):
                found.append(f"nothing came of {one.choice} {one.draft.number}")
        elif (done["verdict"], done.get("text", "")) != (VERDICTS[one.choice], one.text):
            found.append(f"{one.choice} {one.draft.number} became {done['verdict']}")
    return [*found, *(f"nobody decided: {key}" for key in by_draft)]


def _overtaken(world: "World", draft: Draft) -> bool:
    """Whether somebody wrote after the draft was made, or the owner by hand: then it no longer fits."""
    at: datetime = draft.at
    return any(
        world.called(chat) == draft.name and START + timedelta(seconds=when) > at - timedelta(seconds=30)
        for chat, when in world.written
    )
