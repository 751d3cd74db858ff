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
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="PATH...", help="Chat exports: files, folders or zips.")
    ] = None,
    input_csv: Annotated[Path | None, typer.Option("--input_csv", "--input-csv", hidden=True)] = None,
    me: Annotated[
        list[str] | None,
        typer.Option(help="Your id or name in the export, where the file does not tell (may be given several times)."),
    ] = None,
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
    person: Annotated[
        str | None, typer.Option(help="Clone somebody else in the export, who has agreed to it.", metavar="ID|NAME")
    ] = None,
    contacts: Annotated[list[str] | None, typer.Option(help="Only these chats: names or ids, with commas.")] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="Not these chats: names or ids, with commas.")] = None,
    since: Annotated[str | None, typer.Option(help="From this year, month or day on: 2023, 2023-05-01.")] = None,
    until: Annotated[str | None, typer.Option(help="Up to this year, month or day, that one included.")] = None,
    heldout: Annotated[
        float, typer.Option(min=0, max=0.4, help="Newest share of each chat held out; the same again is dev.")
    ] = 0.1,
    privacy: Privacy = None,
    hide_names: Annotated[
        bool | None, typer.Option(help="Hide the contacts' names in what was said, too.", show_default=False)
    ] = None,
    block: Annotated[
        Path | None, typer.Option(help="Words to hide, one a line (`re:` before a regular expression).")
    ] = None,
    timezone: Annotated[str | None, typer.Option(help="Zone of local times, such as Asia/Shanghai.")] = None,
    gap: Annotated[str | None, typer.Option(help="Silence that ends a conversation: 30m, 60m, 2h, or auto.")] = None,
    history: Annotated[int | None, typer.Option(min=0, max=50, help="Pairs before a reply that stand in it.")] = None,
    groups: Annotated[bool, typer.Option(help="Take group chats, or leave them out.")] = True,
    quotes: Annotated[
        bool | None, typer.Option(help="Show what others quote before their words.", show_default=False)
    ] = None,
    keep_pasted: Annotated[bool, typer.Option("--keep-pasted", help="Keep own texts that look copied.")] = False,
    keep_repeats: Annotated[
        bool, typer.Option("--keep-repeats", help="Keep mass greetings and nearly equal samples.")
    ] = False,
    max_share: Annotated[
        float,
        typer.Option(min=0.05, max=1, help="Largest share of one chat, from 5 chats and 1,000 samples on; 1: no cap."),
    ] = 0.4,
    report: Annotated[Path | None, typer.Option(help="Write the account as JSON here, too.")] = None,
    form: Annotated[str | None, typer.Option("--format", help="Take the files for this format.")] = None,
    mapping: Annotated[
        Path | None, typer.Option("--map", help="A YAML file that says which column of a table is what.")
    ] = None,
    show_examples: Annotated[bool, typer.Option("--show-examples", help="Show the text of dropped messages.")] = False,
) -> None:
    """Turn chat exports into training samples; account for every message."""
    exports = [*(paths or []), *([input_csv] if input_csv else [])]
    if not exports:
        raise typer.BadParameter("name at least one chat export", param_hint="PATH")
    if me and person:
        raise typer.BadParameter("--me and --person exclude each other", param_hint="--person")
    # Polars' allocator reads this when it loads. One arena that keeps its pages for the next stage: a million messages
    # fault in 0.23 M pages instead of 0.4 M at the same peak (system time 0.8 s instead of 1.3), ten million need 13 s
    # instead of 24 s of system time, for 7 GB instead of 6.
    os.environ.setdefault("_RJEM_MALLOC_CONF", "narenas:1,dirty_decay_ms:-1")
    from chatstylebot.corpus.choice import Choice, names
    from chatstylebot.corpus.switches import Switches

    settings = {
        "privacy": privacy, "timezone": timezone, "gap": None if gap == "auto" else gap, "history": history,
        "hide_names": hide_names, "quotes": quotes,
    }  # fmt: skip
    card, found = _card({key: value for key, value in settings.items() if value is not None})
    choice = Choice(names(contacts or []), names(exclude or []), *_span(since, until, card.timezone))
    switches = Switches(
        heldout, groups, not keep_pasted, not keep_repeats, max_share, gap == "auto", person, choice, block
    )
    target = output or _default()
    if _made_elsewhere(exports, target, report, card, heldout):
        return
    account, dropped_texts = build(exports, target, report, form, mapping, tuple(me or ()), card, found, switches)
    _show(account, dropped_texts if show_examples else {})


def _default() -> Path:
    """data/chat_records.json of the workspace, as it is written from here."""
    from chatstylebot import files

    name = Path("data/chat_records.json")
    return name if files.workspace() == Path.cwd().resolve() else files.workspace() / name


def _card(given: dict[str, Any]) -> tuple[Any, bool]:
    """The workspace's card with the options of this run, and whether there was one."""
    from chatstylebot import card as cards
    from chatstylebot import files

    card = cards.written(files.workspace())
    if card is not None and not given:
        return card, True
    values = card.model_dump() if card else {}
    return cards.parse(values | given, "the command line" if given else "clone.yaml"), card is not None


def _made_elsewhere(exports: list[Path], output: Path, report: Path | None, card: Any, heldout: float) -> bool:
    """Take samples that another tool has made, where these are what is given; whether that was so."""
    from chatstylebot import files, progress
    from chatstylebot.corpus import ready_made
    from chatstylebot.corpus.privacy import Finder

    forms = {path: form for path in exports if (form := ready_made.detect(path))}
    if not forms:
        return False
    if len(forms) < len(exports):
        raise UserError(
            f"{', '.join(p.name for p in forms)} holds samples, the other files hold chats",
            "preprocess them one by one, each with an --output of its own",
        )
    _check_targets(exports, output, report)
    finder = Finder(card.language)
    samples: list[Any] = []
    account: dict[str, Any] = {"files": {p.name: form for p, form in forms.items()}, "samples_in": 0, "dropped": {}}
    for path, form in forms.items():
        made = ready_made.read(path, card.history, card.prompt())
        progress.say(f"{path.name}: samples in {form}'s format")
        samples += made.samples
        account["samples_in"] += made.read
        for reason, number in made.dropped.items():
            account["dropped"][reason] = account["dropped"].get(reason, 0) + number
    if not samples:
        raise UserError(f"there is no sample in {_names(exports)}", "each needs a question and an answer")
    if card.privacy != "off":
        clean = ready_made.redacted(samples, finder)
        samples = clean if card.privacy == "redact" else [s for s, c in zip(samples, clean, strict=True) if s == c]
    train, dev = ready_made.split(samples, heldout)
    account |= {"samples": len(samples), "train": len(train), "dev": len(dev), "redacted": finder.counts}
    with progress.stage("writing"), files.together() as outputs:
        for target, rows in ((output, train), (_dev(output), dev)):
            if rows:
                outputs.json(target, rows)
        outputs.json(output.parent / "dataset_info.json", _registered(output), private=False)
        if report:
            outputs.json(report, account)
    dropped = ", ".join(f"{number:,} {reason}" for reason, number in account["dropped"].items()) or "none"
    typer.echo(f"{account['samples_in']:,} rows → {len(samples):,} samples ({len(train):,} train, {len(dev):,} dev)")
    typer.echo(f"dropped: {dropped}; redacted: {sum(finder.counts.values()):,}\n→ {output}")
    progress.say("note: no chats, so nothing is held out for the final score, and there is no memory to index")
    return True


def _span(since: str | None, until: str | None, zone: str | None) -> tuple[Any, Any]:
    """The first moment that counts and the first one after."""
    from chatstylebot.corpus import choice
    from chatstylebot.importers import times

    here = times.zone(zone, chinese=False)
    try:
        begin = choice.moment(since, here) if since else None
        end = choice.moment(until, here, end=True) if until else None
    except ValueError as error:
        raise UserError(str(error), "write --since 2023 or --until 2023-05-31") from None
    if begin and end and begin >= end:
        raise UserError(f"nothing lies between --since {since} and --until {until}", "swap them")
    return begin, end


def build(
    exports: list[Path],
    output: Path,
    report: Path | None,
    form: str | None,
    mapping: Path | None,
    me: tuple[str, ...],
    card: Any,
    found: bool,
    switches: Any,
) -> tuple[dict[str, Any], dict[str, str]]:
    """Do the whole of it; return the report and one text per drop reason."""
    import polars as pl

    from chatstylebot import card as cards
    from chatstylebot import files, progress
    from chatstylebot.corpus import choice as choices
    from chatstylebot.corpus import clean, foreign, privacy, prompts, rhythm, secret_hashes
    from chatstylebot.corpus import report as reports

    workspace = files.workspace()
    _check_targets(exports, output, report)
    block = privacy.block_list(switches.block) if switches.block else []
    contacts = cards.contacts(workspace)
    hidden = workspace / ".csb"
    before = hidden / "secrets.bin"
    export, formats = _read(exports, card, form, mapping, me, switches.person)
    if not found:
        card = card.model_copy(update={"language": prompts.language(export.messages)})
        progress.say(f"no clone.yaml here: defaults for {card.language}; `csb init` writes a card to edit")

    with progress.stage("cleaning and redacting"):
        left_out = choices.reasons(export.messages, switches.choice, contacts)
        # the table as read is let go: at a million messages it is 0.15 GB
        export = replace(export, messages=clean.mark(export.messages, switches.groups, left_out).drop("file"))
        secret = secret_hashes.key_of(before.read_bytes() if before.is_file() else b"")
        alias = functools.partial(secret_hashes.alias, secret)
        names = _names_of(export.messages, contacts) if card.hide_names else ()
        marked = foreign.mark(export.messages, switches.drop_pasted, switches.cap_repeats)
        redacted, finder = privacy.redact(marked, card.privacy, card.language, alias, names, block)
        hide = privacy.names_hidden([Path(path).name for path in formats], card.privacy, card.language, names)
        for name, shown in hide.items():
            redacted = redacted.with_columns(pl.col("source").str.replace(name, shown, literal=True))
    with progress.stage("building conversations"):
        card, gap = _gap(redacted, card, switches.gap_auto)
        messages, own, systems = _paired(redacted, card, contacts, switches)
        lost = [privacy.hidden(line, hide) for line in export.damaged]
        account = reports.account(messages, own, lost, finder.counts)
        account |= _figures(messages, own, card, systems[0], workspace)
    account |= {
        "files": {privacy.hidden(path, hide): key for path, key in formats.items()},
        "damaged": lost[:50],
        "notes": [privacy.hidden(line, hide) for line in export.notes],
        "gap_minutes": card.gap / timedelta(minutes=1),
        "gap": gap,
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
        remarks = _directory(outputs, workspace, messages, own, contacts) if found else []
    for line in [*remarks, *_remarks(account, card, found, switches.heldout, messages)]:
        progress.say(f"note: {line}")
    first = messages.filter(pl.col("dropped").is_not_null()).group_by("dropped").first()
    return account, {r["dropped"]: r["text"] or f"<{r['kind']}>" for r in first.iter_rows(named=True)}


def _read(
    exports: list[Path], card: Any, form: str | None, mapping: Path | None, me: tuple[str, ...], person: str | None
) -> tuple[Any, dict[str, str]]:
    """The messages of all files, with `from_me` filled in, and the format of each file."""
    from chatstylebot import importers, progress
    from chatstylebot.importers import people

    names = me or ((card.me,) if card.me and person is None else ())
    with progress.stage(f"reading {', '.join(p.name for p in exports)}"):
        files = importers.load(exports, card.timezone, form, mapping)
        everything = sum(file.export.messages.height for file in files)
        if everything == 0:
            damaged = [line for file in files for line in file.export.damaged]
            why = f": all {len(damaged):,} rows are damaged ({damaged[0]})" if damaged else ""
            raise UserError(f"there are no messages in {_names(exports)}{why}", "export the chats again")
        selves = people.find(files, names, person)
        remarks = people.check(files, selves, names, person)
        files = people.claim(files, selves, person)
        export = importers.together(files)
    for file in files[:20]:
        progress.say(f"{file.shown}: {importers.FORMATS[file.form]}")
    if len(files) > 20:
        progress.say(f"and {len(files) - 20:,} more files")
    for note in [*export.notes, *remarks]:
        progress.say(f"note: {note}")
    if not export.messages["from_me"].any():
        raise UserError(
            f"none of the {everything:,} messages in {_names(exports)} is yours",
            "export from the account whose style is to be learnt, or say who you are with --me",
        )
    return export, {file.shown: file.form for file in files}


def _names_of(messages: Any, contacts: dict[str, Any]) -> list[str]:
    """What the contacts are called: in the export and in contacts.yaml."""
    import polars as pl

    theirs = messages.filter(~pl.col("from_me"))
    known = [name for contact in contacts.values() for name in (contact.name, *contact.aliases.values()) if name]
    private = messages.filter(~pl.col("is_group"))["chat_name"].unique().to_list()
    return sorted({*theirs["sender_name"].unique().to_list(), *private, *known})


def _gap(messages: Any, card: Any, auto: bool) -> tuple[Any, dict[str, Any]]:
    """The card with the gap that was asked for, and what the report says of silences."""
    from chatstylebot import progress
    from chatstylebot.corpus import silence

    pauses = silence.pauses(messages)
    if auto:
        gap, why = silence.gap(pauses)
        card = card.model_copy(update={"gap": gap})
        progress.say(f"gap auto: {gap / timedelta(minutes=1):g} min ({why})")
    return card, silence.told(pauses, card.gap) | {"auto": auto}


def _paired(messages: Any, card: Any, contacts: dict[str, Any], switches: Any) -> tuple[Any, Any, list[str]]:
    """The messages with what became of them, the own turns with what they answer, and the system prompts."""
    from chatstylebot.corpus import conversations, prompts, samples

    numbered = conversations.shorten_groups(conversations.number(messages, card.gap))
    talk = conversations.turns(numbered, card.separator, card.language, card.quotes)
    own, systems = prompts.give(samples.pairs(talk, switches.heldout), numbered, card, contacts)
    own = samples.keep(own, card.history, switches.cap_repeats, switches.max_share)
    return samples.settle(numbered, samples.fates(talk, own)), own, systems


def _figures(messages: Any, own: Any, card: Any, system: str, workspace: Path) -> dict[str, Any]:
    """The quality figures, counted with the model's tokenizer where it is here."""
    from chatstylebot.corpus import quality
    from chatstylebot.training import tokenizer

    path = tokenizer.find(card.model, workspace)
    return quality.figures(messages, own, card.history, system, tokenizer.counter(path) if path else None)


def _directory(outputs: Any, workspace: Path, messages: Any, own: Any, contacts: dict[str, Any]) -> list[str]:
    """Write a first contacts.yaml; where there is one, say which chats it lacks."""
    from chatstylebot.corpus import directory

    listed = directory.chats(messages, own)
    path = workspace / "contacts.yaml"
    if not path.exists():
        outputs.bytes(path, directory.first(listed).encode())
        return ["contacts.yaml lists your chats: fill in `relation` if the system prompt is to use it"]
    absent = directory.missing(listed, contacts)
    count = "1 chat is" if len(absent) == 1 else f"{len(absent):,} chats are"
    return [f"{count} not in contacts.yaml, such as {absent[0]!r}"] if absent else []


def _remarks(account: dict[str, Any], card: Any, found: bool, heldout: float, messages: Any) -> list[str]:
    """What the user should know about the result."""
    from chatstylebot.corpus import prompts
    from chatstylebot.corpus import report as reports

    lines = []
    if heldout and not account["heldout"]:
        lines.append("no chat has ten samples: nothing is held out, and there is no dev set")
    if found and card.language != prompts.language(messages):
        lines.append(f"the card says language: {card.language}, most of your messages are in another")
    if lopsided := reports.lopsided(account, account["chats"]):
        lines.append(lopsided)
    return lines


def _write_tables(outputs: Any, output: Path, hidden: Path, messages: Any, own: Any, history: int) -> None:
    """The files that grow with the messages, side by side: one alone leaves a core idle."""
    import polars as pl

    from chatstylebot import files
    from chatstylebot.corpus import alpaca
    from chatstylebot.training import datasets

    def write(path: Path, lines: Iterator[bytes]) -> Callable[[], None]:
        file = outputs.open(path)
        return lambda: file.writelines(lines)

    workspace = hidden.parent
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
    parts = {_from(workspace, output): train, _from(workspace, _dev(output)): dev, ".csb/heldout.jsonl": held}
    index = alpaca.index({name: rows for name, rows in parts.items() if rows.height}, chat_ids)
    index_path = outputs.draft(hidden / "samples.parquet")
    jobs.append(lambda: index.write_parquet(index_path))
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
    reply, tokens = account["reply_characters"], account["sample_tokens"]
    console.print(
        f"your replies: {reply['p50']} characters (p50), {reply['p90']} (p90); "
        f"{account['bubbles_per_turn']} bubbles a turn; "
        f"99 % of the samples fit into {account['cutoff_len']} tokens{'' if tokens['counted'] else ' (estimated)'}",
        soft_wrap=True,
    )
    console.print(account["verdict"]["text"], soft_wrap=True)
    console.print(reports.funnel(account), soft_wrap=True)
    console.print(f"→ {account['output']}", soft_wrap=True)
