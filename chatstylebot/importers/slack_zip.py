"""Slack's workspace export: users.json, channels.json and a folder of days per channel, as a zip or unpacked.

Format: shared facts, formats.md §4.16. `ts` is unix time; nothing says who is me.
"""

import re
from html import unescape
from pathlib import Path
from typing import Any

from chatstylebot import importers
from chatstylebot.importers import json_file
from chatstylebot.importers.rows import ODD, Chat, Rows, words

PLATFORM, CHINESE, SUFFIXES = "slack", False, (".json",)
LISTS = {"channels.json": True, "groups.json": True, "mpims.json": True, "dms.json": False}  # name → a group
MARK = re.compile(r"<([^<>\n]*)>")


def detect(head: importers.Head) -> bool:
    """Whether it is the list of users beside a list of channels."""
    return (
        head.path.name == "users.json"
        and any((head.path.parent / name).is_file() for name in LISTS)
        and ("[].id" in head.json or (head.json == {} and head.text.strip() == "[]"))
    )


def claims(path: Path) -> list[Path]:
    """Everything in the folder belongs to the export."""
    return [file for file in path.parent.rglob("*.json") if file != path]


def read(path: Path, zone: str) -> importers.Export:
    """The messages of the export whose users.json is at `path`."""
    damaged: list[str] = []
    people = {key: row for row in _list(path, damaged) if (key := words(row.get("id")))}
    names = {key: _names(row) for key, row in people.items()}
    rows = Rows(path.name, damaged=damaged)
    for chat, folder in _chats(path.parent, names, damaged):
        for file in sorted(folder.glob("*.json")):
            parts, faults = json_file.read_list(file)
            damaged += faults
            rows.name = f"{folder.name}/{file.name}"
            for place, message in json_file.objects(parts, rows.name, damaged):
                try:
                    _add(rows, place, chat, message, people, names)
                except ODD as error:
                    rows.lose(place, error)
            rows.flush()
    known = {key: frozenset(found) for key, found in names.items() if found}
    return importers.Export(rows.table(zone), damaged=damaged, names=known)


def _list(path: Path, damaged: list[str]) -> list[dict[str, Any]]:
    if not path.is_file() or not path.stat().st_size:
        return []
    parts, faults = json_file.read_list(path)
    damaged += faults
    return [row for _, row in json_file.objects(parts, path.name, damaged, "entry")]


def _names(row: dict[str, Any]) -> list[str]:
    profile = row.get("profile")
    profile = profile if isinstance(profile, dict) else {}
    found = [profile.get("display_name"), row.get("real_name"), profile.get("real_name"), row.get("name")]
    return list(dict.fromkeys(name for name in map(words, found) if name))


def _chats(folder: Path, names: dict[str, list[str]], damaged: list[str]) -> list[tuple[Chat, Path]]:
    """The chats that have a folder: those of the lists, and folders that no list names."""
    found: dict[Path, Chat] = {}
    for file, group in LISTS.items():
        for row in _list(folder / file, damaged):
            key, name = words(row.get("id")), words(row.get("name"))
            place = folder / (name or key or "?").replace("/", "_")
            members = row.get("members")
            if not name and isinstance(members, list):
                name = ", ".join(next(iter(names.get(str(member), ())), str(member)) for member in members)
            if key and place.is_dir():
                found[place] = Chat(key, name or key, group)
    for place in sorted(p for p in folder.iterdir() if p.is_dir() and p not in found and any(p.glob("*.json"))):
        found[place] = Chat(place.name, place.name, True)
    return [(chat, place) for place, chat in sorted(found.items())]


def plain(text: str, names: dict[str, list[str]]) -> str:
    """Slack's markup as it was seen: mentions by name, links by their label."""

    def shown(found: re.Match[str]) -> str:
        target, _, label = found[1].partition("|")
        if target.startswith("@"):
            return "@" + (label or next(iter(names.get(target[1:], ())), target[1:]))
        if target.startswith("#"):
            return "#" + (label or target[1:])
        if target.startswith("!"):
            return "@" + (label or target[1:].partition("^")[0]).lstrip("@")
        return label or target

    return unescape(MARK.sub(shown, text))


def _add(
    rows: Rows, place: int, chat: Chat, message: dict[str, Any], people: dict[str, Any], names: dict[str, list[str]]
) -> None:
    if message.get("type") != "message":
        raise ValueError(f"of type {str(message.get('type'))[:20]}")
    subtype = message.get("subtype")
    profile = message.get("user_profile")
    key = words(message.get("user")) or words(message.get("bot_id")) or "slack"
    shown = next(iter(names.get(key, ())), None)
    if not shown and isinstance(profile, dict):
        shown = words(profile.get("display_name")) or words(profile.get("real_name"))
    text = plain(words(message.get("text")) or "", names) or None
    bot = bool(message.get("bot_id")) or bool(people.get(key, {}).get("is_bot"))
    kind = "text"
    if bot or subtype not in (None, "thread_broadcast", "file_share", "me_message"):
        kind = "recall" if subtype == "tombstone" else "system"
    elif isinstance(files := message.get("files"), list) and files:
        first = files[0] if isinstance(files[0], dict) else {}
        form = str(first.get("mimetype", "")).partition("/")[0]
        kind = {"image": "image", "video": "video", "audio": "voice"}.get(form, "file")
    at = round(float(message["ts"]) * 1000)
    rows.add(
        place, chat, at, key, shown or words(message.get("username")) or key, kind, text, message_id=str(message["ts"])
    )
