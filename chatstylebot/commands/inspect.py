"""exports → what is in them, without writing anything"""

import json
import os
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from chatstylebot.errors import UserError
from chatstylebot.workspace import here

BARS = " ▁▂▃▄▅▆▇█"
MOST_CHATS = 15  # in the table; --json has them all


def run(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Chat exports: files, folders or zips.")],
    me: Annotated[
        list[str] | None,
        typer.Option(help="Your id or name in the export, where the file does not tell (may be given several times)."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    timezone: Annotated[str | None, typer.Option(help="Zone of local times, such as Asia/Shanghai.")] = None,
    form: Annotated[str | None, typer.Option("--format", help="Take the files for this format.")] = None,
    mapping: Annotated[
        Path | None, typer.Option("--map", help="A YAML file that says which column of a table is what.")
    ] = None,
    privacy: Annotated[
        bool, typer.Option("--privacy", help="Count what `csb preprocess` would redact, by type.")
    ] = False,
) -> None:
    """Say what is in chat exports: chats, people, kinds, times, who is me; write nothing."""
    from chatstylebot import card as cards
    from chatstylebot import importers, progress
    from chatstylebot.corpus import ready_made
    from chatstylebot.importers import people, summary

    if samples := [path for path in paths if ready_made.detect(path)]:
        raise UserError(
            f"{samples[0]} holds ready-made samples, not chats: there is nobody in it to tell of",
            f"csb preprocess {shlex.quote(str(samples[0]))}",
        )
    card = cards.written(here())
    zone = timezone or (card.timezone if card else None)
    if timezone:
        cards.parse({"timezone": timezone}, "the command line")
    names = me or ([card.me] if card and card.me else [])
    with progress.stage("reading"):
        found = importers.load(paths, zone, form, mapping)
    selves = people.find(found, names)
    if me:
        people.check(found, selves, names)
    found = people.claim(found, selves)
    told = [summary.of(file, own) for file, own in zip(found, selves, strict=True)]
    export = importers.together(found)
    secrets: dict[str, int] | None = None
    if privacy:
        from chatstylebot.corpus import privacy as private

        with progress.stage("looking for private data"):
            secrets = private.preview(export.messages)
    if as_json:
        more = {} if secrets is None else {"privacy": secrets}
        whole = {"files": told, "messages": export.messages.height} | more
        progress.tell(json.dumps(whole, ensure_ascii=False, indent=2))
        return
    for file in told:
        _show(file)
    _bar(summary.months(export.messages))
    if secrets is not None:
        counts = ", ".join(f"{number:,} {kind}" for kind, number in secrets.items()) or "nothing found"
        progress.tell(f"private data that would be redacted: {counts}")
    torn = any(map(importers.cut, found))
    for line in _next(paths, told, names, timezone, form, mapping, torn):
        progress.tell(line)


def _show(file: dict[str, Any]) -> None:
    """One file as a table of its chats."""
    from rich.table import Table

    from chatstylebot import importers, progress

    console = progress.console()
    console.soft_wrap = True
    console.print(f"{file['path']}: {importers.FORMATS[file['format']]}")
    if file["messages"]:
        kinds = ", ".join(f"{number:,} {kind}" for kind, number in file["by_kind"].items())
        chats = len(file["chats"])
        console.print(
            f"  {file['messages']:,} messages in {chats:,} chat{'s' * (chats != 1)} "
            f"from {file['first'][:10]} to {file['last'][:10]} ({kinds})"
        )
    if file["me"]:
        how = "the file tells" if file["me_known_by"] == "file" else file["me_known_by"]
        console.print(f"  me: {file['me']} ({how})")
    table = Table("", "chat", "id", "messages", "mine", "people", box=None, pad_edge=False)
    for column in (3, 4, 5):
        table.columns[column].justify = "right"
    for chat in file["chats"][:MOST_CHATS]:
        mine = "?" if chat["from_me"] is None else f"{chat['from_me']:,}"
        name = chat["name"] if len(chat["name"]) <= 30 else chat["name"][:29] + "…"
        key = "" if chat["id"] == chat["name"] else chat["id"]
        group = "group" if chat["is_group"] else ""
        table.add_row(f"  {group}", name, key, f"{chat['messages']:,}", mine, f"{len(chat['participants']):,}")
    if file["chats"]:
        console.print(table, soft_wrap=False)
    if len(file["chats"]) > MOST_CHATS:
        console.print(f"  and {len(file['chats']) - MOST_CHATS:,} more chats (--json has them all)")
    for line in file["warnings"]:
        console.print(f"  note: {line}")


def _bar(months: Sequence[tuple[str, int]], width: int = 60) -> None:
    """A small bar of messages per month, or per so many months as fit."""
    from chatstylebot import progress

    if not months:
        return
    step = -(-len(months) // width)
    sums = [sum(number for _, number in months[at : at + step]) for at in range(0, len(months), step)]
    top = max(sums)
    bar = "".join(BARS[0 if number == 0 else 1 + (number * 7) // top] for number in sums)
    per = "month" if step == 1 else f"{step} months"
    progress.tell(f"{months[0][0]} {bar} {months[-1][0]}  (messages per {per}, at most {top:,})")


def _next(
    paths: Sequence[Path],
    told: Sequence[dict[str, Any]],
    me: Sequence[str],
    timezone: str | None,
    form: str | None,
    mapping: Path | None,
    torn: bool,
) -> list[str]:
    """The exact line to type next; one for each candidate where it is not known who is me."""
    from chatstylebot.importers import people

    if not any(file["messages"] for file in told):
        return []
    if all(file["me_known_by"] == "file" and not any(chat["from_me"] for chat in file["chats"]) for file in told):
        return ["none of these messages is yours: give a chat in which you wrote"]
    options: list[str] = []
    for flag, value in (("--timezone", timezone), ("--format", form), ("--map", mapping)):
        options += [flag, str(value)] if value else []
    options += ["--partial"] if torn else []
    known = [option for name in me for option in ("--me", name)]
    # a name that begins with a dash would be taken for an option
    start = ["csb", "preprocess", *(f"./{path}" if str(path).startswith("-") else str(path) for path in paths)]
    open_files = [file for file in told if file["me_known_by"] is None and file["messages"]]
    if not open_files or me:
        return [f"next: {_typed([*start, *known, *options])}"]
    tally: dict[str, tuple[int, int]] = {}
    names: dict[str, str] = {}
    for file in open_files:
        for chat in file["chats"]:
            for person in chat["participants"]:
                if person["id"] in people.NOBODY:
                    continue
                chats, messages = tally.get(person["id"], (0, 0))
                tally[person["id"]] = (chats + 1, messages + person["messages"])
                names[person["id"]] = person["name"]
    # whoever writes in most chats comes first; which of them you are only you know
    likely = sorted(tally, key=lambda name: (-tally[name][0], -tally[name][1], name))[:5]
    lines = ["next: the line with your own name"]
    for key in likely:
        # on a line of its own: not every shell takes a comment behind what is pasted
        lines += [f"  {names[key]}:"] if names[key] != key else []
        lines.append(f"  {_typed([*start, '--me', key, *options])}")
    return lines


def _typed(words: Sequence[str]) -> str:
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
