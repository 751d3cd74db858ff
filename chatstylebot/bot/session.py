"""One function of state for each thing that happens: what is heard, time, the model's answer, the channel's word.

All take the frame, the state and the time, and give the new state and what is to be done. Nothing here reads a clock,
a file or the network; the dice are passed in.
"""

import random
from dataclasses import replace
from datetime import datetime, timedelta

from chatstylebot.bot import brake, decisions, policy, sending, topics, turns
from chatstylebot.bot.actions import Action, Ask, Count, Show, Tell, Typing
from chatstylebot.bot.frame import Frame
from chatstylebot.bot.heard import Chat, Heard, sound
from chatstylebot.bot.talk import Answer, Draft, House, State, Talk

STALE = timedelta(minutes=10)  # after which, besides its pauses, an answer that is not out is asked for again
BUBBLES = 20  # of a long answer
SEEN = 300  # ids of messages that are remembered for each conversation
LONGEST = 10  # times the wait: a burst without an end is answered all the same
OFTEN = 3  # failures after which the owner is told
SLOWEST = timedelta(seconds=60)  # between two tries
Step = tuple[State, list[Action]]


def hear(frame: Frame, state: State, heard: Heard, now: datetime, dice: random.Random) -> Step:
    """A message arrived."""
    heard = sound(heard, now)
    talk = state.talk(heard.chat)
    if heard.id in talk.seen:
        return state, []
    talk = _known(frame, talk, heard)
    if heard.own or heard.owner:
        if heard.owner and not heard.group:
            state = State(replace(state.house, home=heard.chat), state.talks)
        if done := decisions.command(frame, state, talk, heard, now, dice):
            return done
    if policy.policy(frame.rules, talk) == "off":
        # nothing of it is kept; a message of the owner's own account is nobody's question
        return state, [] if heard.own else [Count("not allowed"), Tell(f"not answered: {_unknown(frame, talk)}")]
    if heard.own:
        return _stepped_in(frame, state, talk, heard, now)
    return _heard(frame, state, talk, heard, now)


def _known(frame: Frame, talk: Talk, heard: Heard) -> Talk:
    seen = (*talk.seen, heard.id)[-SEEN:]
    contact = heard.contact or policy.contact(frame.rules.contacts, heard.chat)
    talk = replace(talk, seen=seen, contact=contact, group=heard.group)
    if heard.own:
        return talk
    return replace(talk, name=talk.name if heard.group else heard.name, owner=heard.owner and not heard.group)


def place(talk: Talk) -> str:
    """The conversation as the owner writes it into contacts.yaml."""
    return f"{talk.chat.channel}: {talk.chat.id}"


def _unknown(frame: Frame, talk: Talk) -> str:
    """Why somebody is not answered, with what the owner would write to change it."""
    if talk.contact is None:
        return f"{place(talk)} is not allowed"
    known = frame.rules.contacts.get(talk.contact)
    return f"{known.name if known and known.name else talk.contact} has no policy draft or auto in contacts.yaml"


def _heard(frame: Frame, state: State, talk: Talk, heard: Heard, now: datetime) -> Step:
    piece = turns.piece(frame, heard)
    manners = frame.rules.manners
    talk = turns.added(brake.paced(talk, heard.at, manners) if piece.addressed else talk, piece)
    if not piece.addressed:  # in a group, and not for us: it is what the next question is about
        return state.having(talk), []
    state, talk, actions = interrupted(state, talk)
    first = next((each.at for each in talk.burst[_answered(talk) :] if each.addressed), heard.at)
    ripe = max(now, min(now + manners.wait, first + LONGEST * manners.wait))
    return state.having(replace(talk, ripe=ripe, failures=0)), [*actions, Count("heard")]


def _answered(talk: Talk) -> int:
    """How many messages of the burst a reply under way answers."""
    return talk.reply.answers if talk.reply and not talk.reply.begun else 0


def interrupted(state: State, talk: Talk) -> tuple[State, Talk, list[Action]]:
    """A question, a reply or a draft under way no longer fits: what is not said yet stays unsaid."""
    actions: list[Action] = [Typing(talk.chat, False)] if talk.asking or talk.reply else []
    if talk.reply:
        # what was handed to the channel may arrive: its confirmation is waited for
        cut = replace(talk.reply, bubbles=(), cut=True)
        talk = replace(talk, reply=cut if cut.flying else None)
    house, gone = decisions.withdrawn(state.house, talk.chat)
    return State(house, state.talks), replace(talk, asking=0, choosing=False), [*actions, *gone]


def _stepped_in(frame: Frame, state: State, talk: Talk, heard: Heard, now: datetime) -> Step:
    """The owner has answered by hand: that is the answer, and the bot is silent for a while."""
    state, talk, actions = interrupted(state, talk)
    if talk.reply:  # what still flies answers nothing that is said from now on
        talk = replace(talk, reply=replace(talk.reply, answers=0))
    talk = turns.shelved(frame, talk)
    text = turns.piece(frame, replace(heard, group=False)).text
    talk = turns.said(frame, talk, "assistant", text, heard.at)
    until = max(talk.paused or now, heard.at + frame.rules.manners.pause)
    return state.having(replace(talk, paused=until)), [*actions, Count("owner stepped in")]


def due(state: State) -> datetime | None:
    """When time has something to say next."""
    moments = [talk.ripe for talk in state.talks.values() if talk.ripe and not _busy(talk)]
    moments += [
        talk.reply.bubbles[0].due
        for talk in state.talks.values()
        if talk.reply and talk.reply.bubbles and not talk.reply.flying
    ]
    return min(moments, default=None)


def _busy(talk: Talk) -> bool:
    return bool(talk.asking) or talk.reply is not None


def tick(frame: Frame, state: State, now: datetime, dice: random.Random) -> Step:
    """Time has passed: bursts are over, bubbles are due."""
    actions: list[Action] = []
    for talk in list(state.talks.values()):
        more: list[Action] = []
        if talk.reply and talk.reply.bubbles and not talk.reply.flying and talk.reply.bubbles[0].due <= now:
            state, more = _fly(frame, state, talk, now)
        elif talk.ripe and talk.ripe <= now and not _busy(talk):
            state, more = _consider(frame, state, talk, now, dice)
        actions += more
    return state, actions


def _fly(frame: Frame, state: State, talk: Talk, now: datetime) -> Step:
    """The next bubble is due: it goes out, unless it should no longer. A machine may have slept for hours."""
    assert talk.reply
    how = policy.policy(frame.rules, talk)
    age = now - (talk.reply.at or now)
    old = how == "auto" and not talk.owner and age > STALE + BUBBLES * frame.rules.manners.slowest
    if how != "off" and not old:
        return sending.fly(state, talk)
    if talk.reply.begun or (old and talk.reply.decided):
        why = "what was left to say is too old" if old else "not allowed any more"
        return sending.lost(frame, state, talk, why)
    # nobody has seen anything of it: what it answers is considered anew
    return state.having(replace(talk, reply=None, ripe=now)), [Typing(talk.chat, False)]


def _consider(frame: Frame, state: State, talk: Talk, now: datetime, dice: random.Random) -> Step:
    """The burst is over: is it answered now, later or not at all?"""
    if not talk.burst:
        return state.having(replace(talk, ripe=None)), []
    if why := _never(frame, state.house, talk, now):
        told = (
            [Tell(f"not answered: {talk.name or place(talk)} ({why})", aloud=True)]
            if why not in ("paused", "stopped", "brake")
            else []
        )
        talk = turns.shelved(frame, talk, aside=why.startswith("topic:"))
        if why.startswith("brake:"):
            talk = replace(talk, braked=now + frame.rules.manners.pause, quick=0, steady=0)
        return state.having(talk), [Count(why.partition(":")[0]), *told]
    if not talk.owner:
        later, why = policy.awake(frame.rules, now), "quiet hours"
        if later > now:
            # nobody answers ten people on the stroke of the hour
            later += dice.random() * min(timedelta(minutes=10), frame.rules.manners.late / 2)
        else:
            later, why = policy.free(frame.rules, state.house, talk, _under_way(state), now), "rate"
        if later > now:
            counted: list[Action] = [Count(why)] if talk.held != why else []
            return state.having(replace(talk, ripe=later, held=why)), counted
    return _ask(frame, state, talk, now, dice)


def _under_way(state: State) -> int:
    """Replies to anybody but the owner that have been asked for, and that nobody has got yet."""
    return sum(
        1 for talk in state.talks.values() if not talk.owner and (talk.asking or (talk.reply and not talk.reply.begun))
    )


def _never(frame: Frame, house: House, talk: Talk, now: datetime) -> str:
    """Why this burst is not answered at all; "" where it is."""
    manners = frame.rules.manners
    if policy.policy(frame.rules, talk) == "off":
        return "not allowed"
    if house.silent:
        return "stopped"
    if talk.paused and talk.paused > now:
        return "paused"
    if policy.policy(frame.rules, talk) == "auto" and (braked := brake.pulled(talk, now, manners)):
        return braked
    # quiet hours make nothing late
    if now - policy.awake(frame.rules, talk.burst[-1].at) > manners.late:
        return "too late"
    asked = [each.text for each in talk.burst if each.addressed]
    found = None if talk.owner else policy.topic(frame.rules, asked)
    return f"topic: {topics.shown(found)}" if found else ""


def _ask(frame: Frame, state: State, talk: Talk, now: datetime, dice: random.Random) -> Step:
    twice = talk.owner and dice.random() < frame.rules.manners.two_answers
    number = talk.asked + 1
    ask = Ask(talk.chat, number, turns.prompt(frame, talk), talk.contact, 2 if twice else 1, talk.owner)
    talk = replace(talk, ripe=None, asked=number, asking=number, held="")
    typing: list[Action] = [Typing(talk.chat, True)] if policy.policy(frame.rules, talk) == "auto" else []
    return state.having(talk), [*typing, ask]


def answered(
    frame: Frame, state: State, chat: Chat, number: int, answer: Answer, now: datetime, dice: random.Random
) -> Step:
    """The model answered question `number`; an answer to an older question is void."""
    talk = state.talk(chat)
    if talk.asking != number:
        return state, []
    said = tuple(text for text in answer.texts if text.replace(frame.separator, "").strip())
    if not said:
        return failed(frame, state, chat, number, "the model said nothing", now)
    answer = replace(answer, texts=said if len(set(said)) == len(said) else said[:1])
    talk = replace(talk, asking=0, failures=0)
    if policy.policy(frame.rules, talk) == "off":  # since the question was put
        return state.having(turns.shelved(frame, talk)), [Typing(chat, False), Count("not allowed")]
    risky = None if talk.owner else policy.risky(frame.rules, answer.texts, talk.contact)
    if policy.policy(frame.rules, talk) != "auto" or risky:
        return _draft(state, talk, answer, now, risky)
    return sending.begin(frame, state, talk, answer, now, dice)


def _draft(state: State, talk: Talk, answer: Answer, now: datetime, risky: str | None) -> Step:
    number = state.house.drafted + 1
    heard = "\n".join(each.text for each in talk.burst)
    draft = Draft(number, talk.chat, talk.name or place(talk), heard, answer, now)
    house = replace(state.house, drafts=(*state.house.drafts, draft), drafted=number)
    why: list[Action] = [Tell(f"draft {number} waits: the reply {risky}")] if risky else []
    return state.having(talk, house), [Typing(talk.chat, False), Count("drafted"), *why, Show(draft)]


def failed(frame: Frame, state: State, chat: Chat, number: int, why: str, now: datetime) -> Step:
    """The model did not answer: it is asked again, less and less often, until the message is too old."""
    talk = state.talk(chat)
    if talk.asking != number:
        return state, []
    failures = talk.failures + 1
    ripe = now + min(timedelta(seconds=2**failures), SLOWEST)
    told = [Tell(f"no answer for {talk.name or place(talk)} yet: {why}", aloud=True)] if failures == OFTEN else []
    return state.having(replace(talk, asking=0, failures=failures, ripe=ripe)), [Typing(chat, False), *told]


def recover(frame: Frame, state: State, now: datetime, dice: random.Random) -> Step:
    """After a start: questions that were out are put again; whether a bubble arrived that was on its way, nobody
    knows: it counts as sent, so that nobody is answered twice, and the owner is told."""
    actions: list[Action] = []
    for talk in list(state.talks.values()):
        more: list[Action] = []
        if talk.asking:
            state = state.having(replace(talk, asking=0, ripe=now))
        elif talk.reply and talk.reply.flying:
            state, more = sending.sent(frame, state, talk.chat, talk.reply.flying.id, now)
            more.append(Tell(f"perhaps not delivered: the last message to {talk.name or place(talk)}", aloud=True))
        actions += more
    return state, actions
