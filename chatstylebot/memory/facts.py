"""facts.yaml: what the owner wants known about themselves, and who may be told."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from chatstylebot.errors import UserError
from chatstylebot.memory import words

MOST = 12  # facts that are always told; of more, those that share words with the question come first
FIRST = """\
# What the bot should know about you, one line each; it stands above everything that was ever said in a chat.
# 你希望机器人知道的关于你的事，每行一条；它们比聊天记录里说过的任何话都优先。

# Anybody may be told this. 任何人都可以知道：
public: []
#  - 我的生日是 3 月 14 日 / my birthday is 14 March

# Only these people may be told, by their id or name in contacts.yaml. 只有这些人可以知道：
contacts: {}
#  妈妈:
#    - 国庆回家的票已经买好了

# Only you are told (csb rag ask). 只有你自己：
private: []
"""
REMEDY = "three keys, each optional: public: [...], contacts: {NAME: [...]}, private: [...]"


@dataclass(frozen=True, slots=True)
class Facts:
    """The lines of facts.yaml; `contacts` by what each is called there."""

    public: tuple[str, ...] = ()
    contacts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    private: tuple[str, ...] = ()

    @property
    def number(self) -> int:
        """How many there are."""
        return len(self.public) + len(self.private) + sum(len(lines) for _, lines in self.contacts)

    def told(self, names: Sequence[str] | None) -> list[str]:
        """What somebody who is called so may be told; None is the owner, who is told everything."""
        if names is None:
            theirs = [f"({name}) {line}" for name, lines in self.contacts for line in lines]
            return [*self.private, *theirs, *self.public]
        own = [line for name, lines in self.contacts if name in names for line in lines]
        return [*own, *self.public]

    def nearest(self, question: str, names: Sequence[str] | None) -> list[str]:
        """At most MOST of what they may be told, as the file has them; of more, those with words of the question."""
        lines = self.told(names)
        if len(lines) <= MOST:
            return lines
        asked = set(words.of(question.lower()))
        shared = [len(asked & set(words.of(line.lower()))) for line in lines]
        best = sorted(range(len(lines)), key=lambda at: (-shared[at], at))[:MOST]
        return [lines[at] for at in sorted(best)]


class _Strings(yaml.BaseLoader):
    """Every scalar is the text that stands there; a key that stands twice is a fault."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [key.value for key, _ in node.value]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise yaml.YAMLError(f"{twice} stands there twice")
        return super().construct_mapping(node, deep)


def read(path: Path) -> Facts:
    """The facts in that file, none where there is no such file. Raises UserError."""
    if not path.exists():
        return Facts()
    try:
        values = yaml.load(path.read_text("utf-8-sig"), Loader=_Strings) or {}
    except (yaml.YAMLError, OSError, ValueError) as error:
        raise UserError(
            f"{path.name} cannot be read: {' '.join(str(error).split())}", f"{REMEDY}; edit {path}"
        ) from None
    if not isinstance(values, dict) or not set(values) <= {"public", "contacts", "private"}:
        odd = ", ".join(sorted(map(str, set(values) - {"public", "contacts", "private"}))) if values else ""
        what = f"unknown key {odd}" if isinstance(values, dict) else "it holds no keys"
        raise UserError(f"{path.name}: {what}", f"{REMEDY}; edit {path}")
    contacts = values.get("contacts") or {}
    if not isinstance(contacts, dict):
        raise UserError(f"{path.name}: contacts: holds no names", f"{REMEDY}; edit {path}")
    named = tuple((str(name), _lines(lines, f"contacts: {name}", path)) for name, lines in contacts.items())
    return Facts(_lines(values.get("public"), "public", path), named, _lines(values.get("private"), "private", path))


def _lines(value: Any, where: str, path: Path) -> tuple[str, ...]:
    lines = [value] if isinstance(value, str) else value or []
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        # YAML reads `- birthday: 14 March` as a key and its value
        raise UserError(
            f"{path.name}: {where} is no list of lines",
            f'quote a line with a colon in it: - "birthday: 14 March" ({path})',
        )
    return tuple(" ".join(line.split()) for line in lines if line.strip())


def without(path: Path, names: Collection[str]) -> str | None:
    """The file without what these people may be told; None where nothing is, or where it cannot be read."""
    try:
        values = yaml.load(path.read_text("utf-8-sig"), Loader=_Strings)
    except (yaml.YAMLError, OSError, ValueError):
        return None
    if not isinstance(values, dict) or not isinstance(contacts := values.get("contacts"), dict):
        return None
    if not set(contacts) & set(names):
        return None
    values["contacts"] = {name: lines for name, lines in contacts.items() if name not in names}
    head = "".join(FIRST.splitlines(keepends=True)[:2])
    return head + yaml.safe_dump(values, allow_unicode=True, sort_keys=False)
