"""one person → out of samples, dev, held-out and .csb/, with a search that proves it"""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from chatstylebot.errors import UserError


def run(
    contact: Annotated[str, typer.Option(help="The chat's or person's id, name, or alias in contacts.yaml.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and change nothing.")] = False,
) -> None:
    """Take one person out of everything stored, and prove by a search that nothing is left."""
    import polars as pl

    from chatstylebot import card as cards
    from chatstylebot import files, progress
    from chatstylebot.corpus import forget

    workspace = files.workspace()
    hidden = workspace / ".csb"
    messages, index = _tables(hidden)
    contacts = cards.contacts(workspace)
    person = forget.find(messages, contacts, contact)
    gone = messages.filter(forget.theirs(person))
    if gone.height == 0:
        _unknown(contact, messages)
    samples = forget.touched(messages, index, person)
    groups = gone.filter(~pl.col("chat_id").is_in(person.chats))["chat_id"].n_unique()
    where = f"{len(person.chats):,} chat{'s' * (len(person.chats) != 1)}"
    where += f" and {groups:,} group{'s' * (groups != 1)}" if groups else ""
    typer.echo(f"{contact}: {gone.height:,} messages in {where}, {samples.height:,} samples")
    if groups:
        progress.say("note: in groups, every sample of a conversation in which they spoke goes")
    if dry_run:
        _retrain(workspace)
        return
    wanted = forget.needles(messages, person)
    with progress.stage("forgetting"), files.together() as outputs:
        for name, rows in samples.group_by("file"):
            path = workspace / str(name[0])
            text = _samples_text(path, index.filter(pl.col("file") == name[0]).height)
            lines = path.suffix == ".jsonl"
            outputs.bytes(path, forget.without_rows(text, set(rows["row"].to_list()), lines).encode())
        kept = index.join(samples.select("file", "row"), on=["file", "row"], how="anti")
        renumbered = kept.sort("file", "row").with_columns(
            pl.int_range(pl.len(), dtype=pl.UInt32).over("file").alias("row")
        )
        renumbered.write_parquet(outputs.draft(hidden / "samples.parquet"))
        rest = messages.filter(~forget.theirs(person))
        rest.write_parquet(outputs.draft(hidden / "messages.parquet"), compression="lz4", statistics=False)
        report = files.read_json(hidden / "report.json") if (hidden / "report.json").is_file() else {}
        if isinstance(report, dict):
            outputs.json(hidden / "report.json", forget.without_report(report, person, samples.height, gone.height))
        people = workspace / "contacts.yaml"
        if people.is_file():
            outputs.bytes(people, forget.without_contact(people.read_text("utf-8-sig"), set(person.chats)).encode())
    _prove(workspace, wanted, person)
    _retrain(workspace)
    progress.say(
        "kept: rhythm.json (quantiles over everybody) and secrets.bin (keyed hashes of redacted values, no text)"
    )
    progress.say(f"your export files still hold them: preprocess again only with --exclude {contact!r}")


def _tables(hidden: Path) -> tuple[Any, Any]:
    """The messages and the index of the samples that the last `csb preprocess` left."""
    import polars as pl

    for name in ("messages.parquet", "samples.parquet"):
        if not (hidden / name).is_file():
            raise UserError(
                f"{hidden / name} is not there: nothing that csb preprocess left can be searched",
                "csb preprocess EXPORT --exclude NAME makes everything anew without them",
            )
    try:
        return pl.read_parquet(hidden / "messages.parquet"), pl.read_parquet(hidden / "samples.parquet")
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UserError(f"{hidden} is damaged: {error}", "csb preprocess EXPORT --exclude NAME") from None


def _unknown(contact: str, messages: Any) -> None:
    from chatstylebot.errors import nearest

    names = sorted({*messages["chat_name"], *messages["chat_id"], *messages["sender_name"]})
    near = nearest(contact, names)
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


def _prove(workspace: Path, wanted: list[str], person: Any) -> None:
    """Search everything that is stored for what only they wrote, and for their ids."""
    import polars as pl

    from chatstylebot import files as filesystem
    from chatstylebot.corpus import forget

    found: list[str] = []
    files = 0
    places = [p for folder in ("data", ".csb") for p in sorted((workspace / folder).rglob("*")) if p.is_file()]
    shipped = {p.name: p.read_bytes() for p in filesystem.shipped("data").glob("*.json")}
    for path in [*places, *(p for p in (workspace / "contacts.yaml",) if p.is_file())]:
        if path.suffix == ".parquet":
            table = pl.read_parquet(path).select(pl.col(pl.String))
            text = "\n".join("\n".join(table[name].drop_nulls().unique()) for name in table.columns)
        elif path.suffix in (".json", ".jsonl", ".yaml", ".txt", ".csv"):
            text = path.read_text("utf-8", errors="replace")
        else:
            continue
        if path.suffix == ".json" and shipped.get(path.name) == path.read_bytes():
            continue  # an invented sample that came with the package
        files += 1
        if number := forget.left(text, wanted):
            found.append(f"{path.relative_to(workspace)} ({number:,})")
    searched = f"searched {files:,} files for {len(wanted):,} texts and ids of theirs"
    if found:
        raise UserError(
            f"{searched}: something is left in {', '.join(found)}",
            "delete these files, or make them anew with csb preprocess EXPORT --exclude NAME",
        )
    typer.echo(f"{searched}: nothing is left")


def _retrain(workspace: Path) -> None:
    """Say which adapters and models have learnt from what is forgotten."""
    from chatstylebot import progress
    from chatstylebot.training import provenance

    runs = sorted({path.parent for top in ("saves", "exported") for path in (workspace / top).rglob(provenance.NAME)})
    for folder in runs:
        again = f"csb train {provenance.read(folder).get('stage', 'sft')}" if "saves" in folder.parts else "csb export"
        progress.say(f"must be made anew, it may remember them: {folder.relative_to(workspace)} ({again})")
