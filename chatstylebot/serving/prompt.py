"""A client's messages → the turns the clone was trained on: the card's prompt, pairs, one window of history."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from chatstylebot import recalled
from chatstylebot.card import Card, Language
from chatstylebot.models.special import Rule
from chatstylebot.recalled import NOTHING, Past
from chatstylebot.words import PLACEHOLDERS

Turn = tuple[str, str]  # role, text
IGNORED = ("tool", "function")  # what tools said is not part of the talk: tools are ignored
SYSTEM = ("system", "developer")
# AstrBot adds the time, and who speaks where, to what a person said: the clone never saw such a thing
NOTE, NOTE_END = "<system_reminder>", "</system_reminder>"
TEXTS = ("text", "input_text", "output_text")
NOTES = 8  # more than it ever adds
# what a part that is no text is in training (decision 0003), by the first word of its type
MEDIA = {"image": "image", "audio": "voice", "video": "video", "file": "file", "document": "file"}


class Unfit(ValueError):
    """Messages that no reply can be given to; `code` is the machine's word for it."""

    def __init__(self, message: str, code: str = "invalid_messages") -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Said:
    """What a client sent: its own system texts, and the turns, merged, without empty ones."""

    system: tuple[str, ...]
    turns: tuple[Turn, ...]


def text_of(content: Any, number: int, separator: str, language: Language) -> str:
    """The text of a message's content: a string, nothing, or a list of parts. Raises Unfit for a part without a type.

    An image, a voice note … becomes the placeholder that stood for it in training, a bubble of its own.
    """
    if content is None:
        return ""
    if isinstance(content, str):
        return _clean(content)
    bubbles, words = [], ""
    for part in content:
        kind = part.get("type") if isinstance(part, dict) else None
        if not kind or not isinstance(kind, str):
            raise Unfit(f"messages[{number}] holds a part without a type", "unsupported_content")
        if kind not in TEXTS:
            medium = MEDIA.get(kind.removeprefix("input_").partition("_")[0], "other")
            bubbles += [words, PLACEHOLDERS[language][medium]]
            words = ""
        elif isinstance(part.get("text"), str):
            words += part["text"]
        else:
            raise Unfit(f"messages[{number}] holds a text part without text", "unsupported_content")
    return _clean(separator.join(bubble for bubble in (*bubbles, words) if bubble.strip()))


def _clean(text: str) -> str:
    """The text as UTF-8 can hold it: JSON may carry half a character."""
    return text.encode("utf-8", "replace").decode()


def _without_notes(text: str) -> str:
    """The text without the notes of a bot framework at its end."""
    for _ in range(NOTES):
        start = text.rfind(NOTE)
        if start < 0 or not text.rstrip().endswith(NOTE_END):
            break
        text = text[:start].rstrip()
    return text


def said(messages: Sequence[tuple[str, Any]], separator: str, language: Language) -> Said:
    """Merge same-role turns with the bubble separator, drop empty ones. Raises Unfit."""
    system: list[str] = []
    turns: list[Turn] = []
    for number, (role, content) in enumerate(messages):
        text = "" if role in IGNORED else text_of(content, number, separator, language)
        text = _without_notes(text) if role == "user" else text
        if not text.strip():
            continue
        if role in SYSTEM:
            system.append(text)
        elif turns and turns[-1][0] == role:
            turns[-1] = (role, turns[-1][1] + separator + text)
        else:
            turns.append((role, text))
    if not turns:
        raise Unfit("there is no message with text in it: nothing to reply to")
    if turns[-1][0] != "user":
        raise Unfit("the last message is the clone's own: add what the other side says (role user)")
    return Said(tuple(system), tuple(turns))


def window(turns: Sequence[Turn], pairs: int) -> list[Turn]:
    """The last `pairs` pairs and the last incoming turn; an own opener is a pair with an empty first side."""
    whole = [*([("user", "")] if turns[0][0] != "user" else []), *turns]
    return whole[-(2 * pairs + 1) :]


def system_text(
    card: Card, contact: tuple[str | None, str | None], past: Past = NOTHING, extra: Sequence[str] = ()
) -> str:
    """The card's prompt for a contact's name and relation, what is remembered, and what a client may add."""
    return recalled.prompt(card.prompt(*contact), past, card.language, extra)


def messages(system: str, turns: Sequence[Turn], rule: Rule) -> list[dict[str, str]]:
    """What goes to the engine, the control tokens of its model broken; `system` is first and never empty."""
    return [{"role": role, "content": rule.broken(text)} for role, text in (("system", system), *turns)]


FinishReason = Literal["stop", "length"]
