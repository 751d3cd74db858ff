"""The clone asked what it says now, a few questions at a time, each answer written down as it comes."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from chatstylebot import card as cards
from chatstylebot import files, progress
from chatstylebot.client import Client, Trouble
from chatstylebot.contacts import read_contacts
from chatstylebot.errors import UserError
from chatstylebot.feedback import self_play as plays
from chatstylebot.feedback import store as stores
from chatstylebot.feedback.journal import Journal
from chatstylebot.feedback.records import SELF_PLAY
from chatstylebot.feedback.self_play import Sample
from chatstylebot.workspace import Workspace

ATONCE = 4  # questions that are out
AGAIN, TRIES = 2.0, 60  # seconds between two tries where the server is busy, and how many of them
BUSY = (429, 503)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: who is talking, and what was said. `seed` makes it the same question every time."""

    id: str
    turns: tuple[tuple[str, str], ...]
    contact: str | None
    seed: int


def play(
    workspace: Path, url: str, key: str, picked: Sequence[Sample], broken: Callable[[str], str]
) -> tuple[int, int, int]:
    """Have the clone answer the samples, and put the pairs into the store in the place of an older clone's: all, or
    none. How many are new, how many of an older clone went, how many teach nothing. Raises UserError."""
    try:
        model = asyncio.run(_model(url, key))
    except Trouble as error:
        raise UserError(f"the server does not say what it serves: {error.message}", "csb serve, anew") from None
    card, people = cards.find(workspace) or cards.Card(), read_contacts(workspace)
    prompts = {None: card.prompt()} | {id: card.prompt(c.name, c.relation) for id, c in people.items()}
    prompts = {id: broken(text) for id, text in prompts.items()}  # as the samples and the server have them
    name, samples = "\n".join(model), {plays.key(sample, "\n".join(model)): sample for sample in picked}
    same_at = Workspace(workspace).self_play_of
    same = _same(same_at, name)
    with stores.Store.open(stores.path(workspace)) as store:
        kept = {record.id: record for record in store.records() if record.source == SELF_PLAY}
        old = [id for id, record in kept.items() if (record.model, record.adapter or "") != model]
        left = {id: sample for id, sample in samples.items() if id not in kept and id not in same}
        questions = [
            Question(id, one.turns, one.chat if one.chat in people else None, int(id[-8:], 16))
            for id, one in left.items()
        ]
        progress.say(f"{len(samples):,} samples: {len(left):,} to ask, {len(samples) - len(left):,} known")
        with closing(Journal(Workspace(workspace).self_play, name)) as journal:
            asyncio.run(_ask(url, key, model[0], questions, journal))
        made = [
            plays.record(left[q.id], journal.found[q.id], model, q.contact, prompts[q.contact], datetime.now(UTC))
            for q in questions
        ]
        new = store.swap([record for record in made if record], old)
    skipped = [question.id for question, record in zip(questions, made, strict=True) if record is None]
    files.write_json(same_at, {"model": name, "ids": [*same, *skipped]}, private=True)
    journal.end()
    return new, len(old), len(skipped)


def _same(path: Path, name: str) -> list[str]:
    """The samples that this model has answered as the person did."""
    found = files.read_json(path) if path.is_file() else {}
    return list(found["ids"]) if isinstance(found, dict) and found.get("model") == name else []


def _told(number: int, total: int) -> None:
    """A line for every tenth of the answers."""
    if 10 * number // total > 10 * (number - 1) // total:
        progress.say(f"  {number:,} of {total:,} answers")


async def _model(url: str, key: str) -> tuple[str, str]:
    """The clone's name and its adapter there. Raises Trouble."""
    client = Client(f"{url}/v1", key)
    try:
        rows = (await client.get("/v1/models")).get("data")
    finally:
        await client.close()
    for row in rows if isinstance(rows, list) else ():
        about = row.get("csb") if isinstance(row, dict) else None
        if isinstance(about, Mapping) and about.get("kind") == "clone":
            return str(row["id"]), str(about.get("adapter") or "")
    raise Trouble("no clone is served there", 502)


async def _ask(url: str, key: str, name: str, questions: Sequence[Question], journal: Journal) -> None:
    """Ask what the journal does not know yet. Raises UserError."""
    client, waiting = Client(f"{url}/v1", key), [one for one in questions if one.id not in journal.found]
    left, done = iter(waiting), len(questions) - len(waiting)

    async def worker() -> None:
        nonlocal done
        for question in left:
            journal.add(question.id, await _answer(client, name, question))
            done += 1
            _told(done, len(questions))

    workers = [asyncio.create_task(worker()) for _ in range(min(ATONCE, len(waiting)))]
    try:
        await asyncio.gather(*workers)
    except Trouble as error:
        raise UserError(
            f"the clone does not answer: {error.message}", "the same line again goes on from here (csb doctor)"
        ) from None
    finally:
        for task in workers:
            task.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        await client.close()


async def _answer(client: Client, name: str, question: Question) -> str:
    """What the clone says. Raises Trouble."""
    body: dict[str, object] = {
        "model": name,
        "messages": [{"role": role, "content": text} for role, text in question.turns if text.strip()],
        "seed": question.seed,
    }
    # a memory would bring up the very talk that the question is from
    body["csb"] = {"memory": []} | ({"contact": question.contact} if question.contact else {})
    for number in range(TRIES):
        try:
            found = await client.complete(body)
            return str(found["choices"][0]["message"]["content"] or "")
        except Trouble as error:
            if error.status == 400:  # this one talk cannot be answered: too long for the engine
                return ""
            if error.status not in BUSY or number == TRIES - 1:
                raise
        except (KeyError, TypeError):
            raise Trouble("the server's answer has another shape than a chat completion", 502) from None
        await asyncio.sleep(AGAIN)
    raise AssertionError("unreachable")
