"""Any table with a line per message: CSV, TSV, JSON, JSON Lines or Excel, with a small YAML that says which column is what.

chat: room              # a column; or a fixed value: {value: Bob}; left out: the file's name
chat_name: room_name    # optional
sender: user_id
sender_name: user       # optional
time: sent              # iso (default), unix, unix_ms, or a strptime format in time_format
time_format: "%d.%m.%Y %H:%M"
text: body
me: {column: direction, values: [out, "1"]}   # optional: which messages are yours
kind: type              # optional, with kinds: {photo: image, note: voice}
quoted: reply_text      # optional; also: message_id, group (a column or {value: true}), platform, separator, sheet, rows
"""

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from chatstylebot import importers
from chatstylebot.corpus.messages import KINDS
from chatstylebot.errors import UserError, nearest
from chatstylebot.importers import json_file, text_file, times, zips
from chatstylebot.importers.rows import ODD, Chat, Rows, words

PLATFORM, CHINESE, SUFFIXES = "generic", False, (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".xlsx", ".xls", ".txt")
FIELDS = ("chat", "chat_name", "sender", "sender_name", "time", "text", "me", "kind", "quoted", "message_id", "group")
SETTINGS = ("time_format", "kinds", "platform", "separator", "sheet", "rows")
NEEDED = ("sender", "time", "text")
GUESSES = {
    "chat": ("chat", "chat_id", "room", "conversation", "talker", "thread", "channel", "群", "会话", "聊天"),
    "sender": ("sender", "sender_id", "from", "user", "author", "who", "speaker", "发送人", "发送者", "发件人"),
    "time": ("time", "timestamp", "date", "datetime", "sent_at", "created_at", "createtime", "时间", "日期"),
    "text": ("text", "content", "message", "msg", "body", "内容", "消息", "文本"),
    "me": ("is_sender", "from_me", "is_from_me", "issend", "outgoing", "direction"),
    "kind": ("type", "kind", "msg_type", "type_name", "类型", "消息类型"),
}
TRUE = ("1", "true", "yes", "y", "t", "是", "me", "我", "out", "outgoing", "sent")


def detect(head: importers.Head) -> bool:
    """Never: which column is what must be said."""
    return False


def read(path: Path, zone: str, mapping: Path | None = None) -> importers.Export:
    """The messages of a table. Raises UserError for a mapping or a table that does not fit, with a draft of one."""
    wanted = _mapping(mapping) if mapping else {}
    damaged: list[str] = []
    remarks: list[str] = []
    rows = iter(_table(path, wanted, damaged, remarks))
    first = next(rows, None)
    if first is None:
        raise UserError(f"there are no rows in {path}", "check the file, or `rows:` in the mapping")
    columns = list(first[1])
    if not mapping:
        raise UserError(
            f"{path} has the columns {', '.join(map(repr, columns))}; which of them is what?",
            "write it into a file and give that with --map columns.yaml, for example: " + _draft(columns),
        )
    _fits(wanted, columns, mapping, path)
    return _export(path, wanted, first, rows, zone, damaged, remarks)


def _draft(columns: list[str]) -> str:
    """A mapping in one line of YAML, as far as the names of the columns suggest one."""
    lower = {name.lower(): name for name in columns}
    found = {field: lower[guess] for field, guesses in GUESSES.items() for guess in reversed(guesses) if guess in lower}
    missing = {field: "COLUMN" for field in NEEDED if field not in found}
    return json.dumps(found | missing, ensure_ascii=False)


def _mapping(path: Path) -> dict[str, Any]:
    """The mapping file. Raises UserError that names every fault."""
    try:
        values = yaml.safe_load(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        raise UserError(f"there is no file {path}", "write one: chat: …, sender: …, time: …, text: …") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(
            f"{path} cannot be read: {str(error).splitlines()[0]}", "repair it: `name: column` lines"
        ) from None
    if not isinstance(values, dict):
        raise UserError(f"{path} holds no `name: column` lines", "write: chat: …, sender: …, time: …, text: …")
    known = (*FIELDS, *SETTINGS)
    faults = []
    for key, value in values.items():
        if key not in known:
            near = nearest(str(key), known)
            faults.append(f"unknown key {key}" + (f" (did you mean {near}?)" if near else ""))
        elif (
            key in FIELDS
            and not isinstance(value, str)
            and not (isinstance(value, dict) and {"value", "column"} & set(value))
        ):
            faults.append(f"{key} must be a column's name, {{value: …}} or {{column: …, values: […]}}")
    faults += [f"{key} is missing" for key in NEEDED if key not in values]
    kinds = values.get("kinds", {})
    if not isinstance(kinds, dict) or any(kind not in KINDS for kind in kinds.values()):
        faults.append(f"kinds must map to {', '.join(KINDS)}")
    if faults:
        raise UserError(f"{path}: {'; '.join(faults)}", f"correct {path}; its keys are {', '.join(known)}")
    return values


def _fits(wanted: dict[str, Any], columns: list[str], mapping: Path, path: Path) -> None:
    lower = {name.lower() for name in columns}
    named = [_column(wanted[field]) for field in FIELDS if field in wanted]
    missing = [name for name in named if name and name.lower() not in lower]
    if missing:
        raise UserError(
            f"{path} has no column {', '.join(map(repr, missing))}; it has {', '.join(map(repr, columns))}",
            f"correct {mapping}",
        )


def _column(field: Any) -> str | None:
    if isinstance(field, dict):
        found = field.get("column")
        return str(found) if found is not None else None
    return str(field)


def _table(
    path: Path, wanted: dict[str, Any], damaged: list[str], remarks: list[str]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows as dicts with their numbers, whatever the kind of file."""
    ending = path.suffix.lower()
    start = importers.head(path)
    if ending in (".xlsx", ".xls") or start.data.startswith(b"PK\x03\x04"):
        yield from _excel(path, wanted.get("sheet"))
    elif ending in (".jsonl", ".ndjson") or (
        ending == ".json" and start.text.lstrip()[:1] == "{" and _lines(start.text)
    ):
        for number, found in json_file.line_objects(path, path.name, damaged):
            yield number, _flat(found)
    elif ending == ".json":
        yield from (
            (n, _flat(row)) for n, row in json_file.objects(_parts(path, wanted, damaged), path.name, damaged, "row")
        )
    else:
        yield from _csv(path, wanted.get("separator"), damaged, remarks)


def _lines(text: str) -> bool:
    """Whether it is an object a line, rather than one object."""
    lines = [line for line in text.lstrip("\ufeff").split("\n", 3) if line.strip()]
    return len(lines) > 1 and all(line.strip().startswith("{") for line in lines[:2]) and lines[0].strip().endswith("}")


def _parts(path: Path, wanted: dict[str, Any], damaged: list[str]) -> list[json_file.Part]:
    """The elements of the list that `rows: a.b` names, else of the file's own list, else of its first list."""
    way = str(wanted.get("rows") or "")
    if not way and importers.head(path).text.lstrip("\ufeff \r\n\t")[:1] == "[":
        parts, faults = json_file.read_list(path)
        damaged += faults
        return parts
    keys = way.split(".") if way else []
    try:
        part: Any = json_file.data(path)
        for key in keys[:-1]:
            part = json_file.fields(part)[key]
        found = json_file.fields(part)
        key = keys[-1] if keys else next(k for k, v in found.items() if bytes(memoryview(v)[:1]) == b"[")
        return json_file.items(found[key])
    except (KeyError, StopIteration):
        raise UserError(
            f"there is no list {way or 'of rows'} in {path}", "name it in the mapping, as in rows: data.messages"
        ) from None
    except json_file.FAULTS:
        _, parts, faults = json_file.read(path, keys[-1] if keys else "messages")
        damaged += faults
        return parts


def _flat(row: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Nested objects under dotted names."""
    found: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, dict) and before.count(".") < 4:
            found |= _flat(value, f"{before}{key}.")
        else:
            found[f"{before}{key}"] = value
    return found


def _csv(path: Path, separator: Any, damaged: list[str], remarks: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    text, notes = text_file.read(path)
    remarks += notes
    first = text.split("\n", 1)[0]
    sign = str(separator) if separator else max(",;\t|", key=first.count)
    try:
        table = pl.read_csv(
            io.BytesIO(text.encode()),
            separator=sign,
            infer_schema=False,
            truncate_ragged_lines=True,
            empty_string_is_null=False,
        )
    except TypeError as error:
        raise UserError(f"{path} is no table: {error}", "name the `separator:`, one character") from None
    except pl.exceptions.PolarsError:
        yield from _line_by_line(text, sign, path.name, damaged)
        return
    yield from enumerate(table.iter_rows(named=True), 2)


def _line_by_line(text: str, sign: str, name: str, damaged: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of a table in which a quote is not closed: each line on its own, those that are none counted."""
    header: list[str] | None = None
    for number, line in enumerate(text.split("\n"), 1):
        try:
            cells = next(csv.reader([line], delimiter=sign, strict=True), None)
        except csv.Error as error:
            damaged.append(f"{name} row {number}: {error}")
            continue
        if header and cells:
            yield number, dict(zip(header, [*cells, *[None] * len(header)], strict=False))
        header = header or cells


def _excel(path: Path, sheet: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    zips.check(path) if path.suffix.lower() == ".xlsx" else None
    try:
        import fastexcel

        book = fastexcel.read_excel(path)
        table = book.load_sheet(sheet if sheet is not None else 0).to_polars()
    except ModuleNotFoundError:
        raise UserError("reading Excel needs the package fastexcel", "pip install fastexcel") from None
    except fastexcel.FastExcelError as error:
        raise UserError(
            f"{path} cannot be read: {str(error).splitlines()[0]}", "save it as CSV, or name the `sheet:`"
        ) from None
    yield from enumerate(table.iter_rows(named=True), 2)


def _export(
    path: Path,
    wanted: dict[str, Any],
    first: tuple[int, dict[str, Any]],
    rest: Iterator[tuple[int, dict[str, Any]]],
    zone: str,
    damaged: list[str],
    remarks: list[str],
) -> importers.Export:
    lower = {name.lower(): name for name in first[1]}
    columns = {f: lower.get(c.lower()) for f in FIELDS if f in wanted and (c := _column(wanted[f]))}
    fixed = {f: wanted[f]["value"] for f in FIELDS if isinstance(wanted.get(f), dict) and "value" in wanted[f]}
    rows = Rows(path.name, "row", damaged)

    def each() -> Iterator[tuple[int, dict[str, Any]]]:
        yield first
        yield from rest

    for place, row in each():
        values = {field: fixed.get(field, row.get(name) if (name := columns.get(field)) else None) for field in FIELDS}
        if all(value in (None, "") for field, value in values.items() if field not in fixed):
            continue
        try:
            _add(rows, place, path, values, wanted)
        except ODD as error:
            rows.lose(place, error)
    table = rows.table(zone)
    own = table.filter(table["from_me"].fill_null(False)).select("sender_id", "sender_name").unique()
    owner = frozenset({*own["sender_id"], *own["sender_name"]})
    return importers.Export(table, owner, damaged, remarks, platform=words(wanted.get("platform")))


def _add(rows: Rows, place: int, path: Path, values: dict[str, Any], wanted: dict[str, Any]) -> None:
    sender = _text(values["sender"]) or _text(values["sender_name"])
    if not sender:
        raise ValueError("no sender")
    at, local = _time(values["time"], str(wanted.get("time_format") or "iso"))
    key = _text(values["chat"]) or path.stem
    group = str(values["group"]).strip().lower() in TRUE
    chat = Chat(key, _text(values["chat_name"]) or key, group)
    mine: bool | None = None
    if "me" in wanted:
        yes = wanted["me"].get("values") if isinstance(wanted["me"], dict) else None
        listed = [str(value).lower() for value in yes] if isinstance(yes, list) else TRUE
        mine = str(values["me"]).strip().lower() in listed
    text = _text(values["text"])
    kind = "text" if text else "other"
    if "kind" in wanted:
        found = str(values["kind"])
        kind = (wanted.get("kinds") or {}).get(found, found if found in KINDS else kind)
    typed = text if kind in ("text", "quote", "voice", "system", "forward") else None
    quoted = _text(values["quoted"])
    rows.add(
        place, chat, at, sender, _text(values["sender_name"]) or sender, "quote" if quoted and kind == "text" else kind, typed,
        local=local, from_me=mine, message_id=_text(values["message_id"]), quoted=quoted,
    )  # fmt: skip


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, list | dict):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return words(str(value)) or None


def _time(value: Any, shape: str) -> tuple[int, bool]:
    """Milliseconds, and whether they are on the wall clock."""
    if isinstance(value, datetime):
        moment = value
    elif shape in ("unix", "unix_ms"):
        return round(float(value) * (1 if shape == "unix_ms" else 1000)), False
    elif shape == "iso":
        text = str(value).strip().replace("/", "-")
        day, gap, clock = text.partition("T" if "T" in text else " ")
        parts = day.split("-")
        padded = "-".join(part.zfill(2) for part in parts) + (
            gap and f"T{clock.strip().zfill(5) if clock.count(':') == 1 else clock.strip()}"
        )
        moment = datetime.fromisoformat(padded)
    else:
        moment = datetime.strptime(str(value).strip(), shape)
    if moment.tzinfo is None:
        return times.wall(*moment.timetuple()[:6]), True
    return times.unix(moment.isoformat()), False
