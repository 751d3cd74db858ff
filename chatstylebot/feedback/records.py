"""One opinion about an answer, with the exact prompt that was answered; validated where it is made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args

Role = Literal["system", "user", "assistant"]
Verdict = Literal["chosen", "rejected", "edited", "good", "bad"]

SELF_PLAY = "self-play"  # the source of pairs that nobody voted for
TURNS = 400  # messages in one prompt
CANDIDATES = 16
TEXT = 32_000  # characters of one answer, or of the edit
WHOLE = 256_000  # characters of everything in one record
FIELDS = (
    "id",
    "at",
    "source",
    "contact",
    "model",
    "adapter",
    "messages",
    "candidates",
    "verdict",
    "index",
    "text",
    "whose",
)
# the longest value of each short field
SHORT = {"id": 128, "source": 64, "contact": 256, "model": 256, "adapter": 128}


@dataclass(frozen=True, slots=True)
class Message:
    """One turn as the engine got it."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Record:
    """A verdict on `candidates[index]`, one answer to `messages`, which stand here letter by letter as they were sent.

    `chosen`: better than every other candidate. `edited`: `text` is what should have been said instead. `rejected`: a
    draft that was not sent. `good`, `bad`: a thumb. `whose`: ids of those whose earlier talk stands in the prompt.
    Raises ValueError, with a reason that a person understands.
    """

    id: str
    at: datetime
    source: str
    contact: str | None
    model: str
    adapter: str | None
    messages: tuple[Message, ...]
    candidates: tuple[str, ...]
    verdict: Verdict
    index: int = 0
    text: str | None = None
    whose: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _short(self)
        if not isinstance(self.at, datetime) or self.at.utcoffset() != timedelta(0):
            raise ValueError("at must be a time in UTC")
        _prompt(self.messages)
        _answers(self)
        if sum(map(len, self.texts)) > WHOLE:
            raise ValueError(f"the record is longer than {WHOLE:,} characters")
        for text in self.texts:
            _encodable(text)

    @property
    def answer(self) -> str:
        """The candidate that is judged."""
        return self.candidates[self.index]

    @property
    def texts(self) -> tuple[str, ...]:
        """Everything that was said, sent or written."""
        return (*(m.content for m in self.messages), *self.candidates, *([self.text] if self.text else ()))


def _short(record: Record) -> None:
    for name, longest in SHORT.items():
        value = getattr(record, name)
        if value is None and name in ("contact", "adapter"):
            continue
        if not isinstance(value, str) or not 0 < len(value) <= longest:
            raise ValueError(f"{name} must be a text of 1 to {longest} characters")
        if not value.isprintable():  # printed in lists; a lone surrogate is not printable either
            raise ValueError(f"{name} may hold no control characters")


def _encodable(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("a text holds half a character (a lone surrogate)") from None


def _prompt(messages: tuple[Message, ...]) -> None:
    """The engine skips a sample of another shape without saying so."""
    if not isinstance(messages, tuple) or not all(isinstance(m, Message) for m in messages):
        raise ValueError("messages must be a tuple of Message")
    if not 2 <= len(messages) <= TURNS:
        raise ValueError(f"messages must be 2 to {TURNS} turns: the system prompt, and what is answered")
    if not all(isinstance(m.content, str) for m in messages):
        raise ValueError("the content of a message must be a text")
    system, *talk = messages
    if system.role != "system" or not system.content.strip():
        raise ValueError("the first message must be the system prompt that was served")
    for number, message in enumerate(talk):
        if message.role != ("user", "assistant")[number % 2]:
            raise ValueError("after the system prompt, user and assistant must take turns, beginning with user")
    # earlier turns may be empty: an own opener answers nothing
    if talk[-1].role != "user" or not talk[-1].content.strip():
        raise ValueError("the last message must be the user's: it is what the candidates answer")


def _answers(record: Record) -> None:
    candidates, verdict, index, text = record.candidates, record.verdict, record.index, record.text
    if not isinstance(candidates, tuple) or not all(isinstance(c, str) for c in candidates):
        raise ValueError("candidates must be a tuple of texts")
    if not 1 <= len(candidates) <= CANDIDATES:
        raise ValueError(f"there must be 1 to {CANDIDATES} candidates")
    if any(len(candidate) > TEXT for candidate in candidates) or len(text or "") > TEXT:
        raise ValueError(f"an answer is longer than {TEXT:,} characters")
    if verdict not in get_args(Verdict):
        raise ValueError(f"the verdict must be one of {', '.join(get_args(Verdict))}")
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(candidates):
        raise ValueError(f"index must be a whole number from 0 to {len(candidates) - 1}")
    if verdict == "chosen" and len(candidates) < 2:
        raise ValueError("chosen needs at least two candidates")
    if not isinstance(record.whose, tuple) or not all(isinstance(id, str) for id in record.whose):
        raise ValueError("whose must be a tuple of ids")
    if verdict == "edited" and (not isinstance(text, str) or not text.strip()):
        raise ValueError("edited needs the text that should have been said")
    if verdict != "edited" and text is not None:
        raise ValueError(f"{verdict} takes no text: only edited does")


def to_json(record: Record) -> dict[str, Any]:
    """The record as JSON can hold it."""
    value: dict[str, Any] = {name: getattr(record, name) for name in FIELDS}
    value["at"] = stamp(record.at)
    value["messages"] = [{"role": m.role, "content": m.content} for m in record.messages]
    value["candidates"] = list(record.candidates)
    del value["whose"]  # the records of before have none
    return value | ({"whose": list(record.whose)} if record.whose else {})


def from_json(value: Any) -> Record:
    """The record that `to_json` gave. Raises ValueError."""
    if not isinstance(value, Mapping):
        raise ValueError("a record must be an object")
    if unknown := sorted(map(str, value.keys() - set(FIELDS))):
        raise ValueError(f"unknown field {unknown[0]}")
    if missing := [name for name in FIELDS[:-3] if name not in value and name not in ("contact", "adapter")]:
        raise ValueError(f"{missing[0]} is missing")
    if not isinstance(value["at"], str):
        raise ValueError("at must be a time like 2024-05-01T12:00:00+00:00")
    return Record(
        id=value["id"],
        at=datetime.fromisoformat(value["at"]),
        source=value["source"],
        contact=value.get("contact"),
        model=value["model"],
        adapter=value.get("adapter"),
        messages=tuple(_message(m) for m in _listed(value, "messages")),
        candidates=tuple(_listed(value, "candidates")),
        verdict=value["verdict"],
        index=value.get("index", 0),
        text=value.get("text"),
        whose=tuple(_listed(value, "whose")) if "whose" in value else (),
    )


def _listed(value: Mapping[str, Any], name: str) -> Sequence[Any]:
    if not isinstance(value[name], list | tuple):
        raise ValueError(f"{name} must be a list")
    found: Sequence[Any] = value[name]
    return found


def _message(value: Any) -> Message:
    if not isinstance(value, Mapping) or value.keys() != {"role", "content"}:
        raise ValueError("a message must have role and content, and nothing else")
    return Message(value["role"], value["content"])


def stamp(at: datetime) -> str:
    """A time in UTC as text of one length, which sorts as the times do."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
