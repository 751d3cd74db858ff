"""What `csb preprocess` leaves in data/ and .csb/: written and read here, and nowhere else."""

import json
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatstylebot import card as cards
from chatstylebot import files
from chatstylebot.contacts import Contact
from chatstylebot.errors import UserError
from chatstylebot.workspace import Workspace

if TYPE_CHECKING:  # training and the bot, which read a few numbers only, need not load polars
    import polars as pl

    from chatstylebot.corpus.dataset import Dataset


@dataclass(frozen=True)
class Place:
    """Where the samples go, and the workspace whose .csb/ takes the rest."""

    samples: Path
    workspace: Path

    @property
    def own(self) -> Workspace:
        """The places of the workspace."""
        return Workspace(self.workspace)

    @property
    def dev(self) -> Path:
        """Where the dev samples go."""
        return self.samples.with_name(f"{self.samples.stem}_dev.json")

    @property
    def registry(self) -> Path:
        """The list of data sets beside the samples."""
        return self.samples.parent / "dataset_info.json"

    def named(self, path: Path) -> str:
        """The path as the workspace sees it."""
        whole = path.resolve()
        return str(whole.relative_to(self.workspace)) if whole.is_relative_to(self.workspace) else str(whole)


def write(outputs: files.Outputs, place: Place, made: "Dataset", registered: Iterable[str], secrets: bytes) -> None:
    """Everything that a run leaves but the registry and contacts.yaml; `secrets` are the packed hashes."""
    outputs.json(place.own.rhythm, _tables(outputs, place, made, registered))
    outputs.bytes(place.own.secrets, secrets)
    outputs.bytes(place.own.last_card, cards.dump(made.card.model_copy(update={"me": None})).encode())
    outputs.bytes(place.own.hidden / ".gitignore", b"*\n")
    outputs.json(place.own.report, made.account)


def _tables(outputs: files.Outputs, place: Place, made: "Dataset", registered: Iterable[str]) -> dict[str, Any]:
    """The files that grow with the messages, side by side: one alone leaves a core idle. Return the person's rhythm."""

    from chatstylebot.corpus import alpaca, rhythm
    from chatstylebot.corpus.clean import UNWANTED

    samples = outputs.open(place.samples)  # first: where it cannot be written, nothing is left behind
    place.own.private()
    table, index_path = outputs.draft(place.own.messages), outputs.draft(place.own.index)
    unwanted = made.messages["dropped"].is_in(UNWANTED).fill_null(False)
    wanted = made.messages.filter(~unwanted) if unwanted.any() else made.messages
    with ThreadPoolExecutor(workers(5, os.cpu_count())) as pool:
        jobs = [pool.submit(_messages, wanted, table)]
        rows = alpaca.written(made.own, made.card.history)
        by_split = {str(name): part for (name,), part in rows.group_by("split", maintain_order=True)}
        train, dev, held = (by_split.get(split, rows.clear()) for split in ("train", "dev", "heldout"))
        jobs.append(pool.submit(samples.writelines, alpaca.alpaca(train)))
        if dev.height:
            jobs.append(pool.submit(outputs.open(place.dev).writelines, alpaca.alpaca(dev)))
        elif place.dev.stem in registered:  # the dev samples of an earlier run are training data now
            outputs.remove(place.dev)
        chat_ids = made.messages.select("chat", "chat_id").unique("chat")
        jobs.append(pool.submit(outputs.open(place.own.heldout).writelines, alpaca.heldout(held, chat_ids)))
        # .csb may be a link to elsewhere: it is named as the workspace sees it
        held_out = place.own.heldout.relative_to(place.workspace).as_posix()
        parts = {place.named(place.samples): train, place.named(place.dev): dev, held_out: held}
        index = alpaca.index({name: rows for name, rows in parts.items() if rows.height}, chat_ids)
        jobs.append(pool.submit(index.write_parquet, index_path))
        measured = rhythm.measure(made.messages, made.own)
        for done in jobs:
            done.result()
    return measured


def _messages(messages: "pl.DataFrame", path: Path) -> None:
    messages.write_parquet(path, compression="lz4", statistics=False)


def rewrite(outputs: files.Outputs, workspace: Path, messages: "pl.DataFrame", index: "pl.DataFrame") -> None:
    """The tables of messages and samples anew, after somebody was taken out of them."""
    own = Workspace(workspace)
    index.write_parquet(outputs.draft(own.index))
    _messages(messages, outputs.draft(own.messages))


def workers(jobs: int, cores: int | None) -> int:
    """How many files are written at a time: as many as there are cores, and no more than there are files."""
    return min(jobs, max(cores or 1, 1))


def contacts(
    outputs: files.Outputs, place: Place, made: "Dataset", known: Mapping[str, Contact], update: bool = False
) -> list[str]:
    """A first contacts.yaml; where there is one, a remark on which chats it lacks, or (`update`) those at its end."""
    from chatstylebot.corpus import directory

    listed = directory.chats(made.messages, made.own)
    path = place.own.contacts
    if not path.exists():
        outputs.bytes(path, directory.first(listed).encode())
        return ["note: contacts.yaml lists your chats: fill in `relation` if the system prompt is to use it"]
    absent = directory.missing(listed, known)
    if not absent:
        return ["contacts.yaml holds every chat already"] if update else []
    count = "1 chat" if len(absent) == 1 else f"{len(absent):,} chats"
    if update:
        outputs.bytes(path, directory.more(path.read_bytes(), absent))
        return [f"contacts.yaml: {count} added at its end"]
    such = f"{count} {'is' if len(absent) == 1 else 'are'} not in contacts.yaml, such as {absent[0][1]!r}"
    return [f"note: {such}: csb preprocess --update-contacts adds {'it' if len(absent) == 1 else 'them'}"]


def report(workspace: Path) -> dict[str, Any]:
    """The account of the last run, {} where there is none. Raises UserError where it is no JSON."""
    path = Workspace(workspace).report
    found = files.read_json(path) if path.is_file() else {}
    return found if isinstance(found, dict) else {}


def secrets(workspace: Path) -> bytes:
    """The packed hashes of every redacted value, b"" where nothing was preprocessed."""
    path = Workspace(workspace).secrets
    return path.read_bytes() if path.is_file() else b""


def pauses(workspace: Path) -> dict[str, Any]:
    """The person's measured rhythm, {} where nothing was preprocessed. Raises UserError where it is no JSON."""
    path = Workspace(workspace).rhythm
    found: dict[str, Any] = files.read_json(path) if path.is_file() else {}
    return found


def heldout(workspace: Path) -> list[dict[str, Any]]:
    """The held-out rows: chat_id, sent_at, system, history, incoming, reply."""
    return [json.loads(line) for line in Workspace(workspace).heldout.read_text("utf-8").split("\n") if line]


def tables(workspace: Path) -> "tuple[pl.DataFrame, pl.DataFrame]":
    """The messages, and which sample of which file is whose. Raises UserError where they are missing or damaged."""
    import polars as pl

    own = Workspace(workspace)
    for path in (own.messages, own.index):
        if not path.is_file():
            raise UserError(
                f"{path} is not there: nothing that csb preprocess left can be searched",
                "csb preprocess EXPORT --exclude NAME makes everything anew without them",
            )
    try:
        return pl.read_parquet(own.messages), pl.read_parquet(own.index)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UserError(f"{own.hidden} is damaged: {error}", "csb preprocess EXPORT --exclude NAME") from None


def chats(workspace: Path, number: int) -> list[str]:
    """Whose each of the `number` training samples is, by chat_id; [] where these are not those of the last run."""
    import polars as pl

    own = Workspace(workspace)
    if not own.index.is_file():
        return []
    name = Place(own.samples, own.folder).named(own.samples)
    found = pl.read_parquet(own.index).filter(pl.col("file") == name).sort("row")["chat_id"].to_list()
    return found if len(found) == number else []


def nothing() -> "tuple[pl.DataFrame, pl.DataFrame]":
    """The tables of a workspace in which nothing was preprocessed."""
    import polars as pl

    from chatstylebot.corpus import alpaca
    from chatstylebot.corpus.messages import SCHEMA

    return pl.DataFrame(schema={**SCHEMA, "conversation": pl.UInt32}), pl.DataFrame(schema=alpaca.INDEX)
