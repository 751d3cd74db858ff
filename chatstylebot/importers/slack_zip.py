"""Slack's workspace export: users.json, channels.json and a folder of days per channel, as a zip or unpacked.

Format: shared facts, formats.md §4.16. `ts` is unix time; nothing says who is me. Every thread is a topic.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chatstylebot import importers
from chatstylebot.importers import json_file, slack_blocks
from chatstylebot.importers.rows import ODD, Chat, Rows, words

PLATFORM, CHINESE, SUFFIXES = "slack", False, (".json",)
LISTS = {"channels.json": True, "groups.json": True, "mpims.json": True, "dms.json": False}  # name → a group
# what people write; whatever else has a subtype is the app's word on what happened
TYPED = frozenset({None, "thread_broadcast", "file_share", "me_message"})
KIND_OF = {"tombstone": "recall", "message_deleted": "recall", "huddle_thread": "call", "sh_room_created": "call"}
SLACKBOT = "USLACKBOT"
THREAD = re.compile(rb'"thread_ts"\s*:\s*"([0-9.]+)"')


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


@dataclass
class _Team:
    """What the lists of the export say, and what was met in its messages."""

    people: dict[str, dict[str, Any]]
    names: dict[str, list[str]]
    reader: slack_blocks.Reader
    damaged: list[str]
    odd: list[str] = field(default_factory=list)  # messages with blocks that are not known here
    empty: list[str] = field(default_factory=list)  # messages of which only Slack's own placeholder is there


def read(path: Path, zone: str) -> importers.Export:
    """The messages of the export whose users.json is at `path`."""
    damaged: list[str] = []
    people = {key: row for row in _list(path, damaged) if (key := words(row.get("id")))}
    names = {key: _names(row) for key, row in people.items()}
    chats = _chats(path.parent, names, damaged)
    channels = {chat.id: chat.name for chat, _ in chats if chat.is_group}
    team = _Team(people, names, slack_blocks.Reader(names, channels), damaged)
    rows = Rows(path.name, damaged=damaged)
    for chat, folder in chats:
        files = sorted(file for file in folder.glob("*.json") if file.stat().st_size)
        answers: Counter[bytes] = Counter()
        for file in files:
            answers.update(THREAD.findall(json_file.data(file)))
        for file in files:
            rows.name = f"{folder.name}/{file.name}"
            for place, message in _once(file, rows.name, damaged):
                try:
                    _add(rows, place, chat, message, team, answers)
                except ODD as error:
                    rows.lose(place, error)
            rows.flush()
    known = {key: frozenset(found) for key, found in names.items() if found}
    return importers.Export(rows.table(zone), damaged=damaged, names=known, notes=_notes(path.name, team))


def _once(file: Path, name: str, damaged: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The messages of a day, each once: of one that was edited, what it became."""
    parts, faults = json_file.read_list(file)
    damaged += [name + fault.removeprefix(file.name) for fault in faults]
    found: dict[object, tuple[int, dict[str, Any]]] = {}
    for place, message in json_file.objects(parts, name, damaged):
        key: object = message.get("ts")
        if message.get("subtype") == "message_changed" and isinstance(message.get("message"), dict):
            inner = message["message"]
            if isinstance(inner.get("ts"), str) and inner["ts"] in found:
                first, before = found[inner["ts"]]
                found[inner["ts"]] = first, {**before, **inner}
                continue
        if isinstance(key, str) and key in found and message.get("edited"):
            first, before = found[key]
            if before.get("user") == message.get("user"):
                found[key] = first, message
                continue
        found[key if isinstance(key, str) and key not in found else place] = place, message
    yield from found.values()


def _notes(name: str, team: _Team) -> list[str]:
    """What could not be read with certainty, a line a kind."""
    notes = []
    if team.odd:
        kinds = ", ".join(sorted(team.reader.odd)[:5])
        notes.append(
            f"{name}: {_messages(team.odd)} with blocks of a type that is not known here ({kinds}; the first: "
            f"{team.odd[0]}): every text in them was taken"
        )
    if team.empty:
        notes.append(
            f"{name}: {_messages(team.empty)} of which the export holds only Slack's own placeholder (the first: "
            f"{team.empty[0]}): without words"
        )
    return notes


def _messages(found: list[str]) -> str:
    return f"{len(found):,} message{'s' * (len(found) != 1)}"


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
    for place in sorted(p for p in folder.iterdir() if p.is_dir() and p not in found and list(p.glob("*.json"))):
        found[place] = Chat(place.name, place.name, True)
    return [(chat, place) for place, chat in sorted(found.items())]


def _add(rows: Rows, place: int, chat: Chat, message: dict[str, Any], team: _Team, answers: Counter[bytes]) -> None:
    if message.get("type") != "message":
        raise ValueError(f"of type {str(message.get('type'))[:20]}")
    profile = message.get("user_profile")
    key = words(message.get("user")) or words(message.get("bot_id")) or "slack"
    if key not in team.names and isinstance(profile, dict):  # somebody of another workspace
        team.names[key] = _names({**profile, "profile": profile})
    shown = next(iter(team.names.get(key, ())), None)
    kind = _kind(message, key, team)
    text = _words(message, kind, f"{rows.name} message {place}", team)
    if kind == "text" and not text:
        kind = "forward" if message.get("attachments") else "other"
    stamp = str(message["ts"])
    rows.add(
        place, chat, round(float(stamp) * 1000), key, shown or words(message.get("username")) or key, kind, text,
        message_id=stamp, topic=_topic(message, stamp, answers),
    )  # fmt: skip


def _kind(message: dict[str, Any], key: str, team: _Team) -> str:
    subtype = message.get("subtype")
    if isinstance(subtype, str) and subtype in KIND_OF:
        return KIND_OF[subtype]
    blocks = message.get("blocks")
    if isinstance(blocks, list) and any(isinstance(b, dict) and b.get("type") == "call" for b in blocks):
        return "call"
    robot = bool(message.get("bot_id")) or key == SLACKBOT or bool(team.people.get(key, {}).get("is_bot"))
    if robot or subtype not in TYPED:
        return "system"
    files = message.get("files")
    if isinstance(files, list) and files:
        first = files[0] if isinstance(files[0], dict) else {}
        form = str(first.get("mimetype", "")).partition("/")[0]
        return {"image": "image", "video": "video", "audio": "voice"}.get(form, "file")
    return "text"


def _words(message: dict[str, Any], kind: str, source: str, team: _Team) -> str | None:
    """What was typed. It stands in the blocks where `text` is empty or Slack's own placeholder."""
    if kind in ("recall", "call"):
        return None
    typed = words(message.get("text")) or ""
    absent = bool(typed) and slack_blocks.fallback(typed)
    if (typed.strip() and not absent) or kind == "system":
        return team.reader.plain(typed) or None
    before = sum(team.reader.odd.values())
    text = words(team.reader.words(message.get("blocks")))
    if sum(team.reader.odd.values()) > before:
        team.odd.append(source)
    if absent and not text:
        team.empty.append(source)
    return text or None


def _topic(message: dict[str, Any], stamp: str, answers: Counter[bytes]) -> str | None:
    """The thread a message belongs to: its first message's `ts`. None for what nobody answered in a thread."""
    thread = message.get("thread_ts")
    if isinstance(thread, str) and thread and thread != stamp:
        return thread
    answered = answers[stamp.encode()] - (thread == stamp) > 0 or bool(message.get("reply_count"))
    return stamp if answered else None
