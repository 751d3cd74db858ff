"""Identity samples: the template's {{name}} and {{author}} filled in."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chatstylebot.errors import UserError

Row = dict[str, Any]
KNOWN = ("name", "author")
TAG = re.compile(r"\{\{\s*(.*?)\s*\}\}")
CHINESE = re.compile(r"[㐀-鿿]")


@dataclass(frozen=True, slots=True)
class Filled:
    """Rows ready to train on, how often each tag was filled, and in how many rows."""

    rows: list[Row]
    tags: Mapping[str, int]
    touched: int


def tags(value: Any) -> Counter[str]:
    """How often each {{tag}} stands in a text, or anywhere in rows."""
    if isinstance(value, str):
        return Counter(TAG.findall(value))
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return sum((tags(part) for part in parts), Counter())


def language(row: Row) -> str:
    """zh when a row says anything in Chinese characters, else en."""
    return "zh" if CHINESE.search(f"{row.get('instruction', '')}{row.get('output', '')}") else "en"


def fill(rows: Sequence[Row], name: str, author: str, system: Callable[[Row], str]) -> Filled:
    """The rows with their tags filled and the system prompt that `system` gives a row without one of its own.

    Raises UserError for a tag nobody knows, and for a value that would read as a tag the next time.
    """
    values = {"name": name.strip(), "author": author.strip()}
    for key, value in values.items():
        if not value or "{{" in value or "}}" in value:
            raise UserError(f"--{key} {value!r} cannot be filled in", f"give a --{key} without {{{{ and }}}}")
    wrong = [row for row in rows if not isinstance(row, dict) or "instruction" not in row or "output" not in row]
    if wrong or not rows:
        raise UserError("the template is no list of samples", 'write rows like {"instruction": "…", "output": "…"}')
    found = [tags(row) for row in rows]
    total: Counter[str] = sum(found, Counter())
    if unknown := sorted(set(total) - set(KNOWN)):
        shown = ", ".join(f"{{{{{tag}}}}}" for tag in unknown)
        raise UserError(f"the template has unknown tags: {shown}", "use {{name}} and {{author}}")
    if not total:
        raise UserError("the template holds neither {{name}} nor {{author}}", "write them where the names belong")
    # every registered column stands in every row: the engine reads them all
    empty = {"instruction": "", "input": "", "output": ""}
    filled = [
        {**empty, **_filled(row, values), "system": _filled(row.get("system"), values) or system(row)} for row in rows
    ]
    return Filled(filled, dict(total), sum(1 for counts in found if counts))


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    match value:
        case str():
            return TAG.sub(lambda tag: values[tag[1]], value)
        case dict():
            return {key: _filled(part, values) for key, part in value.items()}
        case list():
            return [_filled(part, values) for part in value]
    return value
