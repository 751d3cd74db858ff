"""exports → data/chat_records.json, registered, with an account of every message"""

import os
import sys
import threading
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from chatstylebot import files, garbage, onward, progress
from chatstylebot.errors import UserError
from chatstylebot.workspace import Workspace, here

MEMORY_SHARE = 0.3  # of the samples, where the clone has a memory at work
Privacy = Annotated[str | None, typer.Option(help="redact, drop or off.", metavar="redact|drop|off")]


@dataclass(frozen=True)
class Source:
    """What is read: the exports, how, and who is me in them."""

    paths: list[Path]
    form: str | None = None
    mapping: Path | None = None
    me: tuple[str, ...] = ()
    partial: bool = False


@garbage.left()
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
    memory_share: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Share of the samples that get earlier talk; default: 0.3 where memory is enabled in clone.yaml.",
            show_default=False,
        ),
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write the account as JSON here, too.")] = None,
    form: Annotated[str | None, typer.Option("--format", help="Take the files for this format.")] = None,
    mapping: Annotated[
        Path | None, typer.Option("--map", help="A YAML file that says which column of a table is what.")
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Take what could be read of a file that is cut off in the middle.")
    ] = False,
    replacing: Annotated[
        bool, typer.Option("--replace", help="Replace the samples of other exports that are there, without asking.")
    ] = False,
    update_contacts: Annotated[
        bool, typer.Option("--update-contacts", help="Add the chats that contacts.yaml lacks to its end.")
    ] = False,
    show_examples: Annotated[bool, typer.Option("--show-examples", help="Show the text of dropped messages.")] = False,
) -> None:
    """Turn chat exports into training samples; account for every message."""
    exports = [path.expanduser() for path in [*(paths or []), *([input_csv] if input_csv else [])]]
    if not exports:
        raise typer.BadParameter("name at least one chat export", param_hint="PATH")
    if me and person:
        raise typer.BadParameter("--me and --person exclude each other", param_hint="--person")
    # Polars' allocator reads this when it loads. One arena that keeps its pages for the next stage: a million messages
    # fault in 0.23 M pages instead of 0.4 M at the same peak (system time 0.7 s instead of 1.3). Large pages
    # (thp:always) save another 0.2 s where memory lies in one piece, and cost 1.5 s where it does not.
    os.environ.setdefault("_RJEM_MALLOC_CONF", "narenas:1,dirty_decay_ms:-1,oversize_threshold:0")
    from chatstylebot.corpus import choice, ready_made
    from chatstylebot.corpus.switches import Switches

    settings = {
        "privacy": privacy, "timezone": timezone, "gap": None if gap == "auto" else gap, "history": history,
        "hide_names": hide_names, "quotes": quotes,
    }  # fmt: skip
    card, found = _card({key: value for key, value in settings.items() if value is not None})
    chosen = choice.Choice(choice.names(contacts or []), choice.names(exclude or []), *choice.span(since, until))
    switches = Switches(
        heldout, groups, not keep_pasted, not keep_repeats, max_share, gap == "auto", person, chosen, block
    )
    target = output or _default()
    if forms := {path: key for path in exports if (key := ready_made.detect(path))}:
        chats = {
            "--me": me, "--person": person, "--contacts": contacts, "--exclude": exclude, "--since": since,
            "--until": until, "--gap": gap, "--quotes": quotes, "--hide-names": hide_names, "--map": mapping,
            "--memory-share": memory_share, "--update-contacts": update_contacts,
        }  # fmt: skip
        with Workspace(here()).alone():
            idle = [flag for flag, given in chats.items() if given]
            _ready_made(exports, forms, target, report, card, found, switches, idle, partial, replacing)
        return
    source = Source(exports, form, mapping, tuple(me or ()), partial)
    share = memory_share if memory_share is not None else MEMORY_SHARE if card.memory.enabled else 0.0
    if share:
        switches = replace(switches, recall=_teaching(share))
    if not found:
        _homeless(Workspace(here()), exports)
    with Workspace(here()).alone():
        made = build(source, target, report, card, found, switches, replacing, update_contacts)
    _show(made.account, made.texts() if show_examples else {})
    _onward(made.card, made.account["train"], target)


def _onward(card: Any, train: int, output: Path) -> None:
    """Say what comes next."""
    from chatstylebot.models import folders, presets, tokenizer

    found = tokenizer.find(card.model, here())
    for line in presets.mute(card.model, card.language) if not card.url else ():
        progress.say(line)
    other = "" if output.resolve() == Workspace(here()).samples.resolve() else f" dataset={output.stem}"
    for line in onward.samples(here(), card, train, found is not None and not folders.check(found.parent), other):
        progress.say(line)


def _homeless(own: Workspace, exports: list[Path]) -> None:
    """Say that there is no workspace, and what will lie here. Raises UserError where the user rather wants one."""
    start = f"csb init ~/my-clone, cd ~/my-clone, then csb preprocess {files.typed(path.resolve() for path in exports)}"
    if own.folder == Path.home():
        raise UserError("your home folder is no place for samples: every folder below it would belong to them", start)
    if own.hidden.exists():  # it was said before
        return
    kept = "the samples go to data/, and .csb/ keeps the texts of all messages"
    progress.say(f"no workspace here: {kept}, in {own.folder}")
    if own.original:
        progress.say("this is the program's own folder: a workspace outside of it is safer")
    if sys.stdin.isatty():
        progress.agreed("write them here?", "nothing was written", start, start)


def _teaching(share: float) -> Any:
    """What puts earlier talk into samples. Raises UserError where the memory's packages are not installed."""
    from chatstylebot.memory import packages

    packages.check()
    from chatstylebot.memory import keeping, left_out, teaching

    own = Workspace(here())
    return teaching.Teaching(share, left_out.load(own.memory_left_out, keeping.alias(own)))


def _default() -> Path:
    """data/chat_records.json of the workspace, as it is written from here."""

    name = Path("data/chat_records.json")
    return name if here() == Path.cwd().resolve() else here() / name


def _card(given: dict[str, Any]) -> tuple[Any, bool]:
    """The workspace's card with the options of this run, and whether there was one."""
    from chatstylebot import card as cards

    card = cards.written(here())
    if card is not None and not given:
        return card, True
    values = card.model_dump() if card else {}
    return cards.parse(values | given, "the command line" if given else "clone.yaml"), card is not None


def _ready_made(
    paths: list[Path],
    forms: dict[Path, str],
    output: Path,
    report: Path | None,
    card: Any,
    found: bool,
    switches: Any,
    idle: list[str],
    partial: bool,
    replacing: bool,
) -> None:
    """Take samples that another tool has made; `idle` are the options that need chats."""
    from chatstylebot import files
    from chatstylebot.corpus import earlier, privacy, ready_made

    if len(forms) < len(paths):
        raise UserError(
            f"{', '.join(p.name for p in forms)} holds samples, the other files hold chats",
            "preprocess them one by one, each with an --output of its own",
        )
    if idle:  # --exclude that leaves nobody out would be a leak
        raise UserError(f"{paths[0].name} holds samples, not chats: {', '.join(idle)} can do nothing", "leave it out")
    place = _place(paths, output, report)
    earlier.check(place, paths, False, replacing)
    for path, form in forms.items():
        progress.say(f"{path}: samples in {form}'s format")
    made = ready_made.collected(forms, card.history, partial)
    if not made.samples:
        raise UserError(f"there is no sample in {', '.join(map(str, paths))}", "each needs a question and an answer")
    language = ready_made.language(made.samples)
    if not found:
        card = card.model_copy(update={"language": language})
        progress.say(f"no clone.yaml here: defaults for {language}; `csb init` writes a card to edit")
    elif card.language != language:
        progress.say(f"note: the card says language: {card.language}, most of these samples are in another")
    ready_made.prompted(made, card.prompt(), _special(card, place).each)
    finder = privacy.Finder(card.language, (), _blocked(switches.block))
    ready_made.private(made, card.privacy, finder)
    if not made.samples:
        raise UserError(f"every sample in {', '.join(map(str, paths))} holds private data", "--privacy redact")
    train, dev = ready_made.split(made.samples, switches.heldout)
    account = {
        "files": {str(path): form for path, form in forms.items()}, "samples_in": made.read,
        "dropped": dict(made.dropped), "examples": made.examples, "samples": len(made.samples), "train": len(train),
        "dev": len(dev), "redacted": finder.counts,
    }  # fmt: skip
    with progress.stage("writing"), files.together() as outputs:
        for target, rows in ((place.samples, train), (place.dev, dev)):
            if rows:
                outputs.json(target, rows)
        outputs.json(place.registry, _registered(place), private=False)
        place.own.private()
        outputs.json(place.own.origin, earlier.record(place, paths, False))
        if report:
            outputs.json(report, account)
    progress.tell(ready_made.told(account, str(output)))
    progress.say("note: no chats, so nothing is held out for the final score, and there is no memory to index")
    _onward(card, len(train), output)


def build(
    source: Source,
    output: Path,
    report: Path | None,
    card: Any,
    found: bool,
    switches: Any,
    replacing: bool = False,
    update: bool = False,
) -> Any:
    """Do the whole of it; return the data set. `update`: contacts.yaml gets the chats that it lacks."""
    from chatstylebot.contacts import read_contacts
    from chatstylebot.corpus import earlier

    place = _place(source.paths, output, report)
    earlier.check(place, source.paths, True, replacing)
    block = _blocked(switches.block)
    contacts = read_contacts(place.workspace)
    read = _read(source, card, switches.person)
    # only now: they are loaded while the file is read
    from chatstylebot.bot.store import said_by_bots
    from chatstylebot.corpus import choice, clean, cleaned, dataset, forgotten, prompts, store
    from chatstylebot.corpus.privacy import secret_hashes
    from chatstylebot.models import tokenizer

    if not found:
        card = card.model_copy(update={"language": prompts.language(read.export.messages)})
        progress.say(f"no clone.yaml here: defaults for {card.language}; `csb init` writes a card to edit")
    with progress.stage("cleaning and redacting"):
        secret = secret_hashes.key_of(store.secrets(place.workspace))
        alias = partial(secret_hashes.alias, secret)
        came = forgotten.left_out(read.export.messages, forgotten.load(place.workspace), alias, card.gap)
        left_out = forgotten.or_else(choice.reasons(came, switches.choice.at(read.zone), contacts))
        # the table as read is let go: at a million messages it is 0.15 GB
        marked = clean.mark(came, switches.groups, left_out).drop("forgotten")
        read = replace(read, export=replace(read.export, messages=marked))
        del came
        names = [Path(path).name for path in read.formats]
        switches = replace(switches, bots=said_by_bots(place.workspace))
        tidy = cleaned.clean(marked, names, card, contacts, switches, secret, block)
        read = replace(read, export=replace(read.export, messages=tidy.messages))
        del marked
    with progress.stage("building conversations"):
        path = tokenizer.find(card.model, place.workspace)
        count = tokenizer.counter(path) if path else None
        rule = _special(card, place)
        switches = replace(switches, special=(rule.pattern, rule.replacement, rule.signs))
        made = dataset.build(tidy, read.export.damaged, card, contacts, switches, count)
    account = made.account | {
        "files": dict(zip(tidy.lines(list(read.formats)), read.formats.values(), strict=True)),
        "notes": tidy.lines([*read.export.notes, *tidy.copies.remarks]),
        "may_be_copies": tidy.copies.kept,
        "output": place.named(output),
        "report": report and place.named(report),  # csb forget cleans it, too
    }
    made = replace(made, account=account)
    known = contacts if found or update else None  # a folder without a card gets no contacts.yaml
    remarks = _write(place, made, source.paths, report, known, update, secret_hashes.pack(tidy.finder.known, secret))
    for line in [*made.remarks, *tidy.copies.told(), *remarks, *dataset.remarks(made, found, switches.heldout)]:
        progress.say(line)
    return made


def _blocked(path: Path | None) -> Any:
    """The words to hide of the user's own list."""
    if path is None:
        return []
    from chatstylebot.corpus import privacy

    return privacy.block_list(path)


def _special(card: Any, place: Any) -> Any:
    """The rule by which control tokens are broken: of all templates, and of the model's tokenizer where it is here."""
    from chatstylebot.models import special, tokenizer

    return special.of_model(tokenizer.find(card.model, place.workspace))


def _read(source: Source, card: Any, person: str | None) -> Any:
    """The messages of all files; what they are and what is odd about them is told."""
    from chatstylebot import importers
    from chatstylebot.importers import whole

    me = source.me or ((card.me,) if card.me and person is None else ())
    # Polars reads the file on its own threads: meanwhile Python loads what comes after (0.1 s)
    threading.Thread(target=_load, name="loading").start()
    with progress.stage(f"reading {', '.join(p.name for p in source.paths)}"):
        read = whole.read(source.paths, card.timezone, source.form, source.mapping, me, person, source.partial)
    for shown, form in list(read.formats.items())[:20]:
        progress.say(f"{shown}: {importers.FORMATS[form]}")
    if len(read.formats) > 20:
        progress.say(f"and {len(read.formats) - 20:,} more files")
    for note in read.remarks:
        progress.say(f"note: {note}")
    return read


def _load() -> None:
    """Load the modules of the stages, and of the table at the end."""
    import rich.table  # noqa: F401

    from chatstylebot.corpus import cleaned, dataset, forgotten, store  # noqa: F401
    from chatstylebot.models import special, tokenizer  # noqa: F401


def _write(
    place: Any,
    made: Any,
    exports: list[Path],
    report: Path | None,
    contacts: dict[str, Any] | None,
    update: bool,
    secrets: bytes,
) -> list[str]:
    """Write everything, or nothing; return what to say of contacts.yaml."""
    from chatstylebot import files
    from chatstylebot.corpus import earlier, store
    from chatstylebot.training import datasets

    with progress.stage("writing"), files.together() as drafts:
        store.write(drafts, place, made, datasets.known(place.registry), secrets)
        drafts.json(place.own.origin, earlier.record(place, exports, True))
        drafts.json(place.registry, _registered(place), private=False)
        if report:
            drafts.json(report, made.account)
        return [] if contacts is None else store.contacts(drafts, place, made, contacts, update)


def _place(exports: list[Path], output: Path, report: Path | None) -> Any:
    """Where it all goes. Raises UserError where that would take the place of an export, of another output, a folder."""
    from chatstylebot import files
    from chatstylebot.corpus.store import Place

    place = Place(output, here())
    files.check_apart(exports, [output, *([report] if report else [])])
    if output.suffix != ".json":
        raise UserError(f"{output} does not end in .json: the engine would not read it", f"--output {output}.json")
    files.check_apart(exports, [output, *([report] if report else []), place.dev])
    return place


def _registered(place: Any) -> dict[str, Any]:
    """dataset_info.json with the samples and the dev samples in it, and every other entry as it was."""
    from chatstylebot.training import datasets

    current = datasets.known(place.registry)
    for path in (place.samples, place.dev):
        current = datasets.register(current, path.stem, path.name, datasets.CHAT)
    return current


def _show(account: dict[str, Any], texts: dict[str, str]) -> None:
    from rich.table import Table

    from chatstylebot.corpus import report as reports

    console = progress.console()
    table = Table("dropped", "messages", "why", "first one", *(["text"] if texts else []), box=None, pad_edge=False)
    for reason, number, why, where in reports.table(account):
        table.add_row(reason, number, why, where, *([texts.get(reason, "")] if texts else []))
    if account["dropped"]:
        console.print(table)
    for line in reports.lines(account):
        console.print(line, soft_wrap=True)
