"""The clone card: what training, evaluation, serving, memory and bot share about one clone."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator

from chatstylebot.card_parts import Length, Manners, Memory, Part, Sampling, off
from chatstylebot.errors import UserError, nearest
from chatstylebot.workspace import Workspace

Language = Literal["zh", "en"]
PrivacyMode = Literal["redact", "drop", "off"]

SYSTEM = {
    "zh": "你是{name}，正在和朋友聊天。用你平时说话的方式回复。",
    "en": "You are {name}, texting with a friend. Reply the way you always text.",
}
NAMELESS = {
    "zh": "你正在和朋友聊天。用你平时说话的方式回复。",
    "en": "You are texting with a friend. Reply the way you always text.",
}
# what stands in the prompt for a contact nobody knows: the neutral prompt
SOMEBODY = {"zh": {"contact": "朋友", "relation": "朋友"}, "en": {"contact": "a friend", "relation": "friend"}}


class Card(Part):
    """What a clone is. Everything that training and serving must agree on stands here."""

    name: str = Field("", max_length=80)
    author: str = Field("", max_length=80)
    language: Language = "zh"
    model: str = "qwen3"
    template: str | None = None
    adapter: Path | None = None
    url: str = Field("", max_length=500)  # a server elsewhere whose model, which nobody fine-tuned, speaks as the clone
    url_model: str = Field("", max_length=200)
    me: str | None = None
    timezone: str | None = None
    gap: Length = timedelta(minutes=60)
    history: int = Field(5, ge=0, le=50)
    context: int = Field(2048, ge=256, le=1 << 20)  # tokens of a chat at work, prompt and reply together
    system: str = ""
    separator: str = Field("\n", min_length=1, max_length=8)
    privacy: Annotated[PrivacyMode, BeforeValidator(off)] = "redact"
    hide_names: bool = False
    quotes: bool = False
    sampling: Sampling = Sampling()
    memory: Memory = Memory()
    bot: Manners = Manners()

    @field_validator("system")
    @classmethod
    def _known_tags(cls, system: str) -> str:
        for tag in re.findall(r"\{(.*?)\}", system):
            if tag not in ("name", "contact", "relation"):
                raise ValueError(f"unknown tag {{{tag}}}: use {{name}}, {{contact}} or {{relation}}")
        if system and not system.strip():
            raise ValueError("may not be blank: the engine would put its own default in its place")
        return system

    @model_validator(mode="after")
    def _named(self) -> Self:
        if "{name}" in self.system and not self.name:
            raise ValueError("the system prompt says {name}, but name is empty: write name: …")
        return self

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, zone: str | None) -> str | None:
        if zone is not None:
            check_zone(zone)
        return zone

    @field_validator("url")
    @classmethod
    def _reachable(cls, url: str) -> str:
        return url and check_url(url)

    @property
    def system_text(self) -> str:
        """The system prompt with its tags, never empty."""
        return self.system or (SYSTEM if self.name else NAMELESS)[self.language]

    def prompt(self, contact: str | None = None, relation: str | None = None) -> str:
        """The system prompt as training and serving send it; an unknown contact gets the neutral one."""
        somebody = SOMEBODY[self.language]
        values = {
            "name": self.name,
            "contact": contact or somebody["contact"],
            "relation": relation or somebody["relation"],
        }
        return re.sub(r"\{(name|contact|relation)\}", lambda tag: values[tag[1]], self.system_text)

    @property
    def prompt_varies(self) -> bool:
        """Whether the prompt says who the contact is."""
        return "{contact}" in self.system_text or "{relation}" in self.system_text


def check_zone(zone: str) -> str:
    """The name of a time zone, if there is one of that name. Raises ValueError."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{zone!r} is not a time zone: write one like Asia/Shanghai or Europe/Berlin") from None
    return zone


def check_url(url: str) -> str:
    """The address of an OpenAI-style server, if it is one. Raises ValueError."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError("is no address: write http://127.0.0.1:11434/v1") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"\s", url):
        raise ValueError("is no address: write http://127.0.0.1:11434/v1")
    if "@" in parts.netloc:
        raise ValueError("holds a name or a password: a key goes into CSB_ENGINE_KEY")
    if parts.query or parts.fragment:
        raise ValueError("ends in more than a path: write it up to /v1")
    return url


def _line(fault: Any, parts: dict[str, Any]) -> str:
    where = ".".join(str(p) for p in fault["loc"])
    if fault["type"] != "extra_forbidden":
        return f"{where}: {fault['msg'].removeprefix('Value error, ')}".removeprefix(": ")
    known = parts.get(where.rpartition(".")[0], Card).model_fields
    near = nearest(where.rpartition(".")[2], known)
    return f"unknown key {where}" + (f" (did you mean {near}?)" if near else "")


def parse(values: dict[str, Any], source: str) -> Card:
    """A card from its keys. Raises UserError that names all faults at once, each unknown key with its nearest."""
    try:
        return Card.model_validate(values)
    except ValidationError as error:
        faults = "; ".join(
            _line(fault, {"sampling": Sampling, "memory": Memory, "bot": Manners}) for fault in error.errors()
        )
        remedy = f"edit {source}" if source.endswith(".yaml") else "correct the option"
        raise UserError(f"{source}: {faults}", f"{remedy}; `csb init` in an empty folder shows every key") from None


def read(path: Path) -> Card:
    """The card in a file. Raises UserError."""
    try:
        values = yaml.safe_load(path.read_text("utf-8-sig")) or {}
    except UnicodeDecodeError:
        raise UserError(f"{path.name} is not UTF-8 text", f"save {path} as UTF-8") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path.name} is not valid YAML: {_place(error)}", f"repair {path}") from None
    if not isinstance(values, dict):
        raise UserError(f"{path.name} holds no keys", f"write `name: …` and so on into {path}")
    return parse(values, path.name)


def _place(error: yaml.YAMLError) -> str:
    """Where a YAML file is wrong, and why, in one line."""
    mark = getattr(error, "problem_mark", None)
    why = getattr(error, "problem", None) or str(error).replace("\n", " ")
    missing = " (is there a space after the colon of the line above?)" if "':'" in str(why) else ""
    return f"line {mark.line + 1}: {why}{missing}" if mark else str(why)


def find(workspace: Path) -> Card | None:
    """The workspace's card: clone.yaml, else the one that the last `csb preprocess` worked with, else None."""
    for path in (Workspace(workspace).card, Workspace(workspace).last_card):
        if path.is_file():
            return read(path)
    return None


def written(workspace: Path) -> Card | None:
    """The card that the user wrote, None when there is none: one run's options are not the next run's."""
    path = Workspace(workspace).card
    return read(path) if path.is_file() else None


def dump(card: Card) -> str:
    """The card as YAML, without comments."""
    return yaml.safe_dump(card.model_dump(mode="json", exclude_none=True), allow_unicode=True, sort_keys=False)
