"""The files that `csb preprocess` leaves: the only module of the room that writes."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from chatstylebot import files
from chatstylebot.contacts import Contact
from chatstylebot.corpus import alpaca, directory
from chatstylebot.corpus.dataset import Dataset
from chatstylebot.workspace import Workspace


@dataclass(frozen=True)
class Place:
    """Where the samples go, and the workspace whose .csb/ takes the rest."""

    samples: Path
    workspace: Path

    @property
    def hidden(self) -> Path:
        """The workspace's .csb/."""
        return Workspace(self.workspace).hidden

    @property
    def secrets(self) -> Path:
        """The keyed hashes of every redacted value."""
        return self.hidden / "secrets.bin"

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


def tables(outputs: files.Outputs, place: Place, made: Dataset, registered: Iterable[str]) -> None:
    """The files that grow with the messages, side by side: one alone leaves a core idle."""

    def write(path: Path, lines: Iterator[bytes]) -> Callable[[], None]:
        file = outputs.open(path)
        return lambda: file.writelines(lines)

    rows = alpaca.written(made.own, made.card.history)
    train, dev, held = (rows.filter(pl.col("split") == split) for split in ("train", "dev", "heldout"))
    jobs = [write(place.samples, alpaca.alpaca(train))]
    if dev.height:
        jobs.append(write(place.dev, alpaca.alpaca(dev)))
    elif place.dev.stem in registered:  # the dev samples of an earlier run are training data now
        outputs.remove(place.dev)
    files.private_folder(place.hidden)
    chat_ids = made.messages.select("chat", "chat_id").unique("chat")
    jobs.append(write(place.hidden / "heldout.jsonl", alpaca.heldout(held, chat_ids)))
    parts = {place.named(place.samples): train, place.named(place.dev): dev, ".csb/heldout.jsonl": held}
    index = alpaca.index({name: rows for name, rows in parts.items() if rows.height}, chat_ids)
    index_path = outputs.draft(place.hidden / "samples.parquet")
    jobs.append(lambda: index.write_parquet(index_path))
    table = outputs.draft(place.hidden / "messages.parquet")
    jobs.append(lambda: made.messages.write_parquet(table, compression="lz4", statistics=False))
    with ThreadPoolExecutor(workers(len(jobs), os.cpu_count())) as pool:
        for done in [pool.submit(job) for job in jobs]:
            done.result()


def workers(jobs: int, cores: int | None) -> int:
    """How many files are written at a time: as many as there are cores, and no more than there are files."""
    return min(jobs, max(cores or 1, 1))


def contacts(outputs: files.Outputs, place: Place, made: Dataset, known: Mapping[str, Contact]) -> list[str]:
    """A first contacts.yaml; where there is one, a remark on which chats it lacks."""
    listed = directory.chats(made.messages, made.own)
    path = Workspace(place.workspace).contacts
    if not path.exists():
        outputs.bytes(path, directory.first(listed).encode())
        return ["note: contacts.yaml lists your chats: fill in `relation` if the system prompt is to use it"]
    absent = directory.missing(listed, known)
    count = "1 chat is" if len(absent) == 1 else f"{len(absent):,} chats are"
    return [f"note: {count} not in contacts.yaml, such as {absent[0]!r}"] if absent else []
