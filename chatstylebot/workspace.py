"""Where everything of a clone lies. Nobody else spells these names.

A workspace is the folder with clone.yaml: data/ holds what training reads, models/ base models (or links to those of
the library, one folder for all workspaces), saves/ adapters, exported/ merged models, and .csb/, which git ignores and
only its owner can read, all that is kept of the talk.
"""

import os
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from chatstylebot import drafts, files, locks
from chatstylebot.errors import UserError

CARD = "clone.yaml"
HIDDEN = ".csb"


def here(start: Path | None = None) -> Path:
    """The nearest folder upwards that holds a clone.yaml, else the current folder."""
    folder = (start or Path.cwd()).resolve()
    return next((p for p in (folder, *folder.parents) if (p / CARD).is_file()), folder)


def inside(named: object = True) -> Path:
    """The workspace that we stand in. Raises UserError where there is none: all that is made would land elsewhere.

    The original's folders, which this repository has, are one where a model is `named`, as in the original's lines.
    """
    folder = here()
    if Workspace(folder).begun or (named and Workspace(folder).original):
        return folder
    below = sorted(path.parent.name for path in folder.glob(f"*/{CARD}"))[:1]
    entered = f"cd {shlex.quote(below[0])}, then the same line again" if below else "cd into the one you have"
    raise UserError(
        f"no workspace here: neither {folder} nor a folder above it holds a {CARD}",
        f"{entered}; csb init ~/my-clone makes one",
    )


def library() -> Path:
    """The folder of base models for all workspaces: what CSB_MODELS names, else one in the user's data folder.

    Raises UserError where that is no whole path.
    """
    if named := os.environ.get("CSB_MODELS"):
        folder = Path(named).expanduser()
        if not folder.is_absolute():
            raise UserError(f"CSB_MODELS={named} is another folder wherever one stands", "write it whole, /…/models")
        return folder.resolve()
    import platformdirs

    return platformdirs.user_data_path("chatstylebot", appauthor=False) / "models"


@dataclass(frozen=True, slots=True)
class Workspace:
    """The places of one clone."""

    folder: Path

    @property
    def begun(self) -> bool:
        """Whether somebody works here: there is a card, a .csb/, or samples."""
        return self.card.is_file() or self.hidden.is_dir() or self.samples.is_file()

    @property
    def original(self) -> bool:
        """Whether the original's folders are here."""
        return (self.config / "train").is_dir() and self.registry.is_file()

    def base(self, name: str) -> Path:
        """Where the base model of that folder name lies: in models/ here, else in the library (if anywhere)."""
        own = self.models / name
        return own if own.is_dir() else library() / name

    def located(self, path: str) -> Path:
        """Where a path of a recipe leads; models/NAME is looked for in the library, too."""
        place = self.folder / path
        shared = library() / place.name
        return shared if place.parent == self.models and not place.is_dir() and shared.is_dir() else place

    def settle(self) -> None:
        """What dead processes began is brought to its end, or taken away."""
        deep = (self.hidden, self.saves, self.config)
        inner = [Path(top) for place in deep for top, _, _ in os.walk(place)]
        places = [self.folder, self.data, self.exported, self.models, library(), Path(tempfile.gettempdir())]
        drafts.sweep([*places, *inner])
        drafts.HOME[:] = [self.hidden.resolve()]

    def ggufs(self) -> list[Path]:
        """Every GGUF in exported/, however deep, but those that are being made."""
        found = [path.relative_to(self.exported) for path in self.exported.rglob("*")]
        whole = [path for path in found if not any(part.startswith(".") for part in path.parts)]
        return sorted(self.exported / path for path in whole if path.suffix.lower() == ".gguf")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else makes samples here, or takes some out, during the block. Raises UserError while another does."""
        if not self.hidden.is_dir():  # nothing was made here yet
            yield
            return
        path = self.hidden / "samples.lock"
        handle = locks.attempt(path)
        if handle is None:
            raise UserError(
                f"another csb is writing the samples of {self.folder}", "wait for its end, then the same line again"
            )
        try:
            yield
        finally:
            with suppress(OSError):
                path.unlink(missing_ok=True)
                os.close(handle)

    @contextmanager
    def announced(self, url: str) -> Iterator[None]:
        """During the block `server` tells this address; a second server of the workspace is not told of."""
        handle = None
        with suppress(OSError):  # a file system without locks: nobody is told
            handle = locks.take(self.private().server_lock)
        if handle is None:
            yield
            return
        try:
            files.write(self.server_url, url + "\n", private=True)
            yield
        finally:
            with suppress(OSError):
                self.server_url.unlink(missing_ok=True)
                os.close(handle)

    def server(self) -> str | None:
        """The address of the server that runs here. No other program can give itself out for it: the lock is ours."""
        with suppress(OSError):
            if locks.taken(self.server_lock):
                return self.server_url.read_text("utf-8").strip()
        return None

    # what the user writes and sees

    @property
    def card(self) -> Path:
        return self.folder / CARD

    @property
    def contacts(self) -> Path:
        return self.folder / "contacts.yaml"

    @property
    def facts(self) -> Path:
        """What the owner wants known about themselves, and who may be told."""
        return self.folder / "facts.yaml"

    @property
    def config(self) -> Path:
        return self.folder / "config"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def registry(self) -> Path:
        """What the engine is told about each dataset."""
        return self.data / "dataset_info.json"

    @property
    def samples(self) -> Path:
        return self.data / "chat_records.json"

    @property
    def identity(self) -> Path:
        return self.data / "identity.json"

    @property
    def models(self) -> Path:
        return self.folder / "models"

    @property
    def saves(self) -> Path:
        return self.folder / "saves"

    @property
    def exported(self) -> Path:
        return self.folder / "exported"

    # .csb/: what preprocess leaves (written and read by corpus.store)

    @property
    def hidden(self) -> Path:
        return self.folder / HIDDEN

    def private(self) -> Self:
        """The same, and .csb/ is there with a mode that lets nobody else in."""
        files.private_folder(self.hidden)
        return self

    @property
    def messages(self) -> Path:
        return self.hidden / "messages.parquet"

    @property
    def index(self) -> Path:
        """Which sample of which file belongs to which chat."""
        return self.hidden / "samples.parquet"

    @property
    def bereft(self) -> bool:
        """Whether there are samples, and nothing of what csb preprocess leaves in .csb/ beside them."""
        return self.samples.is_file() and not (self.report.is_file() or self.origin.is_file())

    @property
    def origin(self) -> Path:
        """Of which exports the samples were made, as hashes."""
        return self.hidden / "origin.json"

    @property
    def heldout(self) -> Path:
        return self.hidden / "heldout.jsonl"

    @property
    def rhythm(self) -> Path:
        return self.hidden / "rhythm.json"

    @property
    def secrets(self) -> Path:
        """The keyed hashes of every redacted value."""
        return self.hidden / "secrets.bin"

    @property
    def report(self) -> Path:
        return self.hidden / "report.json"

    @property
    def last_card(self) -> Path:
        """The card that the last preprocess worked with."""
        return self.hidden / "card.yaml"

    @property
    def forgotten(self) -> Path:
        """Who was forgotten, as hashes: a later preprocess leaves them out."""
        return self.hidden / "forgotten.json"

    @property
    def forgetting(self) -> Path:
        """What a `csb forget` that is not at its end looks for."""
        return self.hidden / "forgetting.json"

    # .csb/: the memory of past talk

    @property
    def memory(self) -> Path:
        return self.hidden / "memory.sqlite"

    @property
    def memory_left_out(self) -> Path:
        """What is never to be indexed again, as hashes."""
        return self.hidden / "memory_left_out.json"

    # .csb/: the engine's

    @property
    def cache(self) -> Path:
        """The engine's copies of the datasets."""
        return self.hidden / "cache"

    def recipe(self, verb: str) -> Path:
        """The recipe of the engine's last call of a verb other than train, whose recipes lie with its runs."""
        return self.hidden / f"{verb}.yaml"

    def log(self, what: str) -> Path:
        """What a child said: export, gguf, bot-server, serve-clone …"""
        return self.hidden / f"{what}.log"

    # .csb/: the server's, the bot's and feedback's

    @property
    def keys(self) -> Path:
        return self.hidden / "keys"

    @property
    def server_lock(self) -> Path:
        """Held by the server that runs."""
        return self.hidden / "server.lock"

    @property
    def server_url(self) -> Path:
        """Where it is reached."""
        return self.hidden / "server.url"

    @property
    def agreed(self) -> Path:
        """To which servers elsewhere the owner lets talk go."""
        return self.hidden / "agreed.json"

    @property
    def chats(self) -> Path:
        """What was said to the server, where the owner wants that kept."""
        return self.hidden / "chats.jsonl"

    @property
    def feedback(self) -> Path:
        return self.hidden / "feedback.sqlite"

    @property
    def feedback_export(self) -> Path:
        """What the last export of the feedback wrote."""
        return self.hidden / "feedback_export.json"

    @property
    def drafts(self) -> Path:
        return self.hidden / "drafts.sqlite"

    @property
    def self_play(self) -> Path:
        """The answers of a self-play under way."""
        return self.hidden / "self_play.jsonl"

    @property
    def self_play_of(self) -> Path:
        """What a self-play was begun with."""
        return self.hidden / "self_play.json"

    @property
    def bot(self) -> Path:
        return self.hidden / "bot"
