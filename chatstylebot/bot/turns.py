"""A conversation's history: bursts become turns, in the shape of training."""

from dataclasses import replace
from datetime import datetime

from chatstylebot.bot import policy
from chatstylebot.bot.frame import Frame
from chatstylebot.bot.heard import Heard
from chatstylebot.bot.talk import Piece, Role, Talk, Turn
from chatstylebot.words import GROUP_CONTEXT, PLACEHOLDERS, QUOTED, SAYS

BURST = 50  # messages that are answered together; of more, the latest
TEXT = 4000  # characters of one message
TURN = 16_000  # of one turn: of more, the last


def piece(frame: Frame, heard: Heard) -> Piece:
    """A message as it stands in the prompt: a placeholder for what is no text, in groups with its speaker."""
    signs = PLACEHOLDERS[frame.rules.language]
    text = heard.text.strip()[:TEXT]
    if heard.kind not in ("text", "voice") or not text:  # a voice message that came with its words is words
        sign = signs.get(heard.kind, signs["other"])
        text = f"{sign} {text}" if text else sign
    if frame.quotes and heard.quoted:
        text = f"「{heard.quoted[:QUOTED]}」{text}"
    speaker = f"{_name(frame, heard)}{SAYS}" if heard.group else ""
    return Piece(heard.at, speaker + text, heard.mentioned or not heard.group)


def _name(frame: Frame, heard: Heard) -> str:
    """Who speaks, in one line: as contacts.yaml calls them where it knows them, as in training."""
    people = frame.rules.contacts
    known = policy.contact(people, replace(heard.chat, id=heard.sender))
    return " ".join(((people[known].name if known else None) or heard.name).split())


def added(talk: Talk, new: Piece) -> Talk:
    """The talk with a message more in its burst, by time; those that a reply under way answers stay before it."""
    fixed = talk.reply.answers if talk.reply and not talk.reply.begun else 0
    before, after = talk.burst[:fixed], sorted((*talk.burst[fixed:], new), key=lambda each: each.at)
    most = GROUP_CONTEXT if talk.group else BURST
    return replace(talk, burst=(*before, *_latest(after, most)))


def _latest(pieces: list[Piece], most: int) -> list[Piece]:
    """The latest pieces, by time; what wants an answer stays before what others say among themselves."""
    over = len(pieces) - most
    if over <= 0:
        return pieces
    dropped = {
        id(each) for each in sorted(pieces, key=lambda each: each.addressed)[:over]
    }  # a stable sort: oldest first
    return [each for each in pieces if id(each) not in dropped]


def said(frame: Frame, talk: Talk, role: Role, text: str, at: datetime, aside: bool = False) -> Talk:
    """The talk with what one side said; what the same side said before it in this conversation is the same turn.

    `aside`: the model is never shown it.
    """
    turns = talk.turns
    last = turns[-1] if turns else None
    if last and (last.role, last.aside) == (role, aside) and at - last.at <= frame.gap:
        turns = (*turns[:-1], Turn(role, (last.text + frame.separator + text)[-TURN:], at, aside))
    else:
        turns = (*turns, Turn(role, text, at, aside))
    turns = turns[-2 * (frame.history + 1) :]
    return replace(talk, turns=turns[1:] if turns[0].role == "assistant" and len(turns) > 1 else turns)


def shelved(frame: Frame, talk: Talk, number: int | None = None, aside: bool = False) -> Talk:
    """The talk whose burst, or the first `number` messages of it, is history: it gets no answer of its own, and with
    `aside` no later answer is about it."""
    taken = talk.burst if number is None else talk.burst[:number]
    rest = talk.burst[len(taken) :]
    talk = replace(talk, burst=rest, ripe=talk.ripe if rest else None, failures=0, held="")
    if not taken:
        return talk
    text = frame.separator.join(each.text for each in taken)
    return said(frame, talk, "user", text, taken[-1].at, aside)


def prompt(frame: Frame, talk: Talk) -> tuple[tuple[Role, str], ...]:
    """The turns that the model is asked with: what belongs to the same conversation, then the burst."""
    asked: list[tuple[Role, str]] = [("user", frame.separator.join(each.text for each in talk.burst))]
    later = talk.burst[0].at
    for turn in reversed(talk.turns):
        if later - turn.at > frame.gap:  # a silence like this starts a new conversation, in training too
            break
        later = turn.at
        if turn.aside:
            continue
        if asked[-1][0] == turn.role:  # what came between got no answer, or is not shown
            asked[-1] = (turn.role, turn.text + frame.separator + asked[-1][1])
        else:
            asked.append((turn.role, turn.text))
    whole = asked[::-1][-(2 * frame.history + 1) :]
    return tuple(whole[1:] if whole[0][0] == "assistant" else whole)
