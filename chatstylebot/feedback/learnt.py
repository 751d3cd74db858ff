"""From a workspace's votes to what is trained on: resolved, without private values; and the export kept up to date."""

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from chatstylebot import card as cards
from chatstylebot.contacts import read_contacts
from chatstylebot.corpus import privacy as private
from chatstylebot.errors import UserError
from chatstylebot.feedback import export, pairs, store
from chatstylebot.feedback.pairs import Resolved
from chatstylebot.feedback.records import Record
from chatstylebot.models import special
from chatstylebot.workspace import Workspace

Seen = Callable[[Iterable[Record]], Iterable[Record]]


@dataclass(frozen=True, slots=True)
class Hiding:
    """What the user chose about private values: `privacy` (None: the card's), a file of words to hide."""

    privacy: str | None = None
    block: Path | None = None


def resolved(workspace: Path, votes: store.Store, hiding: Hiding, seen: Seen = iter) -> tuple[Resolved, dict[str, int]]:
    """What can be trained on, without private values, and how many of them there were by type; `seen` is shown every
    record. Raises UserError."""
    card = cards.find(workspace) or cards.Card()
    contacts = read_contacts(workspace).values()
    mode = cards.parse({"privacy": hiding.privacy}, "the command line").privacy if hiding.privacy else card.privacy
    names = [name for c in contacts for name in (c.name, *c.aliases.values()) if name] if card.hide_names else []
    finder = private.Finder(card.language, names, private.block_list(hiding.block) if hiding.block else ())
    redacted = str if mode == "off" else finder.replace
    clean = functools.lru_cache(100_000)(lambda text: special.broken(redacted(text)))
    ours = {special.broken(text) for text in (card.prompt(), *(card.prompt(c.name, c.relation) for c in contacts))}
    done = pairs.resolve(seen(votes.records()), clean, ours, "drop" if mode == "drop" else "redact")
    return done, finder.kinds


def write(workspace: Path, found: Resolved, hiding: Hiding, force: bool = False) -> list[Path]:
    """Write both files, and remember what was hidden; those that hold rows. Raises UserError."""
    block = str(hiding.block.resolve()) if hiding.block else None
    return export.write(workspace, found, force, {"privacy": hiding.privacy, "block": block})


@dataclass(frozen=True, slots=True)
class Refreshed:
    """Whether newer votes are in the export, or will be, and the line that says so, or why not."""

    done: bool
    line: str


def refresh(workspace: Path, dry: bool = False) -> Refreshed | None:
    """Votes that came since the last export brought into it, hiding what that hid; `dry`: only told. None where there
    is nothing to do."""
    file = store.path(workspace)
    if not file.is_file():
        return None
    if edited := export.strange(workspace):
        names = " and ".join(map(str, edited))
        return Refreshed(False, f"note: {names}: edited, so taken as it is; newer votes are not in it")
    try:
        told = export.told_how(workspace)
        block = told.get("block")
        hiding = Hiding(told.get("privacy"), Path(block) if block else None)
        with store.Store.open(file) as votes, Workspace(workspace).alone():
            found, _ = resolved(workspace, votes, hiding)
            if not (found.pairs or found.labels) or export.current(workspace, found):
                return None
            if not dry:
                write(workspace, found, hiding)
    except UserError as error:
        return Refreshed(False, f"note: newer votes are not learnt: {error.problem}\n      {error.remedy}")
    will = "will be exported first" if dry else "are exported"
    counts = f"{len(found.pairs):,} pairs, {len(found.labels):,} labels in all"
    return Refreshed(True, f"the votes since the last export {will}: {counts}")
