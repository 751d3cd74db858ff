"""recorded feedback → listed, counted, and data/dpo_records.json + data/kto_records.json"""

import json
import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chatstylebot import files, progress
from chatstylebot.errors import UserError
from chatstylebot.words import many
from chatstylebot.workspace import Workspace, inside

if TYPE_CHECKING:
    from chatstylebot.feedback.pairs import Resolved
    from chatstylebot.feedback.records import Record
    from chatstylebot.feedback.store import Store

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
AsJson = Annotated[bool, typer.Option("--json", help="Print it for a program to read.")]
Block = Annotated[Path | None, typer.Option(help="A file of words to hide, as for csb preprocess.")]
Privacy = Annotated[
    str | None, typer.Option(help="redact, drop or off; default: the card's.", metavar="redact|drop|off")
]
HOW = "vote on the chat page of csb serve, or to the bot"
SHOWN, DAYS, WIDTH = 36, 14, 30  # characters of a text, days, and the longest bar


@app.callback(invoke_without_command=True)
def main(context: typer.Context) -> None:
    """List the recorded votes and edits, count them, make DPO and KTO data of them."""
    if context.invoked_subcommand is None:
        list_votes()


@app.command("list")
def list_votes(
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest.")] = 20, as_json: AsJson = False
) -> None:
    """The newest votes and edits: when, from where, by whom, on what."""
    from chatstylebot.feedback import records

    with _store() as store:
        number = store.count()
        newest = deque(store.records(), limit)
    if as_json:
        typer.echo(json.dumps([records.to_json(record) for record in newest], ensure_ascii=False, indent=2))
        return
    for record in newest:
        when = f"{record.at.astimezone():%Y-%m-%d %H:%M}"
        typer.echo(f"{when}  {record.source}  {record.contact or '-'}  {record.verdict:8}  {_told(record)}")
    if number > len(newest):
        progress.say(f"{number:,} in all: --limit {number} shows them")


def _told(record: "Record") -> str:
    """What was heard, what was answered, and what was better or worse."""
    line = f"{_short(record.messages[-1].content)} → {_short(record.answer)}"
    if record.verdict == "chosen":
        others = record.candidates[: record.index] + record.candidates[record.index + 1 :]
        return f"{line} | not: {' | '.join(map(_short, others))}"
    return f"{line} | rather: {_short(record.text)}" if record.text else line


def _short(text: str) -> str:
    """The beginning of a text on one line, with nothing in it that steers a terminal."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 8 * SHOWN]).split())
    return line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"


@app.command()
def stats(as_json: AsJson = False) -> None:
    """How many votes there are, of which kind, what can be trained on, and whether it is enough."""
    from chatstylebot.feedback import figures, learnt

    tally = figures.Tally()
    with _store() as store:
        resolved, _ = learnt.resolved(inside(), store, learnt.Hiding(), tally.of)
    found = figures.amount(resolved)
    counts = {"verdicts": tally.verdicts, "sources": tally.sources, "models": tally.models, "days": tally.days}
    if as_json:
        told = {"records": tally.verdicts.total(), **counts, **found, "advice": figures.advice(found)}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    for name in ("verdicts", "sources", "models"):
        typer.echo(f"{name:9} {', '.join(f'{number:,} {key}' for key, number in counts[name].most_common())}")
    for day, number in sorted(tally.days.items())[-DAYS:]:
        typer.echo(f"{day} {'█' * max(1, WIDTH * number // max(tally.days.values()))} {number:,}")
    _account(tally.verdicts.total(), resolved)
    for line in figures.advice(found):
        typer.echo(line)


@app.command()
def export(
    privacy: Privacy = None,
    block: Block = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that csb did not write.")] = False,
) -> None:
    """Write data/dpo_records.json and data/kto_records.json, on which csb train dpo and csb train kto learn."""
    from chatstylebot.feedback import figures, learnt, pairs

    tally, hiding = figures.Tally(), learnt.Hiding(privacy, block)
    with _store() as store, Workspace(inside()).alone():
        with progress.stage("reading the votes"):
            resolved, redacted = learnt.resolved(inside(), store, hiding, tally.of)
        if not (resolved.pairs or resolved.labels):
            why = "; ".join(pairs.lines(resolved))
            raise UserError(f"no vote can be trained on ({why})", HOW)
        written = learnt.write(inside(), resolved, hiding, force)
    _account(tally.verdicts.total(), resolved)
    typer.echo(f"redacted: {', '.join(f'{number:,} {kind}' for kind, number in sorted(redacted.items())) or 'nothing'}")
    for path in written:
        typer.echo(f"→ {path}")
    for line in figures.advice(figures.amount(resolved)):
        progress.say(line)


@app.command("self-play")
def self_play(
    samples: Annotated[int, typer.Option(help="How many training samples the clone answers.", min=1)] = 200,
    seed: Annotated[int, typer.Option(help="Which ones: another seed, other samples.")] = 0,
    server: Annotated[
        str | None, typer.Option(help="A csb serve that runs already; found, or started, if left out.", metavar="URL")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option("--serve", help="An option for the server: --serve=--gguf=FILE.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that csb did not write.")] = False,
) -> None:
    """Without votes: what was really written against what the clone says now, on training talk; then csb train dpo."""
    from chatstylebot.bot import self_play as asking
    from chatstylebot.bot import server as servers
    from chatstylebot.corpus import store as corpus
    from chatstylebot.feedback import self_play as plays
    from chatstylebot.models import special
    from chatstylebot.serving import keys, leaving

    workspace = inside()
    path = Workspace(workspace).samples
    if not path.is_file():
        raise UserError(f"{path} is not there: there is no talk to learn from", "csb preprocess EXPORT")
    found = plays.samples(rows := files.read_json(path), corpus.chats(workspace, len(rows)))
    if not found:
        raise UserError(f"{path} holds no samples", "csb preprocess EXPORT")
    if server is None:
        leaving.agree(workspace, option or ())
    _, key = keys.load(Workspace(workspace).private().keys, os.environ)
    with servers.found(server, workspace, key, option or (), progress.say) as url:
        new, old, same = asking.play(workspace, url, key, plays.chosen(found, samples, seed), special.broken)
    typer.echo(f"self-play: {new:,} new pairs; {same:,} skipped: nearly what was written, or nothing")
    if old:
        typer.echo(f"  {many(old, 'pair')} of an older clone {'is' if old == 1 else 'are'} gone")
    export(force=force)


def _account(records: int, resolved: "Resolved") -> None:
    """What became of the votes, by kind; no text is told."""
    from chatstylebot.feedback import figures, pairs

    found = figures.amount(resolved)
    dpo, kto = found["dpo"], found["kto"]
    play = f", {dpo['self_play']:,} of self-play" if dpo["self_play"] else ""
    typer.echo(
        f"{many(records, 'vote')} → {many(dpo['pairs'], 'pair')} "
        f"({many(dpo['picks'], 'pick')}, {many(dpo['edits'], 'edit')}{play}), "
        f"{kto['labels']:,} labels ({kto['desirable']:,} good, {kto['undesirable']:,} bad)"
    )
    for line in pairs.lines(resolved):
        typer.echo(f"  {line}")


@contextmanager
def _store() -> Iterator["Store"]:
    """The workspace's store, where there is something in it. Raises UserError."""
    from chatstylebot.feedback import store as stores

    path = stores.path(inside())
    if not path.is_file():  # looking makes no file
        raise UserError(f"nobody has voted yet: there is no {path}", HOW)
    with stores.Store.open(path) as store:
        if store.count() == 0:
            raise UserError(f"nobody has voted yet: {path} is empty", HOW)
        yield store
