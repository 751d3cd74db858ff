"""exports → data/chat_records.json, registered, with an account of every message"""

import functools
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from chatstylebot.errors import UserError

Privacy = Annotated[str | None, typer.Option(help="redact, drop or off.", metavar="redact|drop|off")]


def run(
    paths: Annotated[list[Path] | None, typer.Argument(metavar="PATH...", help="Chat exports.")] = None,
    input_csv: Annotated[Path | None, typer.Option("--input_csv", "--input-csv", hidden=True)] = None,
    me: Annotated[str | None, typer.Option(help="Your id or name in the export, where the file does not tell.")] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            "--output_json",
            "--output-json",
            help="Where the samples go; left out, data/chat_records.json of the workspace.",
            show_default=False,
        ),
    ] = None,
    heldout: Annotated[
        float, typer.Option(min=0, max=0.4, help="Newest share of each chat held out; the same again is dev.")
    ] = 0.1,
    privacy: Privacy = None,
    timezone: Annotated[str | None, typer.Option(help="Zone of local times, such as Asia/Shanghai.")] = None,
    gap: Annotated[str | None, typer.Option(help="Silence that ends a conversation: 30m, 60m, 2h.")] = None,
    history: Annotated[int | None, typer.Option(min=0, max=50, help="Pairs before a reply that stand in it.")] = None,
    groups: Annotated[bool, typer.Option(help="Take group chats, or leave them out.")] = True,
    report: Annotated[Path | None, typer.Option(help="Write the account as JSON here, too.")] = None,
    form: Annotated[str | None, typer.Option("--format", help="Take the files for this format.")] = None,
    show_examples: Annotated[bool, typer.Option("--show-examples", help="Show the text of dropped messages.")] = False,
) -> None:
    """Turn chat exports into training samples; account for every message."""
    exports = [*(paths or []), *([input_csv] if input_csv else [])]
    if not exports:
        raise typer.BadParameter("name at least one chat export", param_hint="PATH")
    settings = {"privacy": privacy, "timezone": timezone, "gap": gap, "history": history, "me": me}
    account, dropped_texts = build(exports, output or _default(), heldout, groups, report, form, settings)
    _show(account, dropped_texts if show_examples else {})


def _default() -> Path:
    """data/chat_records.json of the workspace, as it is written from here."""
    from chatstylebot import files

    name = Path("data/chat_records.json")
    return name if files.workspace() == Path.cwd().resolve() else files.workspace() / name


def build(
    exports: list[Path],
    output: Path,
    heldout: float,
    groups: bool,
    report: Path | None,
    form: str | None,
    settings: dict[str, Any],
) -> tuple[dict[str, Any], dict[str, str]]:
    """Do the whole of it; return the report and one text per drop reason."""
    # Polars' allocator reads this when it loads. One arena that keeps its pages for the next stage: a million messages
    # fault in 0.23 M pages instead of 0.4 M at the same peak (system time 0.8 s instead of 1.3), ten million need 13 s
    # instead of 24 s of system time, for 7 GB instead of 6.
    os.environ.setdefault("_RJEM_MALLOC_CONF", "narenas:1,dirty_decay_ms:-1")
    import polars as pl

    from chatstylebot import card as cards
    from chatstylebot import files, importers, progress
    from chatstylebot.corpus import clean, privacy, prompts, rhythm, secret_hashes
    from chatstylebot.corpus import report as reports

    workspace = files.workspace()
    _check_targets(exports, output, report)
    given = {key: value for key, value in settings.items() if value is not None}
    card = cards.written(workspace)
    found = card is not None
    if card is None or given:
        values = card.model_dump() if card else {}
        card = cards.parse(values | given, "the command line" if given else "clone.yaml")
    contacts = cards.contacts(workspace)
    hidden = workspace / ".csb"
    before = hidden / "secrets.bin"

    with progress.stage(f"reading {', '.join(p.name for p in exports)}"):
        export, formats = importers.read(exports, card.timezone, form)
    for name, key in formats.items():
        progress.say(f"{Path(name).name}: {importers.FORMATS[key]}")
    for note in export.notes:
        progress.say(f"note: {note}")
    if export.messages.height == 0:
        why = f": all {len(export.damaged):,} rows are damaged ({export.damaged[0]})" if export.damaged else ""
        raise UserError(f"there are no messages in {_names(exports)}{why}", "export the chats again")
    if not export.messages["from_me"].any():
        raise UserError(
            f"none of the {export.messages.height:,} messages in {_names(exports)} is yours (IsSender is 0 everywhere)",
            "export from the account whose style is to be learnt",
        )
    if card.me:
        importers.check_me(card.me, export)
    if not found:
        card = card.model_copy(update={"language": prompts.language(export.messages)})
        progress.say(f"no clone.yaml here: defaults for {card.language}; `csb init` writes a card to edit")

    with progress.stage("cleaning and redacting"):
        # the table as read is let go: at a million messages it is 0.15 GB
        export = replace(export, messages=clean.mark(export.messages, groups).drop("file"))
        secret = secret_hashes.key_of(before.read_bytes() if before.is_file() else b"")
        alias = functools.partial(secret_hashes.alias, secret)
        redacted, finder = privacy.redact(export.messages, card.privacy, card.language, alias)
        hide = privacy.names_hidden([Path(path).name for path in formats], card.privacy, card.language)
        for name, shown in hide.items():
            redacted = redacted.with_columns(pl.col("source").str.replace(name, shown, literal=True))
    with progress.stage("building conversations"):
        messages, own, systems = _paired(redacted, card, contacts, heldout)
        lost = [privacy.hidden(line, hide) for line in export.damaged]
        account = reports.account(messages, own, lost, finder.counts)
    account |= {
        "files": {privacy.hidden(Path(path).name, hide): key for path, key in formats.items()},
        "damaged": lost[:50],
        "notes": [privacy.hidden(line, hide) for line in export.notes],
        "gap_minutes": card.gap / timedelta(minutes=1),
        "history": card.history,
        "privacy": card.privacy,
        "system": systems[0],
        "output": _from(workspace, output),
    }
    if account["samples"] == 0:
        reasons = ", ".join(f"{number:,} {reason}" for reason, number in account["dropped"].items())
        raise UserError(
            f"nothing is left to train on: of {account['messages_in']:,} messages {reasons}",
            "export chats in which you answered in text, or widen --gap",
        )

    with progress.stage("writing"), files.together() as outputs:
        _write_tables(outputs, output, hidden, messages, own, card.history)
        outputs.json(output.parent / "dataset_info.json", _registered(output), private=False)
        outputs.json(hidden / "rhythm.json", rhythm.measure(messages, own))
        outputs.bytes(before, secret_hashes.pack(finder.known, secret))
        outputs.bytes(hidden / "card.yaml", cards.dump(card.model_copy(update={"me": None})).encode())
        outputs.bytes(hidden / ".gitignore", b"*\n")
        outputs.json(hidden / "report.json", account)
        if report:
            outputs.json(report, account)
    if heldout and not account["heldout"]:
        progress.say("note: no chat has ten samples: nothing is held out, and there is no dev set")
    if found and card.language != prompts.language(messages):
        progress.say(f"note: the card says language: {card.language}, most of your messages are in another")
    if contacts_remark := reports.lopsided(account, account["chats"]):
        progress.say(f"note: {contacts_remark}")
    first = messages.filter(pl.col("dropped").is_not_null()).group_by("dropped").first()
    return account, {r["dropped"]: r["text"] or f"<{r['kind']}>" for r in first.iter_rows(named=True)}


def _paired(messages: Any, card: Any, contacts: dict[str, Any], heldout: float) -> tuple[Any, Any, list[str]]:
    """The messages with what became of them, the own turns with what they answer, and the system prompts."""
    from chatstylebot.corpus import conversations, prompts, samples

    numbered = conversations.shorten_groups(conversations.number(messages, card.gap))
    talk = conversations.turns(numbered, card.separator, card.language)
    own, systems = prompts.give(samples.pairs(talk, heldout), numbered, card, contacts)
    own = samples.keep(own, card.history)
    return samples.settle(numbered, samples.fates(talk, own)), own, systems


def _write_tables(outputs: Any, output: Path, hidden: Path, messages: Any, own: Any, history: int) -> None:
    """The files that grow with the messages, side by side: one alone leaves a core idle."""
    import polars as pl

    from chatstylebot import files
    from chatstylebot.corpus import alpaca
    from chatstylebot.training import datasets

    def write(path: Path, lines: Iterator[bytes]) -> Callable[[], None]:
        file = outputs.open(path)
        return lambda: file.writelines(lines)

    rows = alpaca.written(own, history)
    train, dev, held = (rows.filter(pl.col("split") == split) for split in ("train", "dev", "heldout"))
    jobs = [write(output, alpaca.alpaca(train))]
    if dev.height:
        jobs.append(write(_dev(output), alpaca.alpaca(dev)))
    elif _dev(output).stem in datasets.known(
        output.parent / "dataset_info.json"
    ):  # the dev samples of an earlier run are training data now
        outputs.remove(_dev(output))
    files.private_folder(hidden)
    chat_ids = messages.select("chat", "chat_id").unique("chat")
    jobs.append(write(hidden / "heldout.jsonl", alpaca.heldout(held, chat_ids)))
    table = outputs.draft(hidden / "messages.parquet")
    jobs.append(lambda: messages.write_parquet(table, compression="lz4", statistics=False))
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(job) for job in jobs]:
            done.result()


def _check_targets(exports: list[Path], output: Path, report: Path | None) -> None:
    """Raise UserError where an output would take the place of an export, of another output, or of a folder."""
    from chatstylebot import files

    files.check_apart(exports, [output, *([report] if report else [])])
    if output.suffix != ".json":
        raise UserError(f"{output} does not end in .json: the engine would not read it", f"--output {output}.json")
    files.check_apart(exports, [output, *([report] if report else []), _dev(output)])


def _dev(output: Path) -> Path:
    return output.with_name(f"{output.stem}_dev.json")


def _registered(output: Path) -> dict[str, Any]:
    """dataset_info.json with the samples and the dev samples in it, and every other entry as it was."""
    from chatstylebot.training import datasets

    current = datasets.known(output.parent / "dataset_info.json")
    for path in (output, _dev(output)):
        current = datasets.register(current, path.stem, path.name, datasets.CHAT)
    return current


def _from(workspace: Path, path: Path) -> str:
    """The path as the workspace sees it."""
    whole = path.resolve()
    return str(whole.relative_to(workspace)) if whole.is_relative_to(workspace) else str(whole)


def _names(paths: list[Path]) -> str:
    return ", ".join(str(path) for path in paths)


def _show(account: dict[str, Any], texts: dict[str, str]) -> None:
    from rich.console import Console
    from rich.table import Table

    from chatstylebot.corpus import report as reports

    console = Console(highlight=False, markup=False, emoji=False)  # what people wrote is text
    table = Table("dropped", "messages", "why", "first one", *(["text"] if texts else []), box=None, pad_edge=False)
    for reason, number, why, where in reports.table(account):
        table.add_row(reason, number, why, where, *([texts.get(reason, "")] if texts else []))
    if account["dropped"]:
        console.print(table)
    if account["redacted"]:
        console.print("redacted: " + ", ".join(f"{number:,} {kind}" for kind, number in account["redacted"].items()))
    if account["answered_late"]:
        console.print(f"answered late (after the gap; they stand as history only): {account['answered_late']:,}")
    console.print(reports.funnel(account), soft_wrap=True)
    console.print(f"→ {account['output']}", soft_wrap=True)
