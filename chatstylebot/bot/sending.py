"""A reply on its way: bubble by bubble, each confirmed before the next; history holds what was sent."""

import random
from dataclasses import replace
from datetime import datetime, timedelta

from chatstylebot.bot import brake, policy, replies, turns
from chatstylebot.bot.actions import Action, Count, Send, Tell, Typing
from chatstylebot.bot.frame import Frame
from chatstylebot.bot.heard import Chat, NotSent
from chatstylebot.bot.talk import Answer, Bubble, Reply, State, Talk

SPACE = timedelta(milliseconds=300)  # the least between two bubbles
TRIES = 1  # how often a bubble is sent again
Step = tuple[State, list[Action]]


def begin(
    frame: Frame, state: State, talk: Talk, answer: Answer, now: datetime, dice: random.Random, text: str | None = None
) -> Step:
    """Send an answer, or `text` in its place, in the person's rhythm."""
    try:
        parts = _parts(frame, answer, text)
    except ValueError as error:
        return lost(frame, state, replace(talk, reply=Reply(answer, len(talk.burst), ())), str(error))
    if not parts:
        return lost(frame, state, replace(talk, reply=Reply(answer, len(talk.burst), ())), "there is nothing in it")
    manners = frame.rules.manners
    kept = not (len(answer.texts) == 2 and text is None)
    first = bool(manners.disclosure) and not talk.owner and not talk.disclosed
    due = max(now, talk.burst[-1].at + replies.draw(frame.rhythm.reply, dice, manners.slowest) if talk.burst else now)
    bubbles = []
    for number, part in enumerate([manners.disclosure, *parts] if first else parts):
        due += max(SPACE, replies.draw(frame.rhythm.bubble, dice, manners.slowest)) if number else timedelta()
        own = f"{answer.completion}-{talk.asked}-{number}"
        bubbles.append(Bubble(own, part, due, kept and not (first and number == 0)))
    reply = Reply(answer, len(talk.burst), tuple(bubbles), at=now, decided=text is not None)
    return state.having(replace(talk, reply=reply)), [Typing(talk.chat, True)]


def _parts(frame: Frame, answer: Answer, text: str | None) -> list[str]:
    # the disclosure takes one message, too
    most = max(1, frame.most - 1) if frame.most else 0
    if len(answer.texts) == 2 and text is None:
        ask = "1 还是 2？" if frame.zh else "1 or 2?"
        each = [f"{number}. {_flat(frame, one)}" for number, one in enumerate(answer.texts, 1)]
        return [part for one in (*each, ask) for part in replies.split(one, "\0", frame.length, 0)]
    return replies.split(answer.texts[0] if text is None else text, frame.separator, frame.length, most)


def _flat(frame: Frame, text: str) -> str:
    """An answer with a line for each bubble."""
    return "\n".join(piece.strip() for piece in text.split(frame.separator) if piece.strip())


def _hello(talk: Talk, bubble: Bubble) -> bool:
    """Whether a bubble is the line that says that this is a bot."""
    return not bubble.kept and not talk.owner


def fly(state: State, talk: Talk) -> Step:
    """Hand the next bubble to the channel."""
    assert talk.reply is not None
    bubble, *rest = talk.reply.bubbles
    reply = replace(talk.reply, flying=bubble, bubbles=tuple(rest))
    return state.having(replace(talk, reply=reply)), [Send(talk.chat, bubble)]


def sent(frame: Frame, state: State, chat: Chat, id: str, now: datetime) -> Step:
    """The channel confirmed a bubble."""
    talk = state.talk(chat)
    reply = talk.reply
    if reply is None or reply.flying is None or reply.flying.id != id:
        return state, []
    bubble, actions = reply.flying, list[Action]()
    if not reply.begun:
        state, talk = _begun(frame, state, talk, now)
        actions.append(Count("answered"))
    if _hello(talk, bubble):
        talk = replace(talk, disclosed=True)
    if bubble.kept:
        talk = turns.said(frame, talk, "assistant", bubble.text, now)
    reply = replace(reply, begun=True, flying=None, tries=0)
    if reply.bubbles:
        first = replace(reply.bubbles[0], due=max(reply.bubbles[0].due, now + SPACE))
        talk = replace(talk, reply=replace(reply, bubbles=(first, *reply.bubbles[1:])))
        return state.having(talk), [*actions, Typing(chat, True)]
    return state.having(_ended(frame, talk, reply, now)), actions


def _begun(frame: Frame, state: State, talk: Talk, now: datetime) -> tuple[State, Talk]:
    """The first bubble is out: what it answers is history now, and the rates know of it."""
    assert talk.reply is not None
    ripe = talk.ripe
    talk = turns.shelved(frame, talk, talk.reply.answers)
    talk = replace(talk, ripe=ripe, replied=policy.recent(talk.replied, now))
    talk = brake.replied(talk)
    house = state.house
    if not talk.owner:
        house = replace(house, replied=policy.recent(house.replied, now))
    return State(house, state.talks), talk


def _ended(frame: Frame, talk: Talk, reply: Reply, now: datetime) -> Talk:
    """The talk after the last bubble; an answer that was cut short is nobody's to judge."""
    two = len(reply.answer.texts) == 2 and not reply.cut
    if len(reply.answer.texts) == 2:  # neither stands in the history yet: the first one does until the owner chooses
        talk = turns.said(frame, talk, "assistant", reply.answer.texts[0], now)
    return replace(talk, reply=None, last=None if reply.cut else reply.answer, judged="", choosing=two)


def not_sent(frame: Frame, state: State, chat: Chat, id: str, error: NotSent, now: datetime) -> Step:
    """The channel could not deliver a bubble: once more where that may help, else the owner is told."""
    talk = state.talk(chat)
    reply = talk.reply
    if reply is None or (flying := reply.flying) is None or flying.id != id:
        return state, []
    if error.again and (error.untried or reply.tries < TRIES) and not reply.cut:
        first = replace(flying, due=now + timedelta(seconds=error.after))
        tries = reply.tries if error.untried else reply.tries + 1
        reply = replace(reply, flying=None, bubbles=(first, *reply.bubbles), tries=tries)
        return state.having(replace(talk, reply=reply)), []
    if error.perhaps:  # it counts as sent, so that nobody is answered twice
        state, actions = sent(frame, state, chat, id, now)
        if _hello(talk, flying):  # perhaps they do not know that it is a bot: it is said again
            state = state.having(replace(state.talk(chat), disclosed=False))
        told = Tell(f"perhaps not delivered to {talk.name or chat.id}: {error.reason}", aloud=True)
        return state, [*actions, Count("perhaps not delivered"), told]
    return lost(frame, state, talk, error.reason)


def lost(frame: Frame, state: State, talk: Talk, why: str) -> Step:
    """Nothing more of this reply is sent. What it should have answered is history, and not forgotten: it is told."""
    assert talk.reply is not None
    ripe = talk.ripe
    if not talk.reply.begun and (not talk.reply.cut or talk.ripe is None):
        talk = turns.shelved(frame, talk, talk.reply.answers)
    talk = replace(talk, reply=None, last=None, choosing=False, ripe=ripe if talk.burst else None)
    told = Tell(f"not delivered to {talk.name or talk.chat.id}: {why}", aloud=True)
    return state.having(talk), [Typing(talk.chat, False), Count("not delivered"), told]
