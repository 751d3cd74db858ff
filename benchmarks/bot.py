"""The bot: how long a reply takes besides the model, what 500 conversations cost, and weeks larger than the tests'.

    python benchmarks/bot.py            the first table, in about a minute
    python benchmarks/bot.py --weeks    then the weeks: virtual time, and real programs with kill -9 (about ten minutes)

In the first table the pauses are off and the model answers at once: what is left is ours, the gateway included.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from serving import gateway

from chatstylebot.bot.heard import Chat, Hear, Heard
from chatstylebot.bot.replies import Rhythm
from chatstylebot.bot.runner import Outside, Runner
from chatstylebot.bot.store import Store
from chatstylebot.client import Client
from chatstylebot.feedback.drafts import Drafts

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
CHATS, ROUNDS = 500, 6
SAYING = "and then we went on to the harbour and looked at all the ships until it rained " * 3  # a long message


class Phones:
    """A channel of many people: `ask` says something for one of them, and waits for the first bubble."""

    name, length, most = "bench", 500, 0

    def __init__(self) -> None:
        self.ready = asyncio.Event()
        self._waiting: dict[str, asyncio.Future[float]] = {}
        self._numbers = iter(range(10**9))

    async def run(self, hear: Hear) -> None:
        self._hear = hear
        self.ready.set()
        await asyncio.Event().wait()

    async def ask(self, person: str, text: str) -> float:
        """Milliseconds until the first bubble is handed to the channel."""
        chat = Chat(self.name, "me", person)
        self._waiting[person] = asyncio.get_running_loop().create_future()
        begin = time.perf_counter()
        await self._hear(Heard(chat, f"m{next(self._numbers)}", person, person, text, datetime.now(UTC)))
        return (await self._waiting[person] - begin) * 1000

    async def send(self, chat: Chat, text: str, id: str) -> None:
        if (found := self._waiting.get(chat.id)) and not found.done():
            found.set_result(time.perf_counter())

    async def typing(self, chat: Chat, on: bool) -> None:
        return


async def hosted(url: str, folder: Path) -> dict[str, float]:
    """What one bot takes, in a process of its own."""
    from bot_world import frame

    made = frame(people={}, others="auto", per_contact=10_000, overall=100_000, brake=10_000)
    manners = made.rules.manners.model_copy(update={"wait": timedelta(), "slowest": timedelta()})
    still = replace(made, rules=replace(made.rules, manners=manners), rhythm=Rhythm({0.5: 0.0}, {0.5: 0.0}))
    phones, client = Phones(), Client(url)
    with Store.open(folder / "bot.sqlite") as store, Drafts.open(folder / "drafts.sqlite") as drafts:
        outside = Outside(
            channel=phones, client=client, store=store, drafts=drafts, frame=lambda: still, paused=lambda: False,
            pause=lambda on: None, tell=lambda text: None, show=lambda draft: None, counted=lambda counts: None,
            now=lambda: datetime.now(UTC), dice=random.Random(1),
        )  # fmt: skip
        runner = asyncio.create_task(Runner(outside).run())
        await phones.ready.wait()
        alone = [await phones.ask("ann", "hi") for _ in range(320)][20:]
        people = [f"p{number}" for number in range(CHATS)]
        for _ in range(ROUNDS):
            together = await asyncio.gather(*(phones.ask(each, SAYING) for each in people))
        asking = [asyncio.create_task(phones.ask(each, "!sleep 2 well then")) for each in people]
        while len([task for task in asyncio.all_tasks() if "Runner._ask" in repr(task)]) < CHATS:
            await asyncio.sleep(0.01)
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        await asyncio.gather(*asking)
        runner.cancel()
        await asyncio.gather(runner, return_exceptions=True)
        await client.close()
    cut, many = statistics.quantiles(alone, n=100), statistics.quantiles(together, n=100)
    memory = pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    return {"p50": cut[49], "p99": cut[98], "many50": many[49], "many99": many[98], "mb": memory}


def table(folder: Path) -> None:
    """The first table."""
    with gateway(folder) as (_, v1, _, _):
        argv = [sys.executable, __file__, "--hosted", v1, str(folder)]
        found = json.loads(subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout)
    print(f"a reply on its way, one conversation      p50 {found['p50']:6.1f} ms   p99 {found['p99']:6.1f} ms")
    print(
        f"the same, {CHATS} messages in one moment      p50 {found['many50']:6.0f} ms   p99 {found['many99']:6.0f} ms"
    )
    print(f"{CHATS} conversations, all being answered    {found['mb']:.0f} MB")


def weeks(folder: Path) -> None:
    """Weeks larger than those of the tests."""
    import week
    import week_ilink
    import week_virtual

    from chatstylebot.processes import free_port

    print("\nweek                          messages  contacts  groups  kills  wrong  seconds")
    for seed in range(3):
        (place := folder / f"virtual{seed}").mkdir()
        begin = time.perf_counter()
        with week_virtual.week(place, seed, 6_000, 60, 20, timedelta(days=7)) as found:
            wrong = week_virtual.wrong(found)
        _row(f"virtual time, seed {seed}", 6_000, 60, 20, found.kills, wrong, begin)
    (place := folder / "ilink").mkdir()
    begin = time.perf_counter()
    one, phones, _ = week_ilink.run(place, seed=77, messages=2_000, kills=20, contacts=12)
    _row("iLink, kill -9", 2_000, 15, 0, one.kills, week_ilink.check(one, phones), begin)
    (place := folder / "onebot").mkdir()
    begin = time.perf_counter()
    two, client, _ = week.run(place, seed=78, messages=2_000, kills=20, contacts=40, port=free_port())
    _row("OneBot, kill -9", 2_000, 49, 1, two.kills, week.check(two, client), begin)


def _row(name: str, messages: int, contacts: int, groups: int, kills: int, wrong: Sequence[str], begin: float) -> None:
    spent = time.perf_counter() - begin
    print(f"{name:29} {messages:8,}  {contacts:8}  {groups:6}  {kills:5}  {len(wrong):5}  {spent:7.0f}", flush=True)
    for line in wrong[:5]:
        print(f"    {line}")


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weeks", action="store_true")
    parser.add_argument("--hosted", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.hosted:
        url, folder = asked.hosted
        print(json.dumps(asyncio.run(hosted(url, Path(folder)))))
        return
    with tempfile.TemporaryDirectory() as folder:
        table(Path(folder))
        if asked.weeks:
            weeks(Path(folder))


if __name__ == "__main__":
    main()
