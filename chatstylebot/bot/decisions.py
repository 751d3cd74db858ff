"""What the owner decides: the stop word, votes, drafts. Nobody else is listened to here."""

import random
from dataclasses import replace
from datetime import datetime

from chatstylebot.bot import brake, owner, policy, sending, turns
from chatstylebot.bot.actions import Action, Count, Tell, Typing, Withdraw
from chatstylebot.bot.frame import Frame
from chatstylebot.bot.heard import Chat, Heard
from chatstylebot.bot.talk import Answer, Draft, House, State, Talk, Turn, Vote
from chatstylebot.feedback.drafts import Choice
from chatstylebot.feedback.records import Verdict

Step = tuple[State, list[Action]]


def command(frame: Frame, state: State, talk: Talk, heard: Heard, now: datetime, dice: random.Random) -> Step | None:
    """What the owner's words do; None where they are ordinary talk."""
    word, manners = heard.text.strip(), frame.rules.manners
    if word.lower() in (manners.stop.lower(), manners.go.lower()):
        return silence(frame, state.having(talk), word.lower() == manners.stop.lower())
    if heard.own or heard.group:  # to somebody else, or before others: nothing else is meant for the bot
        return None
    if decision := owner.decision(word, state.house.drafted):
        state, actions = decide(frame, state.having(talk), decision.number, decision.choice, decision.text, now, dice)
        return state, [replace(each, reply=True) if isinstance(each, Tell) else each for each in actions]
    return _vote(state, talk, word, frame)


def silence(frame: Frame, state: State, silent: bool) -> Step:
    """Say nothing to anybody any more, or speak again."""
    go, on = frame.rules.manners.go, "机器人继续" if frame.zh else "the bot goes on"
    off = (
        f"机器人已停（{go} 恢复）" if frame.zh else f"the bot is silent ({go}, or csb bot resume, lets it speak again)"
    )
    house = replace(state.house, silent=silent)
    if not silent:
        talks = {chat: brake.released(talk) for chat, talk in state.talks.items()}
        return State(house, talks), [Tell(on, reply=True)]
    typing: list[Action] = [Typing(chat, False) for chat, talk in state.talks.items() if talk.asking or talk.reply]
    return State(house, _cut(state)), [*typing, Tell(off, reply=True)]


def _cut(state: State) -> dict[Chat, Talk]:
    """The conversations without anything that is still to be said."""
    after = {}
    for chat, talk in state.talks.items():
        reply = replace(talk.reply, bubbles=(), cut=True) if talk.reply and talk.reply.flying else None
        again = talk.asking or (talk.reply and not talk.reply.begun and not reply)
        ripe = talk.burst[-1].at if again and talk.burst else talk.ripe  # considered again, and put aside
        after[chat] = replace(talk, reply=reply, asking=0, ripe=ripe)
    return after


def _vote(state: State, talk: Talk, word: str, frame: Frame) -> Step | None:
    if talk.last is None or talk.reply is not None or talk.burst:
        return None
    if talk.choosing and (index := owner.picked(word)) is not None:
        text = talk.last.texts[index]
        chosen = (*talk.turns[:-1], Turn("assistant", text, talk.turns[-1].at))
        after = replace(talk, turns=chosen, choosing=False, last=replace(talk.last, texts=(text,)))
        return _voted(state, after, talk.last, "chosen", text, frame)
    thumb = owner.vote(word)
    if thumb is None or talk.choosing:
        return None
    return _voted(state, talk, talk.last, thumb, talk.last.texts[0], frame)


def _voted(state: State, talk: Talk, answer: Answer, verdict: Verdict, about: str, frame: Frame) -> Step:
    noted: list[Action] = [Tell("记下了" if frame.zh else "noted", reply=True)]
    if talk.judged == verdict:  # the same once more
        return state.having(talk), noted
    house = _with_vote(state.house, talk, answer, verdict, answer.candidates.index(about))
    return state.having(replace(talk, judged=verdict), house), [Count("voted"), *noted]


def _with_vote(
    house: House, talk: Talk, answer: Answer, verdict: Verdict, index: int, text: str | None = None
) -> House:
    source, number = f"bot-{talk.chat.channel}", house.voted + 1
    # numbered: who says good, bad, and good again has said three things, and the last one counts
    vote = Vote(f"{answer.completion}-{verdict}-{number}", verdict, index, answer, source, talk.contact, text)
    return replace(house, votes=(*house.votes, vote), voted=number)


def stored(state: State, id: str) -> State:
    """A vote is in the feedback store."""
    return State(replace(state.house, votes=tuple(v for v in state.house.votes if v.id != id)), state.talks)


def withdrawn(house: House, chat: Chat) -> tuple[House, list[Action]]:
    """The house without the drafts for this conversation: something new was said there."""
    gone = [draft for draft in house.drafts if draft.chat == chat]
    left = tuple(draft for draft in house.drafts if draft.chat != chat)
    return (replace(house, drafts=left) if gone else house), [Withdraw(draft.number) for draft in gone]


def decide(
    frame: Frame, state: State, number: int, choice: Choice, text: str, now: datetime, dice: random.Random
) -> Step:
    """The owner's word on a draft: it is sent, sent in other words, or not sent. Each of the three is feedback."""
    draft = next((each for each in state.house.drafts if each.number == number), None)
    if draft is None:
        left = ", ".join(str(each.number) for each in state.house.drafts) or ("没有" if frame.zh else "none")
        gone = f"草稿 {number} 已不在；在等的：{left}" if frame.zh else f"draft {number} is gone; waiting: {left}"
        return state, [Tell(gone)]
    if state.house.silent and choice != "no":
        go = frame.rules.manners.go
        held = (
            f"机器人已停，草稿 {number} 没有发出（{go} 恢复）"
            if frame.zh
            else f"draft {number} waits: the bot is silent ({go})"
        )
        return state, [Tell(held)]
    if policy.policy(frame.rules, state.talk(draft.chat)) == "off" and choice != "no":
        off = (
            f"{draft.name} 的策略是 off：草稿没有发出"
            if frame.zh
            else f"{draft.name} is off: draft {number} is not sent"
        )
        return state, [Tell(off)]
    talk, house = state.talk(draft.chat), replace(state.house, drafts=_without(state.house, draft))
    index = draft.answer.candidates.index(draft.text)
    if choice == "no":
        house = _with_vote(house, talk, draft.answer, "rejected", index)
        done = f"草稿 {number} 不发" if frame.zh else f"draft {number} is not sent"
        told = Tell(done)
        return state.having(turns.shelved(frame, talk), house), [Withdraw(number), Count("rejected"), told]
    edited = text.strip() if choice == "edit" else ""
    verdict: Verdict = "edited" if edited else "good"
    house = _with_vote(house, talk, draft.answer, verdict, index, edited or None)
    state = State(house, state.talks)
    state, actions = sending.begin(frame, state, talk, draft.answer, now, dice, edited or draft.text)
    done = f"草稿 {number} 发给 {draft.name}" if frame.zh else f"draft {number} goes to {draft.name}"
    quiet = (each for each in actions if not isinstance(each, Typing))
    return state, [Withdraw(number), Count(verdict), Tell(done), *quiet]


def _without(house: House, draft: Draft) -> tuple[Draft, ...]:
    return tuple(each for each in house.drafts if each.number != draft.number)
