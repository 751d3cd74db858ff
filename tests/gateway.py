"""A gateway for tests: a real server on loopback, in a thread of its own, before an engine in a child process."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from patience import LIMIT

from chatstylebot.card import Card
from chatstylebot.card_parts import Sampling
from chatstylebot.contacts import Contact
from chatstylebot.corpus.privacy import secret_hashes
from chatstylebot.corpus.privacy.known_secrets import Known
from chatstylebot.feedback.store import Store
from chatstylebot.memory.at_work import AtWork
from chatstylebot.serving import gateway, server
from chatstylebot.serving.answers import Served
from chatstylebot.serving.engines import Spec, Start
from chatstylebot.serving.keys import Keys
from chatstylebot.serving.links import Links
from chatstylebot.serving.slots import Slots
from chatstylebot.serving.state import Choices, Limits, State
from chatstylebot.serving.supervisor import Engine

FAKE = Path(__file__).with_name("fake_engine.py")
OWNER = "owner-key-0123456789"
FRIEND = "friend-key-0123456789"
ENGINE_KEY = "engine-key-0123456789"  # of an engine behind --url
CARD = Card(name="小林", language="zh", history=2, sampling=Sampling(max_new_tokens=64))


@dataclass
class Running:
    """A gateway at work."""

    url: str
    state: State
    folder: Path
    loop: asyncio.AbstractEventLoop

    @property
    def engine(self) -> Engine:
        return next(iter(self.state.models.values())).engine

    @property
    def v1(self) -> str:
        return f"{self.url}/v1"


def fake(folder: Path, id: str = "clone", slots: int = 4, env: Mapping[str, str] | None = None, **more: object) -> Spec:
    """The fake engine's spec."""
    start = Start((sys.executable, str(FAKE)), folder, folder / f"{id}.log", dict(env or {}))
    kind = "base" if id == "base" else "clone"
    return Spec(id, kind, "llamacpp", slots, start, adapter="abc123", **more)  # type: ignore[arg-type]


@contextmanager
def alone(**env: str) -> Iterator[str]:
    """The fake engine as somebody's OpenAI-style server behind `--url`: its address."""
    pipe = subprocess.PIPE
    line, env = [sys.executable, str(FAKE)], os.environ | {"CSB_ENGINE_KEY": ENGINE_KEY} | env
    with subprocess.Popen(line, env=env, stdin=pipe, stdout=pipe) as process:
        assert process.stdin
        assert process.stdout
        yield f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}/v1"
        process.stdin.close()


@contextmanager
def running(
    folder: Path,
    specs: Sequence[Spec] = (),
    card: Card = CARD,
    choices: Choices | None = None,
    secrets: Sequence[tuple[str, str]] = (),
    contacts: Mapping[str, Contact] | None = None,
    wait: bool = True,
    memory: AtWork | None = None,
) -> Iterator[Running]:
    """A gateway at work until the block ends."""
    choices = choices or Choices()
    limits = choices.limits
    models = [Served(Engine(s), Slots(s.slots, limits.waiting, limits.patience)) for s in specs or [fake(folder)]]
    packed = secret_hashes.pack(secrets, b"k" * 16) if secrets else b""
    store = Store.open(folder / "feedback.sqlite")
    keys = Keys({"owner": OWNER, "friend": FRIEND})
    known = Known(packed, card.language)
    state = State(
        card,
        lambda: contacts or {},
        models,
        keys,
        store,
        known,
        choices,
        lambda: datetime.now(UTC),
        drafts=folder / "drafts.sqlite",
        links=Links(OWNER),
        memory=memory,
    )
    where = server.listen("127.0.0.1", 0)
    port = where.getsockname()[1]
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    job: list[asyncio.Task[Engine | None]] = []

    def work() -> None:
        asyncio.set_event_loop(loop)
        job.append(loop.create_task(server.serve(gateway.build(state), where, [m.engine for m in models], ready.set)))
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(job[0])
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert not wait or ready.wait(LIMIT), "the engine did not get ready"
        yield Running(f"http://127.0.0.1:{port}", state, folder, loop)
    finally:
        if thread.is_alive():
            loop.call_soon_threadsafe(job[0].cancel)
        thread.join(LIMIT)
        store.close()
        where.close()


def limits(**values: float) -> Choices:
    """Choices with these limits."""
    return Choices(limits=Limits(**{"rate": 0, **values}))  # type: ignore[arg-type]
