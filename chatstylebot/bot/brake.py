"""A brake against two bots that answer each other for ever: it is the pace that tells them, and how long it lasts.

A person may answer within a minute, too, but not twenty times in a row; and for hours, but not without a pause. Once
braked, a conversation rests until nobody has written there for a while: two bots that answer only each other are then
both silent, and stay so.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from chatstylebot.bot.talk import Talk
from chatstylebot.card_parts import Manners

QUICK = timedelta(minutes=1)  # from our last bubble to their next message
LONG = 5  # times as many are too many where no pause lies between, however slow they come


def paced(talk: Talk, at: datetime, manners: Manners) -> Talk:
    """The talk when a message to us comes that was written at `at`: in a row with our last reply, or not."""
    if talk.braked and at < talk.braked:
        return replace(talk, braked=at + manners.pause)
    if any(each.addressed for each in talk.burst):  # it is the first of a burst that answers us
        return talk
    last = talk.turns[-1] if talk.turns else None
    gap = at - last.at if last and last.role == "assistant" else timedelta.max
    quick, steady = talk.quick if gap <= QUICK else 0, talk.steady if gap <= manners.pause else 0
    return replace(talk, braked=None, quick=quick, steady=steady)


def replied(talk: Talk) -> Talk:
    """The talk when a reply of ours goes out."""
    return talk if talk.owner else replace(talk, quick=talk.quick + 1, steady=talk.steady + 1)


def pulled(talk: Talk, now: datetime, manners: Manners) -> str:
    """Why this conversation rests, "" where it does not; never the owner's own."""
    if talk.owner:
        return ""
    if talk.braked and talk.braked > now:
        return "brake"
    most = max(1, manners.brake // 2) if talk.group else manners.brake
    if talk.quick >= most:
        return f"brake: {talk.quick} replies in a row, each answered within a minute: another bot? {manners.go} goes on"
    if talk.steady >= most * LONG:
        return f"brake: {talk.steady} replies without a pause between: another bot? {manners.go} goes on"
    return ""


def released(talk: Talk) -> Talk:
    """The talk without the brake."""
    return replace(talk, quick=0, steady=0, braked=None) if talk.steady or talk.braked else talk
