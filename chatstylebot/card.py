"""The clone card: what training, evaluation, serving, memory and bot share about one clone."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from chatstylebot.errors import UserError, nearest

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


def duration(text: Any) -> timedelta:
    """Read "90s", "60m", "2h", "1d" or a number of minutes. Raises ValueError."""
    if isinstance(text, timedelta):
        return text
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(s|m|min|h|d)?\s*", str(text))
    if not found or float(found[1]) <= 0:
        raise ValueError(f"{text!r} is not a length of time: write 90s, 60m, 2h or 1d")
    seconds = float(found[1]) * {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, None: 60}[found[2]]
    if seconds > 366 * 86400:
        raise ValueError(f"{text!r} is longer than a year")
    return timedelta(seconds=seconds)


class Part(BaseModel):
    """A part of the card; a key it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class Sampling(Part):
    """How replies are drawn. Sampling is part of the style: low values make everybody sound the same."""

    temperature: float = Field(0.9, gt=0, le=2)
    top_p: float = Field(0.95, gt=0, le=1)
    repetition_penalty: float = Field(1.0, ge=0.5, le=2)
    max_new_tokens: int = Field(128, ge=1, le=4096)


class Card(Part):
    """What a clone is. Everything that training and serving must agree on stands here."""

    name: str = Field("", max_length=80)
    author: str = Field("", max_length=80)
    language: Language = "zh"
    model: str = "qwen3"
    template: str | None = None
    adapter: Path | None = None
    me: str | None = None
    timezone: str | None = None
    gap: Annotated[timedelta, BeforeValidator(duration)] = timedelta(minutes=60)
    history: int = Field(5, ge=0, le=50)
    system: str = ""
    separator: str = Field("\n", min_length=1, max_length=8)
    privacy: PrivacyMode = "redact"
    hide_names: bool = False
    quotes: bool = False
    sampling: Sampling = Sampling()

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
        faults = "; ".join(_line(fault, {"sampling": Sampling}) for fault in error.errors())
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
    for path in (workspace / "clone.yaml", workspace / ".csb" / "card.yaml"):
        if path.is_file():
            return read(path)
    return None


def written(workspace: Path) -> Card | None:
    """The card that the user wrote, None when there is none: one run's options are not the next run's."""
    path = workspace / "clone.yaml"
    return read(path) if path.is_file() else None


def dump(card: Card) -> str:
    """The card as YAML, without comments."""
    values = card.model_dump(mode="json", exclude_none=True)
    values["gap"] = f"{card.gap.total_seconds():g}s"
    return yaml.safe_dump(values, allow_unicode=True, sort_keys=False)


COMMENTED = """\
# The clone card: everything that training, serving, memory and the bot must agree on.
# Every key is optional; an unknown key is an error. `csb doctor` checks this file.

# Who the clone is, and who made it ({{name}} and {{author}} in data/identity.template.json).
name: {name}
author: {author}

# The language of the chats, zh or en: it chooses the default system prompt and the placeholders ([电话1] / [PHONE_1]).
language: {language}

# The base model: a preset (`csb recipes models`) or the path of a model folder. The template comes with the preset.
model: {model}
# template: qwen3_nothink

# The adapter to talk to; left out, it is the last one that `csb train` finished for this model.
# adapter: saves/{model}/lora/sft

# Your id or name in the exports, where the file does not tell who you are.
# me: wxid_abc

# Time zone of exports that hold local times (left out: Asia/Shanghai for Chinese apps, else this machine's).
# timezone: Asia/Shanghai

# A silence longer than this starts a new conversation: 30m, 60m, 2h.
gap: 60m

# How many question-and-answer pairs before a reply the model sees, in training and at work.
history: 5

# The system prompt, the same in training and at work. Tags: {{name}}, {{contact}}, {{relation}}.
system: {system}

# What stands between two bubbles of one turn; the bot splits its replies there.
separator: "\\n"

# What happens to phone numbers, addresses, passwords, ID cards and the like: redact, drop or off.
privacy: redact

# Whether the names of your contacts are hidden in what was said, too ([姓名1] / [NAME_1]).
hide_names: false

# Whether what others quote stands before their words (「…」).
quotes: false

# How replies are drawn. Lower values narrow the style.
sampling:
  temperature: 0.9
  top_p: 0.95
  repetition_penalty: 1.0
  max_new_tokens: 128
"""


def commented(name: str, author: str, language: Language, model: str) -> str:
    """A clone.yaml with a comment for every key."""
    if language not in get_args(Language):
        raise UserError(f"language {language!r} is not known", "write zh or en")

    def quote(text: str) -> str:
        return yaml.safe_dump(text, allow_unicode=True, default_style='"', width=1000).strip()

    return COMMENTED.format(
        name=quote(name),
        author=quote(author),
        language=language,
        model=model,
        system=quote((SYSTEM if name else NAMELESS)[language]),
    )


def _off(value: Any) -> Any:
    """YAML reads a bare off as false."""
    return "off" if value is False else value


class Contact(Part):
    """One person of contacts.yaml: how an exported chat and a person on a channel are one."""

    name: str | None = None
    relation: str | None = None
    aliases: dict[str, str] = {}
    policy: Annotated[Literal["off", "draft", "auto"], BeforeValidator(_off)] = "off"
    public: bool = False


def contacts(workspace: Path) -> dict[str, Contact]:
    """The people of the workspace's contacts.yaml by chat_id, none when there is no such file. Raises UserError."""
    path = workspace / "contacts.yaml"
    if not path.is_file():
        return {}
    try:
        values = yaml.safe_load(path.read_text("utf-8-sig")) or {}
        return {str(key): Contact.model_validate(value) for key, value in values.items()}
    except (yaml.YAMLError, UnicodeDecodeError, AttributeError, ValidationError) as error:
        first = str(error).replace("\n", " ")
        raise UserError(f"contacts.yaml: {first}", f"write `chat_id: {{name: …, relation: …}}` in {path}") from None
