"""What an earlier run left, and whether this one would take its place: nothing is replaced in silence."""

import hashlib
import json
import secrets
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from chatstylebot import files, progress
from chatstylebot.corpus.store import Place, report
from chatstylebot.errors import UserError

SHOWN = 3  # names of earlier exports
MOST = 500  # files of a folder that are looked into
TALK = "talk"  # what .csb/ holds of chats: messages, held-out rows
Record = dict[str, Any]


def record(place: Place, paths: Sequence[Path], chats: bool) -> Record:
    """What .csb/origin.json says after this run: of which exports the samples, and the talk in .csb/, were made.

    The exports stand there as hashes, salted: their names may be people's.
    """
    told = _told(place)
    salt = str(told.get("salt") or secrets.token_hex(16))
    made = [{"path": _hash(salt, place, path), "contents": sorted(_contents(path))} for path in paths]
    return told | {"salt": salt, place.named(place.samples): made} | ({TALK: made} if chats else {})


def check(place: Place, paths: Sequence[Path], chats: bool, replace: bool) -> None:
    """Raise UserError where this run would replace what other exports gave, and nobody has agreed to it.

    On a terminal the user is asked; elsewhere it takes `replace`.
    """
    if replace or not all(path.exists() for path in paths):  # what is not there is told when it is read
        return
    lost = _lost(place, paths, chats)
    if not lost:
        return
    told = _told(place)
    one = TALK in told and told.get(place.named(place.samples), told[TALK]) == told[TALK]  # a single run made all
    earlier = [Path(name) for name in _earlier(place)] if one or not told else []
    new = {path.name for path in paths}
    earlier = [path for path in earlier if path.name not in new] or earlier
    if earlier:
        few = files.typed(earlier) if len(earlier) <= SHOWN else "EARLIER_EXPORTS"
        story = f"{' and '.join(lost)}, made of {_names(earlier)}, which this run does not read and would replace"
        joined = f"csb preprocess {few} {files.typed(paths)}, each with its folder, joins them; "
        joined += "in a workspace of its own (csb init ~/another-clone) this line keeps both"
    else:
        why = "made of other files, whose names are not kept" if told else "of what is not known, as .csb/ is gone"
        story = f"{' and '.join(lost)}, which this run would replace ({why})"
        joined = f"to keep them, move {place.named(place.samples)} away"
    if not sys.stdin.isatty():
        raise UserError(story, f"{joined}; --replace replaces what is there")
    progress.say(f"{story}\n{joined}")
    progress.agreed("replace it?", "nothing was replaced", joined, "--replace")


def _lost(place: Place, paths: Sequence[Path], chats: bool) -> list[str]:
    """What there is of other exports than these."""
    told = _told(place)
    lost: list[str] = []
    known = _covered(told, place.named(place.samples), place, paths)
    if place.samples.is_file() and not known and (there := _count(place.samples)):
        lost.append(f"{place.named(place.samples)} holds {there}")
    if chats and place.own.messages.is_file() and not _covered(told, TALK, place, paths):
        lost.append(".csb/ the messages and held-out talk" if lost else ".csb/ holds messages and held-out talk")
    return lost


def _covered(told: Record, what: str, place: Place, paths: Sequence[Path]) -> bool:
    """Whether everything that it was made of is among these exports."""
    made, salt = told.get(what), str(told.get("salt"))
    if not isinstance(made, list) or not all(isinstance(one, dict) for one in made):  # an older csb knew names alone
        earlier = _earlier(place)
        return bool(earlier) and {Path(name).name for name in earlier} <= {path.name for path in paths}
    known = [_hash(salt, place, path) for path in paths]
    new = [one for one in made if one.get("path") not in known]
    contents = [content for path in paths for content in _contents(path)] if new else []
    held = [one.get("contents") if isinstance(one.get("contents"), list) else [] for one in new]
    return all(parts and all(part in contents for part in parts) for parts in held)


def _names(earlier: list[Path]) -> str:
    more = f" and {len(earlier) - SHOWN:,} more" if len(earlier) > SHOWN else ""
    return f"{', '.join(path.name for path in earlier[:SHOWN])}{more}"


def _earlier(place: Place) -> list[str]:
    told = report(place.workspace).get("files")
    return list(told) if isinstance(told, dict) else []


def _count(samples: Path) -> str:
    """What the file holds, "" for nothing."""
    try:
        rows = files.read_json(samples)
    except UserError:
        rows = None
    if not isinstance(rows, list):
        return "something else"
    return f"{len(rows):,} sample{'s' * (len(rows) != 1)}" if rows else ""


def _told(place: Place) -> Record:
    try:
        found = json.loads(place.own.origin.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _hash(salt: str, place: Place, path: Path) -> str:
    return hashlib.sha256((salt + place.named(path)).encode("utf-8", "surrogateescape")).hexdigest()


def _contents(path: Path) -> set[str]:
    """The digests of a file, or of those in a folder, by which they are known under another name, too."""
    found = islice((one for one in path.rglob("*") if one.is_file()), MOST + 1) if path.is_dir() else [path]
    try:
        digests = {files.digest(one) for one in found}
    except OSError:
        return set()
    return digests if len(digests) <= MOST else set()
