"""QQ exported by qq-chat-exporter as JSON, versions 4 to 6, also in chunks.

Format: shared facts, formats.md §4.12. chatInfo tells who is me by selfUid or selfUin, where it holds them.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from chatstylebot import importers
from chatstylebot.errors import UserError
from chatstylebot.importers import json_file, times
from chatstylebot.importers.rows import ODD, Chat, Rows, number, words

PLATFORM, CHINESE, SUFFIXES = "qq", True, (".json",)
KIND_OF = {
    "image": "image", "video": "video", "audio": "voice", "voice": "voice", "ptt": "voice", "file": "file",
    "market_face": "sticker", "mface": "sticker", "forward": "forward", "json": "link", "xml": "link", "ark": "link",
    "location": "location", "system": "system", "wallet": "transfer", "red_packet": "transfer", "call": "call",
}  # fmt: skip


def detect(head: importers.Head) -> bool:
    """Whether it has the exporter's head."""
    return head.json.get("metadata") == "{" and head.json.get("chatInfo") == "{"


def claims(path: Path) -> list[Path]:
    """The chunks of an export in chunks."""
    return [file for file, _ in _chunks(path, _manifest(path))]


def _manifest(path: Path) -> dict[str, Any]:
    if "chunked" not in importers.head(path).json:
        return {}
    try:
        found = json_file.value(json_file.data(path))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _chunks(path: Path, manifest: dict[str, Any]) -> list[tuple[Path, str]]:
    """The files of the chunks that are there, within the export's folder, with their names."""
    chunked = manifest.get("chunked")
    if not isinstance(chunked, dict):
        return []
    folder = words(chunked.get("chunksDir")) or "chunks"
    listed = chunked.get("chunks")
    found = []
    for row in listed if isinstance(listed, list) else []:
        named = (
            next((n for k in ("relativePath", "file", "fileName") if (n := words(row.get(k)))), None)
            if isinstance(row, dict)
            else None
        )
        for place in (path.parent / (named or ""), path.parent / folder / (named or "")):
            inside = named and "\0" not in named and place.resolve().is_relative_to(path.parent.resolve())
            if inside and place.is_file():
                found.append((place, str(named)))
                break
    return found


def read(path: Path, zone: str) -> importers.Export:
    """The messages of one chat. Raises UserError when neither messages nor chunks are there."""
    manifest = _manifest(path)
    damaged: list[str] = []
    if manifest:
        top: dict[str, Any] = manifest
        chunks = _chunks(path, manifest)
        messages = _of_chunks(chunks, damaged)
        chunked = manifest.get("chunked")
        promised = chunked.get("chunks") if isinstance(chunked, dict) else None
        missing = len(promised) - len(chunks) if isinstance(promised, list) else 0
        if not chunks:
            raise UserError(f"the chunks of {path} are not beside it", "give the whole folder of the export")
        damaged += [f"{path.name}: {missing} of its chunks are missing"] if missing > 0 else []
    else:
        top, parts, damaged = json_file.read(path)
        messages = json_file.objects(parts, path.name, damaged)
    return _export(path, top, messages, zone, damaged)


def _of_chunks(chunks: list[tuple[Path, str]], damaged: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    place = 0
    for file, name in chunks:
        for _, found in json_file.line_objects(file, name, damaged):
            place += 1
            yield place, found


def _export(
    path: Path, top: dict[str, Any], messages: Iterator[tuple[int, dict[str, Any]]], zone: str, damaged: list[str]
) -> importers.Export:
    about = top.get("chatInfo")
    about = about if isinstance(about, dict) else {}
    name = words(about.get("name")) or path.stem
    key = next((str(about[k]) for k in ("peerUin", "peerUid") if about.get(k)), name)
    chat = Chat(key, name, about.get("type") == "group")
    me = {str(about[k]) for k in ("selfUin", "selfUid") if about.get(k)}
    rows = Rows(path.name, damaged=damaged)
    names: dict[str, set[str]] = {}
    for place, message in messages:
        try:
            _add(rows, place, chat, message, me, names)
        except ODD as error:
            rows.lose(place, error)
    owner = me | ({n} if me and (n := words(about.get("selfName"))) else set())
    known = {k: frozenset(v) for k, v in names.items()}
    return importers.Export(rows.table(zone), frozenset(owner), damaged, names=known)


def _add(rows: Rows, place: int, chat: Chat, message: dict[str, Any], me: set[str], names: dict[str, set[str]]) -> None:
    sender, raw = message.get("sender"), message.get("rawMessage")
    sender, raw = (part if isinstance(part, dict) else {} for part in (sender, raw))
    uid, uin = words(sender.get("uid")), sender.get("uin") or raw.get("senderUin")
    ids = {str(value) for value in (uid, uin) if value not in (None, "", "0", 0, "未知")}
    key = str(uin) if str(uin or "0") not in ("0", "") else uid or ""
    fields = ("groupCard", "remark", "nickname", "name")
    shown = [n for f in fields if (n := words(sender.get(f)))] + [
        n for f in ("sendMemberName", "sendNickName") if (n := words(raw.get(f)))
    ]
    text, kind, quoted = _content(message)
    if message.get("recalled") or message.get("isRecalled"):
        kind, text = "recall", None
    elif message.get("system") or message.get("isSystemMessage") or not ids:
        kind = "system"
    at, local = _time(message)
    if kind == "system":
        rows.add(
            place, chat, at, key or "系统消息", next(iter(shown), "系统消息"), kind, text, local=local, from_me=False
        )
        return
    names.setdefault(key, set()).update({*shown, *ids} - {key})
    identity = words(message.get("id")) or words(message.get("messageId"))
    rows.add(
        place, chat, at, key, next(iter(shown), key), kind, text or None, local=local,
        from_me=bool(ids & me) if me else None, message_id=identity, quoted=quoted,
    )  # fmt: skip


def _time(message: dict[str, Any]) -> tuple[int, bool]:
    """Milliseconds, and whether they are local: V5 and V6 give unix time, V4 an ISO text."""
    stamp = message.get("timestamp")
    if isinstance(stamp, str) and not stamp.isdigit():
        moment = datetime.fromisoformat(stamp)
        return (times.wall(*moment.timetuple()[:6]), True) if moment.tzinfo is None else (times.unix(stamp), False)
    if stamp in (None, 0, "0", ""):
        moment = datetime.fromisoformat(str(message["time"]))
        return times.wall(*moment.timetuple()[:6]), True
    at = number(stamp)
    return (at if at > 10**11 else at * 1000), False


def _content(message: dict[str, Any]) -> tuple[str | None, str, str | None]:
    """What was typed, the kind and what was quoted. The elements count: content.text may hold rendered placeholders."""
    content = message.get("content")
    content = content if isinstance(content, dict) else {}
    elements = content.get("elements")
    if not isinstance(elements, list) or not elements:
        return _content_v4(content)
    said: list[str] = []
    kind, quoted = "text", None
    for element in elements:
        if not isinstance(element, dict):
            continue
        data = element.get("data")
        data = data if isinstance(data, dict) else {}
        form = element.get("type")
        if form == "text":
            said.append(words(data.get("text")) or "")
        elif form == "at":
            said.append("@" + (words(data.get("name")) or "").removeprefix("@"))
        elif form == "face":
            face = words(data.get("name")) or words(data.get("text"))
            said.append(face if face and face.startswith(("/", "[")) else f"[{face}]" if face else "")
        elif form == "reply":
            kind, quoted = "quote", words(data.get("content"))
        elif form in KIND_OF and kind in ("text", "quote"):
            kind = KIND_OF[form]
    text = "".join(said).strip()
    if kind == "text" and not text:
        kind = "other"
    return text or None, kind, quoted


def _content_v4(content: dict[str, Any]) -> tuple[str | None, str, str | None]:
    text = words(content.get("text"))
    resources = content.get("resources")
    if isinstance(resources, list) and resources and isinstance(resources[0], dict):
        kind = KIND_OF.get(str(resources[0].get("type")), "file")
        # the text of a picture is its rendered placeholder
        return None, kind, None
    reply = content.get("reply")
    if isinstance(reply, dict):
        return text, "quote", words(reply.get("content"))
    return text, "text" if text else "other", None
