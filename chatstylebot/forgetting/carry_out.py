"""A plan carried out: all of it, also when it is cut off at any moment and begun again."""

import json
import shutil
from pathlib import Path

import polars as pl

from chatstylebot import card as cards
from chatstylebot import files
from chatstylebot.bot import forget as bots
from chatstylebot.card import Card
from chatstylebot.corpus import forget, forgotten, store, traces
from chatstylebot.errors import UserError
from chatstylebot.feedback import export as exports
from chatstylebot.feedback import store as stores
from chatstylebot.forgetting import begun as begins
from chatstylebot.forgetting import places
from chatstylebot.forgetting.begun import REMEDY
from chatstylebot.forgetting.plan import Plan
from chatstylebot.memory import facts
from chatstylebot.memory import forget as past
from chatstylebot.words import many


def carry_out(plan: Plan, day: str) -> None:
    """Take it all out. Cut off at any moment, the same again goes on. Raises UserError."""
    own, begun = plan.workspace, plan.begun
    workspace, person = own.folder, begun.person
    others = [one for one in begins.read(own) if not one.person.keys & person.keys]
    known = forgotten.load(workspace).add(person.keys, day, begun.held)
    with files.together() as outputs:
        if plan.gone.height:
            _preprocessed(outputs, plan)
            for path, report in places.reports(own).items():
                outputs.json(path, forget.without_report(report, person, plan.samples.height, plan.gone.height))
        if own.contacts.is_file():
            keys = {*person.chats, *person.senders}
            outputs.bytes(own.contacts, forget.without_contact(own.contacts.read_text("utf-8-sig"), keys).encode())
        if (shorter := facts.without(own.facts, person.keys)) is not None:
            outputs.bytes(own.facts, shorter.encode())
        exports.take_out(outputs, workspace, {vote.id for vote in plan.votes})
        for path in (own.chats, own.self_play):
            if path.is_file():
                told = [json.dumps(f"whose: {id}", ensure_ascii=False) for id in person.keys]
                outputs.bytes(path, traces.dropped(path, [*begun.search.everywhere, *told]))
        outputs.json(own.private().forgotten, known.packed())
        # what cannot be told was refused above, and nothing is changed yet
        begins.write(own, (*others, begun))
        past.without(own, cards.find(workspace) or Card(), plan.passages)
        # each of these is whole or not at all, and finds nothing to do the second time
        bots.take_out(workspace, plan.bots.before, plan.bots.after, plan.bots.drafts)
        bots.logins(workspace, person.keys, take=True)
        if plan.votes:
            with stores.Store.open(stores.path(workspace)) as recorded:
                recorded.forget({vote.id for vote in plan.votes})
    for path in traces.search(places.disposable(own), begun.search.everywhere).hits:
        path.unlink()
    shutil.rmtree(own.cache, ignore_errors=True)


def _preprocessed(outputs: files.Outputs, plan: Plan) -> None:
    """Take the person out of what `csb preprocess` left."""
    workspace = plan.workspace.folder
    for name, rows in plan.samples.group_by("file"):
        path = workspace / str(name[0])
        text = _samples_text(path, plan.index.filter(pl.col("file") == name[0]).height)
        lines = path.suffix == ".jsonl"
        outputs.bytes(path, forget.without_rows(text, set(rows["row"].to_list()), lines).encode())
    kept = plan.index.join(plan.samples.select("file", "row"), on=["file", "row"], how="anti")
    renumbered = kept.sort("file", "row").with_columns(
        pl.int_range(pl.len(), dtype=pl.UInt32).over("file").alias("row")
    )
    store.rewrite(outputs, workspace, plan.rest, renumbered)


def _samples_text(path: Path, expected: int) -> str:
    """A file of samples that still holds as many as were written. Raises UserError."""
    try:
        text = path.read_text("utf-8")
        number = text.count("\n") if path.suffix == ".jsonl" else len(json.loads(text))
    except FileNotFoundError:
        raise UserError(f"{path} is gone: which samples are theirs cannot be told", REMEDY) from None
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {error}", REMEDY) from None
    if number != expected:
        raise UserError(
            f"{path} holds {many(number, 'sample')}, {expected:,} were written: it was changed since", REMEDY
        )
    return text
