"""All exports of one run as one table, with the own messages known."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from chatstylebot import importers
from chatstylebot.errors import UserError
from chatstylebot.importers import Export, people, times
from chatstylebot.words import many


@dataclass(frozen=True)
class Whole:
    """The messages of all files, `from_me` filled in; each file's format; the zone of dates; remarks for the user."""

    export: Export
    formats: dict[str, str]  # short name of the file → format
    zone: str
    remarks: list[str] = field(default_factory=list)


def read(
    paths: Sequence[Path],
    timezone: str | None,
    form: str | None,
    mapping: Path | None,
    me: Sequence[str],
    person: str | None,
    partial: bool = False,
) -> Whole:
    """Every message of every file. Raises UserError where there is none, where none is own, or that is not known.

    A file that is cut off in the middle is taken with `partial` alone.
    """
    files = importers.load(paths, timezone, form, mapping)
    shown = ", ".join(map(str, paths))
    everything = sum(file.export.messages.height for file in files)
    torn = [story for file in files if (story := importers.cut(file))]
    if torn and not (partial and everything):
        more = f" (and {len(torn) - 1:,} more)" if len(torn) > 1 else ""
        left = ", or take what could be read: --partial" if everything else ""
        raise UserError(torn[0] + more, f"copy or export it again, which loses nothing{left}")
    if everything == 0:
        damaged = [line for file in files for line in file.export.damaged]
        why = f": all {len(damaged):,} rows are damaged ({damaged[0]})" if damaged else ""
        raise UserError(f"there are no messages in {shown}{why}", "export the chats again")
    selves = people.find(files, me, person)
    remarks = people.check(files, selves, me, person)
    files = people.claim(files, selves, person)
    export = importers.together(files)
    if not export.messages["from_me"].any():
        told = all(people.told(file.export.messages) for file in files)
        raise UserError(
            f"none of the {many(everything, 'message')} in {shown} is yours",
            "give a chat in which you wrote, exported from the account whose style is to be learnt"
            + ("" if me or person or told else ", or say who you are with --me"),
        )
    chinese = all(importers.module(file.form).CHINESE for file in files)
    formats = {file.shown: file.form for file in files}
    return Whole(export, formats, times.zone(timezone, chinese), [*export.notes, *remarks])
