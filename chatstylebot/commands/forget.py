"""one person → out of samples, dev, held-out, recorded feedback and .csb/, with a search that proves it"""

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from chatstylebot.errors import UserError
from chatstylebot.workspace import Workspace, here


def run(
    contact: Annotated[str, typer.Option(help="The chat's or person's id, name, or alias in contacts.yaml.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and change nothing.")] = False,
) -> None:
    """Take one person out of everything stored, and prove by a search that nothing is left."""
    from chatstylebot.bot import forget as bots

    workspace = here()
    with contextlib.nullcontext() if dry_run else bots.alone(workspace):
        _forget(workspace, contact, dry_run)


def _forget(workspace: Path, contact: str, dry_run: bool) -> None:
    import polars as pl

    from chatstylebot import files, progress
    from chatstylebot.bot import forget as bots
    from chatstylebot.contacts import read_contacts
    from chatstylebot.corpus import forget, store
    from chatstylebot.corpus.privacy import secret_hashes
    from chatstylebot.feedback import export as exports
    from chatstylebot.feedback import store as stores

    messages, index = _tables(workspace)
    contacts = read_contacts(workspace)
    key = secret_hashes.key_of(store.secrets(workspace))  # an id that is a phone number stands there by its alias
    person = forget.find(messages, contacts, (contact, secret_hashes.alias(key, contact)))
    gone = messages.filter(forget.theirs(person))
    quoted = forget.echoes(messages, person)
    rest = forget.rest(messages, person, quoted)
    wanted = forget.needles(messages, person, rest)
    kept = _bots(workspace, person, wanted, rest)
    wanted = kept.wanted
    votes, others = _votes(workspace, person, wanted)
    if gone.height == 0 and not votes and not kept.any:
        names = [*messages["chat_name"], *messages["chat_id"], *messages["sender_name"]]
        _unknown(contact, [*names, *_contacts(others), *bots.names(kept.before)])
    samples = forget.touched(messages, index, person, quoted)
    groups = gone.filter(~pl.col("chat_id").is_in(person.chats))["chat_id"].n_unique()
    where = f"{len(person.chats):,} chat{'s' * (len(person.chats) != 1)}"
    where += f" and {groups:,} group{'s' * (groups != 1)}" if groups else ""
    progress.tell(f"{contact}: {gone.height:,} messages in {where}, {samples.height:,} samples, {len(votes):,} votes")
    if kept.any:
        progress.tell(f"  the bot: {kept.told}")
    if groups:
        progress.say("note: in groups, every sample of a conversation in which they spoke goes")
    if dry_run:
        _retrain(workspace)
        return
    with progress.stage("forgetting"), files.together() as outputs:
        if gone.height:
            _preprocessed(outputs, workspace, index, samples, rest)
            for path, report in _reports(workspace).items():
                outputs.json(path, forget.without_report(report, person, samples.height, gone.height))
        people = Workspace(workspace).contacts
        if people.is_file():
            keys = {*person.chats, *person.senders}
            outputs.bytes(people, forget.without_contact(people.read_text("utf-8-sig"), keys).encode())
        bots.take_out(workspace, kept.before, kept.after, kept.drafts)
        bots.logins(workspace, person.keys, take=True)
        exports.take_out(outputs, workspace, {vote.id for vote in votes})
        if votes:
            with stores.Store.open(stores.path(workspace)) as recorded:
                recorded.forget({vote.id for vote in votes})
    written = [workspace / name for name in index["file"].unique()]
    _prove(workspace, wanted, written, _voted(votes, others), kept.ids)
    if named := forget.mentions(rest, person):
        progress.say(f"note: {named:,} messages of others name them: csb preprocess with --block hides a name")
    _retrain(workspace)
    progress.say(
        "kept: rhythm.json (quantiles over everybody) and secrets.bin (keyed hashes of redacted values, no text)"
    )
    progress.say(f"your export files still hold them: preprocess again only with --exclude {contact!r}")


def _preprocessed(outputs: Any, workspace: Path, index: Any, samples: Any, rest: Any) -> None:
    """Take the person out of what `csb preprocess` left."""
    import polars as pl

    from chatstylebot.corpus import forget, store

    for name, rows in samples.group_by("file"):
        path = workspace / str(name[0])
        text = _samples_text(path, index.filter(pl.col("file") == name[0]).height)
        lines = path.suffix == ".jsonl"
        outputs.bytes(path, forget.without_rows(text, set(rows["row"].to_list()), lines).encode())
    kept = index.join(samples.select("file", "row"), on=["file", "row"], how="anti")
    renumbered = kept.sort("file", "row").with_columns(
        pl.int_range(pl.len(), dtype=pl.UInt32).over("file").alias("row")
    )
    store.rewrite(outputs, workspace, rest, renumbered)


@dataclass(frozen=True)
class _Kept:
    """What the bots keep, with and without the person; `wanted`: what can only come from them, also by the bots."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    drafts: set[str]
    logins: int
    ids: list[str]
    wanted: list[str]

    @property
    def any(self) -> bool:
        """Whether anything of theirs is there."""
        return bool(self.before != self.after or self.drafts or self.logins)

    @property
    def told(self) -> str:
        """What goes, in figures."""
        pairs = [(state, self.after[name]) for name, state in self.before.items()]
        talks = sum(after.talks.get(chat) != talk for before, after in pairs for chat, talk in before.talks.items())
        votes = sum(len(before.house.votes) - len(after.house.votes) for before, after in pairs)
        parts = [(talks, "conversations"), (len(self.drafts), "drafts"), (votes, "votes on their way")]
        return ", ".join(f"{number:,} {what}" for number, what in [*parts, (self.logins, "logins")])


def _bots(workspace: Path, person: Any, wanted: list[str], rest: Any) -> _Kept:
    """What the bots of the workspace keep of the person."""
    import polars as pl

    from chatstylebot.bot import forget as bots
    from chatstylebot.corpus import forget

    before = bots.states(workspace)
    keys = bots.known(before, person.keys)
    lines = [bots.said(state, keys) for state in before.values()]
    own = pl.Series([line for found, _ in lines for line in found], dtype=pl.String)
    other = pl.Series([line for _, found in lines for line in found], dtype=pl.String)
    said = forget.only(own, pl.concat([rest["text"], rest["quoted"], other]).drop_nulls())
    wanted = [*dict.fromkeys([*wanted, *said])]

    def holding(texts: Sequence[str]) -> list[bool]:
        return forget.holding(texts, wanted)

    after = {name: bots.without(state, keys, holding) for name, state in before.items()}
    gone = [
        talk for name, state in before.items() for chat, talk in state.talks.items() if chat not in after[name].talks
    ]
    settled = {
        f"{name}-{draft.number}"
        for name, state in before.items()
        for draft in state.house.drafts
        if draft not in after[name].house.drafts
    }
    drafts = bots.waiting(workspace, settled, keys, holding)
    ids = [f'"id":{json.dumps(talk.chat.id, ensure_ascii=False)}' for talk in gone]
    return _Kept(before, after, drafts, bots.logins(workspace, person.keys), ids, wanted)


def _votes(workspace: Path, person: Any, wanted: list[str]) -> tuple[list[Any], list[Any]]:
    """The recorded votes that go, because they are the person's or hold what only they wrote, and those that stay."""
    from chatstylebot.corpus import forget
    from chatstylebot.feedback import store as stores

    path = stores.path(workspace)
    if not path.is_file():
        return [], []
    with stores.Store.open(path) as store:
        records = list(store.records())
    held = forget.holding(["\n".join(record.texts) for record in records], wanted)
    going = [record.contact in person.keys or found for record, found in zip(records, held, strict=True)]
    both = list(zip(records, going, strict=True))
    return [record for record, goes in both if goes], [record for record, goes in both if not goes]


def _voted(votes: list[Any], others: list[Any]) -> list[str]:
    """What can only come from the votes that went."""
    import polars as pl

    from chatstylebot.corpus import forget

    texts = pl.Series([text for vote in votes for text in vote.texts], dtype=pl.String)
    rest = pl.Series([text for vote in others for text in vote.texts], dtype=pl.String)
    ids = [key for key in _contacts(votes) - _contacts(others) if len(key) >= forget.DISTINCT]
    return [*sorted(ids), *forget.only(texts, rest)]


def _tables(workspace: Path) -> tuple[Any, Any]:
    """The messages and the index of the samples that the last `csb preprocess` left."""
    from chatstylebot.corpus import store

    own = Workspace(workspace)
    kept = any(path.exists() for path in (own.feedback, own.bot))
    if kept and not own.messages.is_file() and not own.index.is_file():
        return store.nothing()
    return store.tables(workspace)


def _contacts(votes: list[Any]) -> set[str]:
    return {vote.contact for vote in votes} - {None}


def _unknown(contact: str, names: list[str]) -> None:
    from chatstylebot.errors import nearest

    near = nearest(contact, sorted(set(names)))
    raise UserError(
        f"nobody is called {contact!r} here" + (f" (did you mean {near!r}?)" if near else ""),
        "write the name or id exactly; .csb/report.json lists the largest chats",
    )


def _samples_text(path: Path, expected: int) -> str:
    """A file of samples that still holds as many as were written. Raises UserError."""
    remedy = "csb preprocess EXPORT --exclude NAME makes everything anew without them"
    try:
        text = path.read_text("utf-8")
        number = len(text.splitlines()) if path.suffix == ".jsonl" else len(json.loads(text))
    except FileNotFoundError:
        raise UserError(f"{path} is gone: which samples are theirs cannot be told", remedy) from None
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {error}", remedy) from None
    if number != expected:
        raise UserError(f"{path} holds {number:,} samples, {expected:,} were written: it was changed since", remedy)
    return text


def _reports(workspace: Path) -> dict[Path, dict[str, Any]]:
    """The report of the last run, and its copy where `--report` put one."""
    from chatstylebot import files

    found: dict[Path, dict[str, Any]] = {}
    for path in (Workspace(workspace).report, None):
        path = path or workspace / next((r.get("report") or "" for r in found.values()), "")
        report = files.read_json(path) if path.is_file() and path.suffix == ".json" else None
        if isinstance(report, dict) and "messages_in" in report:
            found[path] = report
    return found


def _prove(workspace: Path, wanted: list[str], samples: list[Path], voted: list[str], chats: list[str]) -> None:
    """Search everything that is stored for what only they wrote, and for their ids."""
    import polars as pl

    from chatstylebot import files as filesystem
    from chatstylebot import progress
    from chatstylebot.corpus import forget
    from chatstylebot.feedback import export as exports

    found: list[str] = []
    files = 0
    own = Workspace(workspace)
    places = [p for folder in (own.data, own.hidden) for p in sorted(folder.rglob("*")) if p.is_file()]
    shipped = {p.name: p.read_bytes() for p in filesystem.shipped("data").glob("*.json")}
    besides = [own.contacts, *_reports(workspace), *samples]
    for path in dict.fromkeys([*places, *(path for path in besides if path.is_file())]):
        if path.suffix == ".parquet":
            table = pl.read_parquet(path).select(pl.col(pl.String))
            text = "\n".join("\n".join(table[name].drop_nulls().unique()) for name in table.columns)
        elif ".sqlite" in path.name:
            text = path.read_bytes().decode("utf-8", errors="replace")
        elif path.suffix in (".json", ".jsonl", ".yaml", ".txt", ".csv", ".part"):
            text = path.read_text("utf-8", errors="replace")
        else:
            continue
        if path.suffix == ".json" and shipped.get(path.name) == path.read_bytes():
            continue  # an invented sample that came with the package
        files += 1
        more = voted if path.name.startswith("feedback.sqlite") or path.name in exports.ENTRIES else []
        more = chats if Workspace(workspace).bot in path.parents else more
        if number := forget.left(text, [*wanted, *more]):
            found.append(f"{os.path.relpath(path, workspace)} ({number:,})")
    searched = f"searched {files:,} files for {len({*wanted, *voted}):,} texts and ids of theirs"
    if found:
        raise UserError(
            f"{searched}: something is left in {', '.join(found)}",
            "delete these files, or make them anew with csb preprocess EXPORT --exclude NAME",
        )
    progress.tell(f"{searched}: nothing is left")


def _retrain(workspace: Path) -> None:
    """Say which adapters and models have learnt from what is forgotten."""
    from chatstylebot import progress
    from chatstylebot.models import provenance

    own = Workspace(workspace)
    runs = sorted({path.parent for top in (own.saves, own.exported) for path in top.rglob(provenance.NAME)})
    for folder in runs:
        again = f"csb train {provenance.read(folder).get('stage', 'sft')}" if "saves" in folder.parts else "csb export"
        progress.say(f"must be made anew, it may remember them: {folder.relative_to(workspace)} ({again})")
